"""Real data beside the checkout: every file loads as it is, with the counts that its README states."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from gliexp.config.schema.data import Data
from gliexp.data import formats, splits
from gliexp.data.reading import read, scan

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the checkout")]

ENTITIES = ("crossner_ai", "crossner_politics", "lener_br", "lener_br_documents", "conll04", "redocred")
CLASSES = ("clinc150", "go_emotions")


def stated(folder: str) -> dict[str, dict[str, str]]:
    """The table under "Counts" of a folder's README: split → column → figure."""
    lines = [line for line in (DATA / folder / "README.md").read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: dict(zip(table[0][1:], row[1:], strict=True)) for row in table[2:]}


@pytest.mark.parametrize("folder", ENTITIES)
def test_entities_and_relations_are_all_there(folder: str) -> None:
    labels: Counter[str] = Counter()
    for split, figures in stated(folder).items():
        reading = scan(DATA / folder / f"{split}.jsonl")
        assert (reading.problems, reading.dropped, reading.format) == ([], {}, "jsonl")
        rows = reading.examples
        assert len(rows) == int(figures["examples"])
        assert sum(len(row["tokenized_text"]) for row in rows) == int(figures["words"])
        assert max(len(row["tokenized_text"]) for row in rows) == int(re.findall(r"\d+", figures[_longest(figures)])[0])
        assert sum(len(row["ner"]) for row in rows) == int(figures["entities"])
        assert max(end - start + 1 for row in rows for start, end, _ in row["ner"]) == int(figures["widest span"])
        assert sum(len(row.get("relations", ())) for row in rows) == int(figures.get("relations", 0))
        labels.update(label for row in rows for *_, label in row["ner"])
    text = (DATA / folder / "README.md").read_text(encoding="utf-8")
    match = re.search(r"^Entity labels \(\d+\).*?: (.*)\.$", text, re.MULTILINE)
    assert match is not None
    counts = dict(entry.rsplit(" ", 1) for entry in match[1].split(", "))
    assert labels == {label: int(count) for label, count in counts.items()}


def _longest(figures: dict[str, str]) -> str:
    return next(column for column in figures if column.startswith("longest"))


@pytest.mark.parametrize("folder", CLASSES)
def test_classes_load_as_rows_and_are_refused_for_entities(folder: str) -> None:
    for split, figures in stated(folder).items():
        path = DATA / folder / f"{split}.jsonl"
        rows = [raw.row for raw in formats.rows(path, formats.guess(path))]
        assert len(rows) == int(figures["examples"])
        true = [label for row in rows if isinstance(row, dict) for label in row["true_labels"]]
        assert len(set(true)) == int(figures["distinct true labels"])
        assert f"{len(true) / len(rows):.3f}" == figures["true labels per example"]
        (problem,) = scan(path).problems
        assert "which is classification" in problem.message


@pytest.mark.parametrize("folder", ENTITIES)
def test_a_folder_loads_as_the_data_of_a_run(folder: str) -> None:
    data = Data()
    data.train_data, data.val_data, data.test_data = (
        str(DATA / folder / f"{s}.jsonl") for s in ("train", "dev", "test")
    )
    loaded = splits.load(data, "ner")
    assert [len(loaded.train), len(loaded.dev), len(loaded.test)] == [
        int(stated(folder)[split]["examples"]) for split in ("train", "dev", "test")
    ]


def test_iob2_by_tab_gives_the_converted_training_set() -> None:
    reading = scan(DATA / "raw" / "crossner_ai_train.iob2.tab.txt")
    assert (reading.format, reading.dropped) == ("conll", {})
    names = {"programlang": "programming language", "misc": "miscellaneous", "metrics": "metric"}
    for row in reading.examples:
        row["ner"] = [[start, end, names.get(label, label)] for start, end, label in row["ner"]]
    assert reading.examples == read(DATA / "crossner_ai" / "train.jsonl")


def test_iob2_by_space_keeps_the_documents_words_and_entities() -> None:
    reading = scan(DATA / "raw" / "lener_br_HC70000692720177000000.document.conll")
    assert (reading.format, reading.detail) == ("conll", "2 columns parted by space, IOB2")
    lines = (DATA / "raw" / reading.path.rsplit("/", 1)[-1]).read_text(encoding="utf-8").split("\n")
    tags = [line.rpartition(" ")[2] for line in lines if line.strip()]
    assert sum(len(row["tokenized_text"]) for row in reading.examples) == len(tags) == 3540
    assert sum(len(row["ner"]) for row in reading.examples) == sum(tag.startswith("B-") for tag in tags) == 94


def test_brat_keeps_all_entities_and_relations_and_counts_the_rest() -> None:
    reading = scan(DATA / "raw" / "wet_lab_protocol_42.ann")
    lines = (DATA / "raw" / "wet_lab_protocol_42.ann").read_text(encoding="utf-8").splitlines()
    kinds = Counter(line[0] for line in lines)
    (row,) = reading.examples
    assert (len(row["ner"]), len(row["relations"])) == (kinds["T"], kinds["R"]) == (1137, 428)
    assert reading.dropped["event argument left out"] == sum(len(line.split()) - 2 for line in lines if line[0] == "E")


def test_spert_keeps_all_entities_and_relations() -> None:
    reading = scan(DATA / "raw" / "scierc_dev.spert.json")
    assert (reading.format, reading.dropped) == ("spert", {})
    assert len(reading.examples) == 275
    assert sum(len(row["ner"]) for row in reading.examples) == 811
    assert sum(len(row["relations"]) for row in reading.examples) == 455


def test_docred_gives_the_converted_documents() -> None:
    """The labels were translated; words, spans, related pairs and clusters must be the same."""
    path = DATA / "raw" / "redocred_test_first60.json"
    raw = {str(row["tokenized_text"]): row for row in (raw.row for raw in formats.rows(path, "docred"))}  # type: ignore[index]
    rows = [raw.row for raw in formats.rows(DATA / "redocred" / "test.jsonl", "jsonl")]
    both = [(row, raw[str(row["tokenized_text"])]) for row in rows if str(row["tokenized_text"]) in raw]  # type: ignore[index]
    assert (len(raw), len(both)) == (60, 13)
    for row, own in both:
        assert [entity[:2] for entity in own["ner"]] == [entity[:2] for entity in row["ner"]]
        assert {tuple(pair[:2]) for pair in own["relations"]} == {tuple(pair[:2]) for pair in row["relations"]}
        assert sorted(own["clusters"]) == sorted(row["clusters"])


def test_tables_of_classes_load_as_rows() -> None:
    path = DATA / "raw" / "banking77_test.csv"
    found = [raw.row for raw in formats.rows(path, formats.guess(path))]
    assert len(found) == 3080
    assert found[0] == {"text": "How do I locate my card?", "category": "card_arrival"}
    assert len({row["category"] for row in found if isinstance(row, dict)}) == 77
    path = DATA / "raw" / "go_emotions_dev.tsv"
    raws = list(formats.rows(path, formats.guess(path), formats.Layout(names=("text", "labels", "id"))))
    assert len(raws) == 5426
    assert not any(raw.reason for raw in raws)
    first = raws[0].row
    assert isinstance(first, dict)
    assert first["labels"] == "27"


def test_plain_text_without_annotations_is_refused() -> None:
    (problem,) = scan(DATA / "raw" / "lener_br_HC70000692720177000000.document.txt").problems
    assert "cannot be told" in problem.message
