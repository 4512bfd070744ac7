"""Rows written in every format, as other tools write them: what the readers must give back exactly."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]

ROWS: Rows = [
    {
        "tokenized_text": ["Ana", "Lu", "lives", "in", "Oslo", "."],
        "ner": [[0, 1, "person"], [4, 4, "city"]],
        "relations": [[0, 1, "lives_in"]],
    },
    {"tokenized_text": ["Nada", "aqui", "ç"], "ner": [], "relations": []},
    {"tokenized_text": ["Bo", "Ida", "sing"], "ner": [[0, 0, "person"], [1, 1, "person"]], "relations": []},
]
WITHOUT_RELATIONS: Rows = [{key: row[key] for key in ("tokenized_text", "ner")} for row in ROWS]


def jsonl(path: Path) -> Path:
    return put(path / "d.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))


def json_list(path: Path) -> Path:
    return put(path / "d.json", json.dumps(ROWS, indent=1))


def tags_of(row: dict[str, Any]) -> list[str]:
    """IOB2 tags."""
    tags = ["O"] * len(row["tokenized_text"])
    for start, end, label in row["ner"]:
        tags[start : end + 1] = [f"B-{label}", *[f"I-{label}"] * (end - start)]
    return tags


def conll_text(separator: str) -> str:
    lines = []
    for row in ROWS:
        lines += [separator.join(pair) for pair in zip(row["tokenized_text"], tags_of(row), strict=True)] + [""]
    return "\n".join(lines)


def conll(path: Path) -> Path:
    return put(path / "d.conll", conll_text(" "))


def conll_by_tab(path: Path) -> Path:
    return put(path / "d.txt", conll_text("\t"))


def spert(path: Path) -> Path:
    rows = [
        {
            "tokens": row["tokenized_text"],
            "entities": [{"type": label, "start": start, "end": end + 1} for start, end, label in row["ner"]],
            "relations": [{"type": label, "head": head, "tail": tail} for head, tail, label in row["relations"]],
            "orig_id": number,
        }
        for number, row in enumerate(ROWS)
    ]
    return put(path / "spert.json", json.dumps(rows))


def docred(path: Path) -> Path:
    rows = []
    for row in ROWS:
        words, cut = row["tokenized_text"], 2
        rows.append(
            {
                "title": "t",
                "sents": [words[:cut], words[cut:]],
                "vertexSet": [
                    [
                        {
                            "name": "",
                            "sent_id": int(s >= cut),
                            "pos": [s - cut * (s >= cut), e + 1 - cut * (s >= cut)],
                            "type": t,
                        }
                    ]
                    for s, e, t in row["ner"]
                ],
                "labels": [
                    {"h": head, "t": tail, "r": label, "evidence": [0]} for head, tail, label in row["relations"]
                ],
            }
        )
    return put(path / "docred.json", json.dumps(rows))


def brat(path: Path) -> Path:
    directory = path / "brat"
    directory.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(ROWS):
        text, starts = "", []
        for word in row["tokenized_text"]:
            text += " " if text else ""
            starts.append(len(text))
            text += word
        lines = []
        for place, (start, end, label) in enumerate(row["ner"]):
            first, last = starts[start], starts[end] + len(row["tokenized_text"][end])
            lines.append(f"T{place}\t{label} {first} {last}\t{text[first:last]}")
        for place, (head, tail, label) in enumerate(row["relations"]):
            lines.append(f"R{place}\t{label} Arg1:T{head} Arg2:T{tail}\t")
        put(directory / f"{number}.ann", "\n".join(lines) + "\n")
        put(directory / f"{number}.txt", text)
    return directory


def put(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def packed(writer: Callable[[Path], Path], pack: str) -> Callable[[Path], Path]:
    """The writer's file packed with gz or zst."""

    def write(path: Path) -> Path:
        plain = writer(path)
        if pack == "gz":
            content = gzip.compress(plain.read_bytes(), mtime=0)
        else:
            import zstandard

            content = zstandard.ZstdCompressor().compress(plain.read_bytes())
        found = plain.with_name(f"{plain.name}.{pack}")
        found.write_bytes(content)
        plain.unlink()
        return found

    return write


def csv_cells(path: Path) -> Path:
    return put(path / "d.csv", _cells(","))


def tsv_cells(path: Path) -> Path:
    return put(path / "d.tsv", _cells("\t"))


def csv_words(path: Path) -> Path:
    """A word a row; the sentence is named on its first one."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["Sentence #", "Word", "POS", "Tag"])
    for number, row in enumerate(ROWS):
        for place, (word, tag) in enumerate(zip(row["tokenized_text"], tags_of(row), strict=True)):
            table.writerow(["" if place else f"Sentence: {number}", word, "_", tag])
    return put(path / "words.csv", out.getvalue())


def _cells(separator: str) -> str:
    """Lists as JSON in cells of text."""
    out = io.StringIO()
    table = csv.writer(out, delimiter=separator)
    table.writerow(["tokens", "ner", "relations"])
    for row in ROWS:
        table.writerow([json.dumps(row[key]) for key in ("tokenized_text", "ner", "relations")])
    return out.getvalue()


def parquet(path: Path) -> Path:
    import pyarrow.parquet

    pyarrow.parquet.write_table(_table(), path / "d.parquet", row_group_size=2)
    return path / "d.parquet"


def arrow_file(path: Path) -> Path:
    import pyarrow.ipc

    with pyarrow.ipc.new_file(path / "file.arrow", _table().schema) as out:
        out.write_table(_table(), max_chunksize=2)
    return path / "file.arrow"


def arrow_stream(path: Path) -> Path:
    import pyarrow.ipc

    with pyarrow.ipc.new_stream(path / "stream.arrow", _table().schema) as out:
        out.write_table(_table())
    return path / "stream.arrow"


def _table() -> Any:
    """Spans as objects: a column of Arrow holds one type."""
    import pyarrow

    spans = [
        {
            "tokens": row["tokenized_text"],
            "entities": [{"start": start, "end": end, "label": label} for start, end, label in row["ner"]],
            "relations": [{"head": head, "tail": tail, "label": label} for head, tail, label in row["relations"]],
        }
        for row in ROWS
    ]
    return pyarrow.Table.from_pylist(spans)


def dataset(path: Path) -> Path:
    """Tags as numbers of classes, as most NER sets on the hub have them."""
    import datasets

    names = sorted({tag for row in ROWS for tag in tags_of(row)})
    features = datasets.Features(
        {
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=names)),
        }
    )
    rows = [{"tokens": row["tokenized_text"], "ner_tags": tags_of(row)} for row in ROWS]
    datasets.disable_progress_bars()
    datasets.Dataset.from_list(rows, features=features).save_to_disk(str(path / "dataset"))
    return path / "dataset"


WRITERS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "jsonl": ("jsonl", jsonl),
    "json": ("json", json_list),
    "csv": ("csv", csv_cells),
    "tsv": ("tsv", tsv_cells),
    "csv of words": ("csv", csv_words),
    "parquet": ("parquet", parquet),
    "arrow file": ("arrow", arrow_file),
    "arrow stream": ("arrow", arrow_stream),
    "dataset": ("dataset", dataset),
    "conll": ("conll", conll),
    "conll by tab": ("conll", conll_by_tab),
    "spert": ("spert", spert),
    "docred": ("docred", docred),
    "brat": ("brat", brat),
}
WRITERS |= {
    f"{name}.{pack}": (WRITERS[name][0], packed(WRITERS[name][1], pack))
    for name in ("jsonl", "json", "csv", "tsv", "conll", "spert")
    for pack in ("gz", "zst")
}
WITH_RELATIONS = {"jsonl", "json", "csv", "tsv", "parquet", "arrow", "spert", "docred", "brat"}
