"""Every kind of bad data file that is known, and what a run says of it: refused with its row, or counted as a loss.

A case is a file, the line that is named (None: the file as a whole) and a part of the reason. Each is tried as training
data of a run, which must end before training with exit code 2, and by the `data` verb, which must end with 2. What is
counted instead of refused stands in COUNTED: the run goes on, says so, and data.on_loss or the counts tell.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gliexp import cli
from gliexp.config.schema.data import Data
from gliexp.data import splits
from gliexp.errors import Refusal
from gliexp.runs import stages
from gliexp.runs.shown import show
from tests.data.formats import written

GOOD = {"tokenized_text": ["Ana", "lives", "in", "Oslo"], "ner": [[0, 0, "person"], [3, 3, "city"]]}
TEXT = {"text": "Ana lives in Oslo", "ner": [[0, 3, "person"]]}
CLASS = {"text": "good", "all_labels": ["x", "y"], "true_labels": ["x"]}
SPERT = {"tokens": ["a", "b"], "entities": [{"type": "x", "start": 0, "end": 1}], "relations": []}
DOCRED = {
    "title": "t",
    "sents": [["a", "b"]],
    "vertexSet": [[{"name": "a", "sent_id": 0, "pos": [0, 1], "type": "x"}]],
    "labels": [],
}
LONG = "Sentence #,Word,Tag\n1,a,B-x\n"


class Bad(NamedTuple):
    """A file's name and bytes, the line and the reason, and settings of the data section (keys with dots)."""

    name: str
    content: bytes
    line: int | None
    reason: str
    settings: dict[str, Any] = {}
    task: str = "ner"


def second(row: Any, reason: str, first: Any = GOOD, task: str = "ner", **settings: Any) -> Bad:
    """JSON Lines whose second line is bad."""
    line = row if isinstance(row, str) else json.dumps(row)
    return Bad("d.jsonl", f"{json.dumps(first)}\n{line}\n".encode(), 2, reason, settings, task)


def entity(item: Any, reason: str) -> Bad:
    return second({**GOOD, "ner": [item]}, reason)


def of_text(item: Any, reason: str) -> Bad:
    return second({**TEXT, "ner": [item]}, reason)


def of_class(reason: str, **changes: Any) -> Bad:
    return second({**CLASS, **changes}, reason, CLASS, "classification")


def conll(lines: str, line: int, reason: str, **settings: Any) -> Bad:
    return Bad("d.conll", f"Ana B-p\nsings O\n\n{lines}\n\nBo B-p\n\nBo B-p\n\n".encode(), line, reason, settings)


def table(text: str, line: int | None, reason: str, name: str = "d.csv") -> Bad:
    return Bad(name, text.encode(), line, reason)


def json_of(row: dict[str, Any], reason: str, **changes: Any) -> Bad:
    return Bad("d.json", json.dumps([row, {**row, **changes}]).encode(), 1, reason)


REFUSED: dict[str, Bad] = {
    # the file
    "an empty file": Bad("d.jsonl", b"", None, "the file holds no row"),
    "blank lines alone": Bad("d.jsonl", b"\n \n\n", None, "the file holds no row"),
    "bytes of no form": Bad("d.bin", bytes(range(128, 256)) * 9, None, "what form the file has cannot be told"),
    "prose": Bad("d.txt", b"It rained. Then it did not.\n" * 5, None, "what form the file has cannot be told"),
    "gzip that breaks off": Bad("d.jsonl.gz", gzip.compress(json.dumps(GOOD).encode() * 99)[:-20], 1, "breaks off"),
    "gzip that is damaged": Bad("d.jsonl.gz", b"\x1f\x8b\x08\x00broken", 1, "damaged or breaks off"),
    "Zstandard that is damaged": Bad("d.jsonl.zst", b"\x28\xb5\x2f\xfdbroken", 1, "damaged or breaks off"),
    "Parquet that breaks off": Bad("d.parquet", b"PAR1\x15\x04\x15", 1, "the table is damaged or breaks off"),
    "Arrow that breaks off": Bad("d.arrow", b"ARROW1\x00\x00\x10", 1, "the table is damaged or breaks off"),
    # JSON
    "truncated JSON": second('{"tokenized_text": ["a"', "not JSON"),
    "text that is not JSON": second("tokens: a", "not JSON"),
    "NaN": second('{"tokenized_text": ["a"], "ner": [[NaN, 0, "x"]]}', "NaN is no JSON value"),
    "nested too deeply": second("[" * 5000, "nested too deeply"),
    "a number too long": second('{"tokenized_text": ["a"], "ner": [[' + "9" * 5000 + ', 0, "x"]]}', "not JSON"),
    "bytes that are not UTF-8": Bad("d.jsonl", json.dumps(GOOD).encode() + b'\n{"a": "\xe7"}\n', 2, "byte 0xe7"),
    "UTF-16": Bad("d.jsonl", json.dumps(GOOD).encode("utf-16"), 1, "not UTF-8"),
    "a list that lacks a comma": Bad("d.json", b'[{"tokens": ["a"], "ner": []}\n{}]', 2, "lacks a comma"),
    "something behind a list": Bad("d.json", json.dumps([GOOD]).encode() + b"\nx", 2, "something follows the list"),
    "one object and no list": Bad("d.json", json.dumps(GOOD, indent=1).encode(), 1, "must hold a list of rows"),
    "a row that is a list": second([1, 2], "a row must be an object"),
    "a row that is a number": second("7", "a row must be an object"),
    "a row that is null": second("null", "a row must be an object"),
    # words
    "no words and no text": second({"ner": []}, "neither tokenized_text nor tokens nor text"),
    "words that are no list": second({**GOOD, "tokenized_text": 5}, "tokenized_text must be a list"),
    "no word": second({**GOOD, "tokenized_text": []}, "tokenized_text is empty"),
    "a word that is a number": second({**GOOD, "tokenized_text": ["a", 3]}, "is a number, not text"),
    "a word that is null": second({**GOOD, "tokenized_text": ["a", None]}, "is null, not text"),
    "a word that is empty": second({**GOOD, "tokenized_text": ["a", " "]}, "tokenized_text[1] is empty"),
    "half of a character": second({**GOOD, "tokenized_text": ["a", "\ud800"]}, "half of a character (U+D800)"),
    "a marker of the prompt as a word": second({**GOOD, "tokenized_text": ["a", "<<ENT>>"]}, "holds <<ENT>>"),
    "a marker of the prompt in a text": second({"text": "a <<SEP>> b", "ner": []}, "holds <<SEP>>"),
    "a text of spaces": second({"text": " \t", "ner": []}, "text holds no word"),
    "a text that is a list": second({"text": ["a"], "ner": []}, "text is a list, not text"),
    # entities
    "no entities": second({"tokens": ["a"]}, "no entities: ner or ner_tags or entities is missing"),
    "entities that are text": second({**GOOD, "ner": "person"}, "ner must be a list"),
    "an entity of two parts": entity([0, 1], "must be [start, end, label]"),
    "an entity without a label": entity({"start": 0, "end": 1}, "lacks label"),
    "an entity beyond the words": entity([2, 4, "x"], "lies beyond the 4 words"),
    "an entity that is reversed": entity([2, 1, "x"], "ends before it starts"),
    "an entity that is negative": entity([-1, 1, "x"], "is negative"),
    "an index as text": entity(["0", 1, "x"], "'0', not a whole number"),
    "an index as a fraction": entity([0.0, 1, "x"], "0.0, not a whole number"),
    "an index that is true": entity([True, 1, "x"], "True, not a whole number"),
    "an index that is null": entity([None, 1, "x"], "None, not a whole number"),
    "a label that is null": entity([0, 1, None], "label is null, not text"),
    "a label that is a number": entity([0, 1, 7], "label is a number, not text"),
    "a label that is empty": entity([0, 1, " "], "label is empty"),
    "a label with half of a character": entity([0, 1, "x\udc00"], "half of a character (U+DC00)"),
    "an entity whose text is another": entity(
        {"start": 0, "end": 1, "label": "x", "text": "Ana"}, "says 'Ana', at its place stands 'Ana lives'"
    ),
    "characters beyond the text": of_text([0, 99, "x"], "lies beyond the 17 characters"),
    "characters that hold no word": of_text([3, 4, "x"], "hold no word"),
    "an empty span of characters": of_text([3, 3, "x"], "ends before it starts"),
    # relations and offered labels
    "a relation to no entity": second({**GOOD, "relations": [[0, 2, "r"]]}, "tail 2 names no entity"),
    "a relation that is negative": second({**GOOD, "relations": [[-1, 0, "r"]]}, "head -1 names no entity"),
    "a relation without a label": second({**GOOD, "relations": [[0, 1, None]]}, "relation 0: label is null"),
    "relations that are an object": second({**GOOD, "relations": {"a": 1}}, "relations must be a list"),
    "a true label that is not offered": second({**GOOD, "ner_labels": ["person"]}, "lacks the row's own label city"),
    "offered labels that are text": second({**GOOD, "ner_labels": "person"}, "ner_labels must be a list"),
    # tags
    "fewer tags than words": second({"tokens": ["a", "b"], "ner_tags": ["O"]}, "1 tags for 2 words"),
    "tags that are numbers without names": second({"tokens": ["a"], "ner_tags": [1]}, "data.tag_names must name"),
    "a tag beyond the names": second({"tokens": ["a"], "ner_tags": [4]}, "names 0 to 1", tag_names=["O", "B-x"]),
    "a tag of no scheme": second({"tokens": ["a", "b"], "ner_tags": ["B-x", "Q-y"]}, "no tag of", GOOD),
    "tags beside raw text": second({"text": "a b", "ner": ["O", "O"]}, "not raw text"),
    # CoNLL
    "a line of fewer columns": conll("Bo", 4, "1 column, other lines have 2"),
    "a line of more columns": conll("Bo O x", 4, "3 columns, other lines have 2"),
    "a CoNLL tag of no scheme": conll("Bo X-p", 4, "which is no tag of IOB2"),
    "a CoNLL tag without a label": conll("Bo B-", 4, "no tag of IOB2"),
    "a CoNLL word that is a marker": conll("<<ENT>> O", 4, "reserves"),
    "a sentence of empty words": conll("\u00a0 O", 4, "a sentence of empty words"),
    "a column that is not there": conll("Bo O", 1, "there is no column 5", **{"columns.token": 5, "format": "conll"}),
    "a separator that parts nothing": conll("Bo O", 1, "no separator", **{"columns.separator": "#", "format": "conll"}),
    "a column that counts the words": Bad("d.conll", b"1\tAna\tB-p\n2\tLu\tI-p\n3\tx\tO\n\n", 1, "only counts them"),
    # CSV and TSV
    "a row of fewer cells": table('text,ner\nAna,"[]"\nBo\n', 3, "1 cell for 2 columns"),
    "a quote that is not closed": table('text,ner\nAna,"[]"\nBo,"[]\n', 3, "not CSV"),
    "two columns of one name": Bad(
        "d.csv", b"text,text,ner\nAna,x,[]\n", 1, "two columns go by the name 'text'", {"columns.header": True}
    ),
    "a cell that is no list": table('tokens,ner\n"[\'a\'","[]"\n', 2, "which is no list in JSON or Python"),
    "a list as numpy prints it": table("tokens,ner\n\"['a' 'b']\",\"[]\"\n", 2, "as numpy prints a list"),
    "a word of a table without a tag": table(f"{LONG}1,b,\n", 3, "the word 'b' has no tag"),
    "a sentence of a table that comes back": table(f"{LONG}2,b,O\n1,c,O\n", 4, "'1' was there before"),
    "a TSV of fewer cells": table("text\tner\na\t[]\nb\n", 3, "1 cell for 2 columns", "d.tsv"),
    # other tools
    "SpERT without a type": json_of(SPERT, "entity 0 lacks type", entities=[{"start": 0, "end": 1}]),
    "a SpERT entity that is empty": json_of(
        SPERT, "is empty (SpERT's end is exclusive)", entities=[{"type": "x", "start": 1, "end": 1}]
    ),
    "a SpERT relation to no entity": json_of(SPERT, "names no entity", relations=[{"type": "r", "head": 0, "tail": 4}]),
    "a DocRED relation to no vertex": json_of(DOCRED, "names no vertex", labels=[{"h": 0, "t": 9, "r": "r"}]),
    "a DocRED mention in no sentence": json_of(
        DOCRED, "", vertexSet=[[{"name": "a", "sent_id": 7, "pos": [0, 1], "type": "x"}]]
    ),
    # classification
    "a class row without text": of_class("text is empty", text=" "),
    "a class text that is a number": of_class("text is a number, not text", text=5),
    "a class text with half of a character": of_class("half of a character", text="a\ud800"),
    "a class row without true labels": second({"text": "a"}, "true_labels is missing", CLASS, "classification"),
    "a true class that is not offered": of_class("lacks the true label z", true_labels=["z"]),
    "nothing offered": of_class("all_labels is empty", all_labels=[], true_labels=[]),
    "a class label that is a number": of_class("true_labels[0] is a number", true_labels=[3]),
    "a score that is text": of_class("is 'high', not a number", true_labels={"x": "high"}),
    "a class text with a marker": of_class("holds <<LABEL>>", text="a <<LABEL>>"),
    "classes where entities are wanted": Bad(
        "d.jsonl", f"{json.dumps(CLASS)}\n".encode() * 3, None, "labels whole texts, which is classification"
    ),
    "entities where classes are wanted": Bad(
        "d.jsonl", f"{json.dumps(GOOD)}\n".encode() * 3, None, "which is another task", {}, "classification"
    ),
}


def section(path: Path, settings: dict[str, Any]) -> Data:
    data = Data()
    data.train_data = str(path)
    for key, value in settings.items():
        holder: Any = data
        *parts, last = key.split(".")
        for part in parts:
            holder = getattr(holder, part)
        setattr(holder, last, value)
    return data


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bad_file_is_refused_with_its_row_and_reason(tmp_path: Path, kind: str) -> None:
    bad = REFUSED[kind]
    path = tmp_path / bad.name
    path.write_bytes(bad.content)
    with pytest.raises(Refusal) as refused:
        splits.load(section(path, bad.settings), bad.task)
    assert refused.value.exit_code == 2
    (problem, *_) = [problem for problem in refused.value.problems if bad.reason in problem.message]
    assert problem.message
    assert problem.where == (str(path) if bad.line is None else f"{path}:{bad.line}")


@pytest.mark.parametrize("kind", [kind for kind, bad in REFUSED.items() if bad.task == "ner"])
def test_the_data_verb_says_so_too(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    bad = REFUSED[kind]
    path = tmp_path / bad.name
    path.write_bytes(bad.content)
    words = [
        f"data.{key}=[{','.join(value)}]" if isinstance(value, list) else f"data.{key}={value!r}"
        for key, value in bad.settings.items()
    ]
    assert cli.main(["data", str(path), "task=ner", *words]) == 2  # unsaid, rows of classification are known as such
    told = capsys.readouterr()
    assert bad.reason in " ".join((told.out + told.err).split())


def test_directories_are_refused_as_well(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refusal, match="is a directory, not a file"):
        splits.load(section(tmp_path / "empty", {}), "ner")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "a.ann").write_text("T1\tx 0 1\ta\n")
    with pytest.raises(Refusal, match=r"the pair lacks a\.txt"):
        splits.load(section(tmp_path / "half", {}), "ner")
    with pytest.raises(Refusal, match="there is no such file"):
        splits.load(section(tmp_path / "none.jsonl", {}), "ner")


BRAT: dict[str, tuple[str, str]] = {
    "a brat span with another text": ("T1\tx 0 3\tBo", "says 'Bo', the text there is 'Ana'"),
    "a brat span beyond the text": ("T1\tx 0 99\tAna", "does not lie within"),
    "a brat span without numbers": ("T1\tx a b\tAna", "is not label, start and end"),
    "a brat name that is there twice": ("T1\tx 0 3\tAna\nT1\tx 0 3\tAna", "T1 is there twice"),
    "a brat relation to nothing": ("T1\tx 0 3\tAna\nR1\tr Arg1:T1 Arg2:T9", "T9 is not there"),
    "a brat line of no kind": ("hello", "is no line of brat"),
}


@pytest.mark.parametrize("kind", BRAT)
def test_a_bad_brat_file_is_refused_with_its_line(tmp_path: Path, kind: str) -> None:
    lines, reason = BRAT[kind]
    (tmp_path / "d.ann").write_text(lines + "\n")
    (tmp_path / "d.txt").write_text("Ana sings")
    with pytest.raises(Refusal) as refused:
        splits.load(section(tmp_path / "d.ann", {}), "ner")
    assert any(reason in problem.message and "d.ann:" in problem.where for problem in refused.value.problems)


def test_a_docbin_that_breaks_off_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("spacy")
    path = tmp_path / "d.spacy"
    path.write_bytes(b"\x78\x9cbroken")
    with pytest.raises(Refusal, match="breaks off"):
        splits.load(section(path, {"format": "docbin"}), "ner")


ROW = json.dumps(GOOD) + "\n"


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


READ: dict[str, Bad] = {
    "an entity stated twice": Bad("d.jsonl", lines({**GOOD, "ner": GOOD["ner"] * 2}), None, "entity stated twice"),
    "a relation stated twice": Bad(
        "d.jsonl", lines({**GOOD, "relations": [[0, 1, "r"], [0, 1, "r"]]}), None, "relation stated twice"
    ),
    "an entity inside a word": Bad("d.jsonl", lines({**TEXT, "ner": [[0, 2, "x"]]}), None, "inside a word"),
    "clusters of no entities": Bad("d.jsonl", lines({**GOOD, "clusters": [[9]]}), None, "clusters that are not"),
    "an I- tag that opens": Bad("d.conll", b"a B-x\nb O\nc I-x\n\n" * 2, None, "I- tag without B-"),
    "an entity without its end tag": Bad(
        "d.conll", b"a B-x\nb E-x\n\n" * 9 + b"a B-x\nb O\n\n", None, "without its end tag"
    ),
    "an end tag in IOB2": Bad("d.conll", b"a B-x\nb O\n\n" * 9 + b"a B-x\nb E-x\n\n", None, "end tag in a scheme"),
    "an empty word outside": Bad("d.conll", b"a B-x\n\xc2\xa0 O\n\n" * 2, None, "empty word left out"),
    "space around a word": Bad("d.conll", b"a\xc2\xa0 B-x\nb O\n\n" * 2, None, "space at the edges"),
    "an empty word of a table": Bad("d.csv", f"{LONG}1,,O\n1,b,O\n".encode(), None, "empty word left out"),
    "a class stated twice": Bad(
        "d.jsonl", lines({**CLASS, "true_labels": ["x", "x"]}), None, "label stated twice", {}, "classification"
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_what_reading_mends_or_leaves_out_is_counted_and_said(tmp_path: Path, kind: str) -> None:
    bad = READ[kind]
    path = tmp_path / bad.name
    path.write_bytes(bad.content)
    found = splits.load(section(path, bad.settings), bad.task)
    assert any(bad.reason in reason for reason in found.dropped)
    assert any(bad.reason in notice for notice in found.notices)


TRAINED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a row longer than the model reads": (
        [{"tokenized_text": ["a"] * 500, "ner": [[0, 0, "x"]]}],
        "longer than max_len",
    ),
    "an entity beyond what it reads": (
        [{"tokenized_text": ["a"] * 500, "ner": [[0, 0, "x"], [450, 451, "x"]]}],
        "entity beyond max_len",
    ),
    "an entity wider than a span": ([{"tokenized_text": ["a"] * 40, "ner": [[0, 0, "x"], [1, 30, "x"]]}], "wider than"),
    "a row left without its entity": ([GOOD, {"tokenized_text": ["a"] * 40, "ner": [[1, 30, "city"]]}], "left without"),
}


@pytest.fixture(scope="module")
def built() -> Any:
    from gliexp.config.compose import compose

    return stages.build_model(compose([]))


@pytest.mark.parametrize("kind", TRAINED)
def test_what_training_cannot_use_is_counted_and_on_loss_decides(tmp_path: Path, built: Any, kind: str) -> None:
    from gliexp.config.compose import compose

    rows, reason = TRAINED[kind]
    path = tmp_path / "d.jsonl"
    path.write_bytes(lines(*rows))
    for on_loss in ("warn", "error"):
        composed = compose([f"data.train_data={path}", f"data.on_loss={on_loss}"])
        found = splits.load(composed.config.data, "ner")
        sampler = stages.label_sampler(composed, built, found)
        if on_loss == "error":
            with pytest.raises(Refusal, match=f"{reason}.*d.jsonl:"):
                show(composed, built.model, found, sampler)
            continue
        shown = show(composed, built.model, found, sampler)
        assert any(reason in name for name in shown.dropped)
        assert any(reason in notice and "d.jsonl:" in notice for notice in shown.notices)


def test_there_are_more_than_sixty_kinds() -> None:
    assert len(REFUSED) + len(BRAT) + len(READ) + len(TRAINED) >= 100


def test_the_good_form_of_each_file_is_not_refused(tmp_path: Path) -> None:
    """The cases differ from a good file by their fault alone."""
    good: list[tuple[Callable[[Path], Path], str]] = [(writer, form) for form, writer in written.WRITERS.values()]
    for number, (writer, _) in enumerate(good):
        (tmp_path / str(number)).mkdir()
        splits.load(section(writer(tmp_path / str(number)), {}), "ner")
    for name, content, task in (
        ("a.jsonl", lines(GOOD, TEXT), "ner"),
        ("b.json", json.dumps([SPERT]).encode(), "ner"),
        ("c.json", json.dumps([DOCRED]).encode(), "ner"),
        ("d.csv", LONG.encode(), "ner"),
        ("e.jsonl", lines(CLASS), "classification"),
    ):
        (tmp_path / name).write_bytes(content)
        splits.load(section(tmp_path / name, {}), task)
