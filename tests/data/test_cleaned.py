import json
from pathlib import Path

import pytest

from gliexp.data.audit import audit
from gliexp.data.cleaned import Cleaned, destinations
from gliexp.data.row import RowReader
from gliexp.errors import Refusal

LINES = [
    '{"tokens": ["Ana", "Lima"], "ner": [[0, 1, "person"]]}',
    '{"tokens": ["Ana"], "ner": [["0", "0", "person"], ["0", "0", "person"]]}',
    '{"tokens": ["Ana"], "ner": [[1, 0, "person"]]}',
    '{"tokens": ["Ana"',
]


def test_good_rows_are_kept_sure_ones_mended_and_the_rest_left_out(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "new" / "out.jsonl"
    source.write_text("\n".join(LINES))
    with Cleaned(out, RowReader()) as copy:
        found = audit(source, on_row=[copy.row])
    assert (found.rows, found.bad_rows) == (1, 3)
    assert (copy.kept, copy.mended, copy.left) == (2, 1, 2)
    assert copy.repairs["entity stated twice"] == 1
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"tokenized_text": ["Ana", "Lima"], "ner": [[0, 1, "person"]]},
        {"tokenized_text": ["Ana"], "ner": [[0, 0, "person"]]},
    ]
    assert audit(out).bad_rows == 0
    assert [path.name for path in out.parent.iterdir()] == ["out.jsonl"]


def test_an_interrupted_copy_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Cleaned(tmp_path / "out.jsonl", RowReader()):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    there = tmp_path / "a.jsonl"
    there.write_text("")
    with pytest.raises(Refusal, match="is there already"):
        destinations(["b.jsonl"], there)
    with pytest.raises(Refusal, match="is a file"):
        destinations(["b.jsonl", "c.jsonl"], there)
    with pytest.raises(Refusal, match="two files"):
        destinations(["x/b.jsonl", "y/b.jsonl"], tmp_path / "new")
    assert destinations(["x/b.jsonl.gz", "c.json"], tmp_path) == [tmp_path / "b.jsonl", tmp_path / "c.jsonl"]
