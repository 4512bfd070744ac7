from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from runs.conftest import *  # noqa: F403
from runs.conftest import written

from gliexp.cli import main

TEXT = "alice works at acme in paris"


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_files_are_texts_or_rows_and_answers_keep_their_order(entity_model: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "a.txt").write_text(f"{TEXT}\n{TEXT}\n")
    rows = written(tmp_path / "b.jsonl", [{"tokenized_text": TEXT.split()}, {"text": "nothing here"}, {"text": ""}])
    words = ["predict", str(entity_model), str(tmp_path / "a.txt"), str(rows), "--text", TEXT]
    assert main(words) == 0
    found = lines(capsys.readouterr().out)
    assert [one["source"].rsplit("/", 1)[-1] for one in found] == [
        "--text:1",
        "a.txt",
        *(f"b.jsonl:{n}" for n in (1, 2, 3)),
    ]
    first = found[0]["entities"]
    assert {(one["text"], one["label"]) for one in first} >= {("acme", "organization")}
    assert max(one["end"] for one in found[1]["entities"]) > len(TEXT)  # both lines are one text
    assert [one["text"] for one in found[2]["entities"]] == [one["text"] for one in first]
    assert found[4]["entities"] == []
    assert main([*words[:3], "--lines"]) == 0
    by_line = [[(one["text"], one["label"]) for one in line["entities"]] for line in lines(capsys.readouterr().out)]
    assert by_line == [[(one["text"], one["label"]) for one in first]] * 2


def test_standard_input_is_a_text_a_line(entity_model: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    for flags, count in (([], 3), (["--whole"], 1)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TEXT}\n\n{TEXT}"))
        assert main(["predict", str(entity_model), "--to", str(tmp_path / "deep" / "out.jsonl"), *flags]) == 0
        assert capsys.readouterr().out == ""
        assert len(lines((tmp_path / "deep" / "out.jsonl").read_text())) == count


def test_labels_threshold_and_nesting_are_the_models_own_or_given(entity_model: Path, tmp_path: Path, capsys) -> None:
    def ask(*flags: str) -> list[dict]:
        assert main(["predict", str(entity_model), "--text", TEXT, *flags]) == 0
        return lines(capsys.readouterr().out)[0]["entities"]

    own = ask()
    assert all(one["score"] > 0.3 for one in own)
    assert ask("--threshold", "1") == []
    assert {one["label"] for one in ask("--labels", "person, unicorn", "--threshold", "0")} <= {"person", "unicorn"}
    (tmp_path / "labels.txt").write_text("person\n\norganization\n")
    assert {one["label"] for one in ask("--labels", f"@{tmp_path / 'labels.txt'}")} <= {"person", "organization"}
    assert len(ask("--nested", "--threshold", "0")) > len(ask("--flat", "--threshold", "0"))


def test_relations_and_classes(relation_model: Path, class_model: Path, capsys) -> None:
    asked = ["--labels", "person,organization,location", "--relations", "employed by", "--threshold", "0.2"]
    assert main(["predict", str(relation_model), "--text", TEXT, *asked]) == 0
    (found,) = lines(capsys.readouterr().out)
    assert all(0 <= one["head"] < len(found["entities"]) for one in found["relations"])
    assert main(["predict", str(class_model), "--text", TEXT, "--labels", "person,city", "--threshold", "0"]) == 0
    (found,) = lines(capsys.readouterr().out)
    assert {one["label"] for one in found["classes"]} == {"person", "city"}


def test_a_hundred_and_fifty_labels_are_asked_in_parts(entity_model: Path, capsys) -> None:
    words = ["predict", str(entity_model), "--text", TEXT, "--threshold", "0.5"]
    assert main([*words, "--labels", ",".join(["person", *(f"label number {n}" for n in range(149))])]) == 0
    said = capsys.readouterr()
    assert "150 labels take" in said.err
    assert "parts" in said.err
    (found,) = lines(said.out)
    assert {one["text"] for one in found["entities"]} >= {"alice", "paris"}


@pytest.mark.slow
def test_one_word_and_a_document_of_22_000_words(entity_model: Path, tmp_path: Path, capsys) -> None:
    long = " ".join(f"{TEXT} ." for _ in range(22_000 // 7 + 1))
    (tmp_path / "long.txt").write_text(long)
    assert main(["predict", str(entity_model), str(tmp_path / "long.txt"), "--text", "alice"]) == 0
    word, document = lines(capsys.readouterr().out)
    assert (word["text"], document["text"]) == ("alice", long)
    found = document["entities"]
    assert all(long[one["start"] : one["end"]] == one["text"] for one in found)
    assert found[0]["start"] < 100
    assert found[-1]["end"] > len(long) - 100
    assert len({(one["start"], one["end"]) for one in found}) == len(found) > 3000


def test_nothing_in_nothing_out(entity_model: Path, tmp_path: Path, capsys) -> None:
    for name, count in (("empty.txt", 1), ("empty.jsonl", 0)):
        (tmp_path / name).write_text("")
        assert main(["predict", str(entity_model), str(tmp_path / name)]) == 0
        captured = capsys.readouterr()
        assert len(lines(captured.out)) == count
        assert ("no text was given" in captured.err) == (count == 0)
    assert main(["predict", str(entity_model), "--text", "word"]) == 0


def test_refusals_are_a_line_each(entity_model: Path, class_model: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "bad.jsonl").write_text('{"text": 3}\n')
    (tmp_path / "torn.jsonl").write_text('{"text": "a"\n')
    shutil.copytree(entity_model, tmp_path / "torn")
    (tmp_path / "torn" / "gliner_config.json").write_text("{")
    model, text = str(entity_model), ["--text", "a"]
    for words, message in (
        ([], "RUN|MODEL"),
        ([model, "--labels"], "--labels"),
        ([model, *text, "--labels", "a,,b"], "a label is empty"),
        ([model, *text, "--labels", "a,a"], "named twice: a"),
        ([model, *text, "--labels", "@none"], "cannot be read"),
        ([model, *text, "--threshold", "high"], "0 to 1"),
        ([model, *text, "--threshold", "1.5"], "0 to 1"),
        ([model, *text, "--batch-size", "0"], "a whole number from 1"),
        ([model, *text, "--nested", "--flat"], "one of them"),
        ([model, *text, "--to", "."], "cannot be written"),
        ([model, "none.txt"], "there is no file none.txt"),
        ([model, "bytes.txt"], "cannot be read as UTF-8"),
        ([model, "bad.jsonl"], "neither text nor words"),
        ([model, "torn.jsonl"], "torn.jsonl:1"),
        ([model, *text, "--relations", "in"], "finds no relations"),
        ([model, *text, "--labels-at-once", "3"], "is a GLiNER"),
        ([str(class_model), *text, "--labels", "a", "--labels-at-once", "none"], "a whole number from 1"),
        ([str(class_model), *text], "names no labels of its own"),
        ([str(class_model), *text, "--labels", "a", "--relations", "in"], "is a classifier"),
        ([model, *text, "--labels", "a label of many words " * 40], "no room for text"),
        (["torn", *text], "is damaged"),
        (["nowhere", *text], "no such directory"),
    ):
        assert main(["predict", *words]) == 2, words
        told = capsys.readouterr().err
        assert message in told, told
        assert told.count("\n") == 2, told


def test_a_classifier_is_asked_in_parts_as_if_asked_about_each(class_model: Path, capsys) -> None:
    def ask(*flags: str) -> dict[str, float]:
        assert main(["predict", str(class_model), "--text", TEXT, "--threshold", "0", *flags]) == 0
        return {one["label"]: one["score"] for one in lines(capsys.readouterr().out)[0]["classes"]}

    first, second = ask("--labels", "a,b"), ask("--labels", "c,d")
    whole, parts = ask("--labels", "a,b,c,d"), ask("--labels", "a,b,c,d", "--labels-at-once", "2")
    assert parts == pytest.approx({**first, **second}, abs=1e-5)
    assert whole != pytest.approx(parts, abs=1e-5)


def test_help(capsys) -> None:
    assert main(["predict", "--help"]) == 0
    assert "--threshold" in capsys.readouterr().out
