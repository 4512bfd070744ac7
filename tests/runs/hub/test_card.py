from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import ModelCard

from gliexp.models.usage import Usage
from gliexp.runs.hub import snippet
from gliexp.runs.hub.card import card

from .conftest import METRICS, RECORD


def test_the_card_holds_what_the_run_measured_in_the_hubs_form(run: Path) -> None:
    found = ModelCard(card(run, "me/politics"))
    data = found.data
    assert data.library_name == "gliner"
    assert data.base_model == "owner/encoder"
    assert {"gliexp", "gliner", "ner", "legal"} <= set(data.tags)
    measured = {(each.dataset_split, each.metric_type): each.metric_value for each in data.eval_results}
    assert measured == {
        ("validation", "ner_micro_f1"): 0.6,
        ("test", "ner_micro_f1"): 0.5,
        ("test", "ner_macro_f1"): 0.25,
    }
    assert {each.dataset_name for each in data.eval_results} == {"politics"}
    assert "0.410 to 0.580" in found.text
    assert "| person | 1.000 | 0.500 | 0.667 | 4 |" in found.text
    assert "span too wide: 2" in found.text
    assert "f" * 64 in found.text
    assert "with lora" in found.text


def test_no_path_of_the_machine_is_told(run: Path) -> None:
    assert "/home/someone" not in card(run, "me/politics")


def test_the_licence_of_the_data_is_told_where_it_is_given(run: Path) -> None:
    (run / "run.json").write_text(json.dumps({**RECORD, "license": "cc-by-4.0"}))
    found = ModelCard(card(run, "me/politics"))
    assert found.data.license == "cc-by-4.0"
    assert "Licence of the data: cc-by-4.0" in found.text


def test_a_run_without_dev_and_test_has_a_card_without_figures(run: Path) -> None:
    (run / "metrics.json").write_text("{}")
    assert ModelCard(card(run, "me/politics")).data.eval_results is None


@pytest.mark.parametrize("task", sorted(snippet.PURPOSES))
def test_every_task_has_a_snippet_that_is_python(run: Path, task: str) -> None:
    (run / "run.json").write_text(json.dumps({**RECORD, "task": task}))
    text = card(run, "me/politics")
    (code,) = [part.removeprefix("python\n") for part in text.split("```") if part.startswith("python\n")]
    compile(code, "snippet", "exec")
    assert "me/politics" in code


def test_an_adapter_alone_is_opened_by_gliexp() -> None:
    code = snippet.text("ner", "me/politics", Usage(), merged=False)
    compile(code, "snippet", "exec")
    assert "adapters.load" in code
    assert METRICS["test"]["threshold"] == 0.4


def test_a_classifier_that_was_scored_in_parts_is_asked_in_these(monkeypatch: pytest.MonkeyPatch) -> None:
    import gliclass
    import transformers

    asked = []

    def pipeline(*_: object, **__: object) -> object:
        return lambda _text, labels, threshold: [asked.append(labels) or []]

    for module, name in ((gliclass, "GLiClassModel"), (transformers, "AutoTokenizer")):
        monkeypatch.setattr(module, name, SimpleNamespace(from_pretrained=lambda _: None))
    monkeypatch.setattr(gliclass, "ZeroShotClassificationPipeline", pipeline)
    for most, parts in ((2, [["a", "b"], ["c"]]), (None, [["a", "b", "c"]])):
        asked.clear()
        usage = Usage(class_labels=("a", "b", "c"), labels_at_once=most)
        exec(snippet.text("classification", "me/intents", usage, merged=True), {})
        assert asked == parts
