"""What is shown of sampled labels is what training batches are made with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliexp import cli
from gliexp.config.compose import compose
from gliexp.data.offers import first_offers, offers
from gliexp.data.splits import load
from gliexp.runs import stages
from gliexp.training.collator import TrainingCollator
from gliexp.training.rows import Draw, DrawnRow


@pytest.mark.parametrize("words", [[], ["task=relex"], ["data.label_sampling=sampled", "training.data_seed=5"]])
def test_they_are_those_that_a_batch_is_made_with(words: list[str]) -> None:
    composed = compose(words)
    config = composed.config
    splits = load(config.data, config.run.task)
    built = stages.build_model(composed)
    asked: list[dict[str, list[list[str]]]] = []

    def library(_rows: object, **types: list[list[str]]) -> dict[str, object]:
        asked.append(types)
        return {}

    seed = config.training.seed if config.training.data_seed is None else config.training.data_seed
    relations = config.run.task == "relex"
    collator = TrainingCollator(library, stages.label_sampler(composed, built, splits), seed, relations=relations)
    for epoch in (0, 2):
        asked.clear()
        collator([DrawnRow(Draw(epoch, number), splits.train[number]) for number in range(6)])
        shown = list(offers(config, splits, 6, epoch))
        assert [offer.entity for offer in shown] == asked[0]["entity_types"]
        assert [offer.relation for offer in shown] == asked[0].get("relation_types", [[]] * 6)
        assert all(set(offer.gold) <= {*offer.entity, *offer.relation} for offer in shown if relations)
        assert [offer.place for offer in shown] == list(splits.places["train"][:6])


def test_classes_are_shown_and_epochs_differ() -> None:
    config = compose(["task=classification", "data.label_sampling=sampled"]).config
    first, again, other = (first_offers(config, 5, epoch) for epoch in (0, 0, 1))
    assert first == again != other
    assert all(set(offer.gold) <= set(offer.entity) for offer in first)


def test_the_data_verb_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"tokens": ["Ana", "x"], "ner": [[0, 0, "person"]]}\n{"tokens": ["y"], "ner": []}\n')
    assert cli.main(["data", str(path), "--labels", "5"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{path}:1: holds person"
    assert cli.main(["data", str(path), "--labels", "0"]) == 2
    capsys.readouterr()
    assert cli.main(["data", "--labels", "3", "--epoch", "1", "--json", "task=relex"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [offer["place"] for offer in found] == ["sample:train:1", "sample:train:2", "sample:train:3"]
