from __future__ import annotations

import hashlib
from pathlib import Path

from gliexp.config.sources import Source
from gliexp.data.fingerprint import digest, of_source, of_value


def test_contents_count_and_names_do_not(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"x")
    other.write_bytes(b"x")
    assert digest(one) == digest(other) == hashlib.sha256(b"x").hexdigest()
    assert of_value([str(one), f"{tmp_path}/o[nt]*"], "train") == [digest(one)] * 3


def test_a_directory_and_a_pair_are_hashed_whole(tmp_path: Path) -> None:
    for name in ("a.ann", "a.txt", "deep/b"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    whole, pair = digest(tmp_path), digest(tmp_path / "a.ann")
    assert digest(tmp_path / "a.txt") == pair
    (tmp_path / "deep" / "b").write_text("other")
    assert (digest(tmp_path) != whole, digest(tmp_path / "a.ann") == pair) == (True, True)
    (tmp_path / "a.txt").write_text("other")
    assert digest(tmp_path / "a.ann") != pair


def test_what_an_entry_says_beside_its_path_counts(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    found = {of_source(Source(str(path), *said), "train") for said in ((), (2.0,), (1.0, "dev"), (1.0, None, "en"))}
    assert len(found) == 4
    assert of_source(Source("hub:a/b"), "train") != of_source(Source("hub:a/c"), "train")
