from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from gliexp.data import sample
from gliexp.data.reading import read
from gliexp.errors import Refusal


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_committed_files_are_what_the_grammar_makes(split: str) -> None:
    assert read(sample.path(split)) == sample.generate("ner", split)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_committed_messages_are_what_the_grammar_makes(split: str) -> None:
    lines = sample.path(split, "classification").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == sample.generate("classification", split)


def test_writing_again_gives_the_same_bytes_under_another_hash_seed(tmp_path) -> None:
    code = "import sys; from pathlib import Path; from gliexp.data import sample; sample.write(Path(sys.argv[1]))"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment)
    for split in sample.ROWS:
        assert (tmp_path / f"{split}.jsonl").read_bytes() == sample.path(split).read_bytes()


def test_the_set_has_what_the_tasks_need() -> None:
    rows = sample.generate("relex", "train")
    entities = Counter(label for row in rows for *_, label in row["ner"])
    relations = Counter(label for row in rows for *_, label in row["relations"])
    assert len(entities) == 8
    assert len(relations) == 5
    assert min(entities.values()) > 50
    assert min(relations.values()) > 50
    assert sum(not row["ner"] for row in rows) > 20
    lengths = [len(row["tokenized_text"]) for row in rows]
    assert min(lengths) <= 6
    assert 50 <= max(lengths) <= sample.LONGEST
    assert sum(path.stat().st_size for path in map(sample.path, sample.ROWS)) < 300_000


def test_entities_are_flat_and_inside_their_row() -> None:
    for split in sample.ROWS:
        for row in sample.generate("ner", split):
            end_before = -1
            for start, end, _ in row["ner"]:
                assert end_before < start <= end < len(row["tokenized_text"])
                end_before = end


def test_test_holds_names_that_training_never_shows_and_words_of_two_meanings() -> None:
    def named(split: str) -> set[tuple[str, str]]:
        rows = sample.generate("ner", split)
        return {(" ".join(r["tokenized_text"][s : e + 1]), label) for r in rows for s, e, label in r["ner"]}

    train, test = named("train"), named("test")
    people = {name for name, label in test if label == "person"}
    assert people - {name for name, label in train if label == "person"}
    assert ("Lincoln", "person") in train
    assert ("Lincoln", "location") in train


def test_an_unknown_task_and_split_are_refused_together() -> None:
    with pytest.raises(Refusal) as refused:
        sample.generate("translation", "all")
    assert len(refused.value.problems) == 2
