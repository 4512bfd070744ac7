from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from gliexp.data.reading import scan
from gliexp.errors import Refusal
from tests.data.formats.written import ROWS, WITHOUT_RELATIONS


def test_without_spacy_the_file_is_known_and_the_extra_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "spacy", None)
    path = tmp_path / "d.bin"
    path.write_bytes(zlib.compress(b"\x87\xa7version\xa30.1\xa5attrs\x90" + b"x" * 50))
    with pytest.raises(Refusal, match=r"needs spacy.*pip install gliexp\[spacy\]"):
        scan(path)


def test_documents_with_entities_come_back(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    tokens = pytest.importorskip("spacy.tokens")
    vocab = spacy.blank("xx").vocab
    store = tokens.DocBin()
    for row in ROWS:
        doc = tokens.Doc(vocab, words=["\n", *row["tokenized_text"]])
        doc.ents = [tokens.Span(doc, start + 1, end + 2, label=label) for start, end, label in row["ner"]]
        doc.spans["other"] = [tokens.Span(doc, 0, 1, label="x")]
        store.add(doc)
    for name in ("d.spacy", "d.bin"):
        store.to_disk(tmp_path / name)
        reading = scan(tmp_path / name)
        assert (reading.format, reading.examples) == ("docbin", WITHOUT_RELATIONS)
        assert reading.dropped == {"empty word left out": 3, "span of the group other left out": 3}
    whole = (tmp_path / "d.bin").read_bytes()
    (tmp_path / "d.bin").write_bytes(whole[:-20])
    assert "damaged or breaks off" in scan(tmp_path / "d.bin").problems[0].message
