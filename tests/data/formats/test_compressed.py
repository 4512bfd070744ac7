from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pytest
import zstandard

from gliexp.data.formats import rows
from gliexp.data.reading import scan
from gliexp.errors import Refusal

LINE = b'{"tokens": ["a"], "ner": []}\n'


@pytest.mark.parametrize("pack", ["gz", "zst"])
def test_a_packing_that_breaks_off_or_is_damaged_is_named(tmp_path: Path, pack: str) -> None:
    text = b"".join(LINE.replace(b"a", str(number * 7919).encode()) for number in range(5000))
    whole = gzip.compress(text) if pack == "gz" else zstandard.ZstdCompressor().compress(text)
    path = tmp_path / f"d.jsonl.{pack}"
    path.write_bytes(whole[:-9])
    assert "damaged or breaks off" in scan(path).problems[-1].message
    path.write_bytes(whole[: len(whole) // 2] + b"\xff" * 40 + whole[len(whole) // 2 + 40 :])
    assert "damaged or breaks off" in scan(path).problems[-1].message
    path.write_bytes(whole[:3])
    assert scan(path).problems


def test_members_one_after_the_other_are_one_file(tmp_path: Path) -> None:
    for pack, squeeze in (("gz", gzip.compress), ("zst", zstandard.ZstdCompressor().compress)):
        path = tmp_path / f"d.jsonl.{pack}"
        path.write_bytes(squeeze(LINE) + squeeze(LINE * 2))
        assert len(list(rows(path, "jsonl"))) == 3


def test_an_absent_library_is_said_with_the_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.jsonl.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(LINE))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(Refusal, match=r"pip install gliexp\[data\]"):
        scan(path)
