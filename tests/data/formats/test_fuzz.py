"""Damaged files: whatever is in one, a reader ends with rows and named faults, never with a traceback.

GLIEXP_FUZZ_SECONDS sets how long all readers together are tried (default 4); the seed makes a failure repeatable.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from random import Random

import pytest

from gliexp.data.reading import scan
from gliexp.data.row import RowReader
from gliexp.errors import Refusal
from tests.data.formats.written import WRITERS

SECONDS = float(os.environ.get("GLIEXP_FUZZ_SECONDS", "4"))
SEED = int(os.environ.get("GLIEXP_FUZZ_SEED", "1"))
WORDS = rb"""\x null NaN -1 1e999 [] {} [[ ]] " ' , true 0.5 T1 R1 E1 # B- O <<ENT>> \ud800 \u0000"""
ODD = ["\0", "\ufeff", "\u00a0", "\n\n", " ", "\t", "\r", "\r\n", "9" * 5000, "[" * 3000]
PIECES = [*WORDS.split(), *(text.encode() for text in ODD), b"\xff", b"\xed\xa0\x80", b"\x28\xb5\x2f\xfd", b"\x1f\x8b"]


def damaged(content: bytes, random: Random) -> bytes:
    """One to four random changes."""
    for _ in range(random.randint(1, 4)):
        size = len(content)
        start = random.randint(0, size)
        end = min(size, start + int(random.expovariate(0.1)))
        kind = random.randrange(6)
        if kind == 0:
            content = content[:start]
        elif kind == 1:
            content = content[:start] + content[end:]
        elif kind == 2:
            content = content[:end] + content[start:]
        elif kind == 3:
            content = content[:start] + random.choice(PIECES) + content[end:]
        elif kind == 4:
            content = content[:start] + random.choice(PIECES) + content[start:]
        elif size:
            at = random.randrange(size)
            content = content[:at] + bytes([random.randrange(256)]) + content[at + 1 :]
    return content


def look(path: Path, form: str | None) -> None:
    try:
        reading = scan(path, None, form, tag_names=["O", "B-x"])
    except Refusal:
        return
    for problem in reading.problems:
        assert problem.message
        assert problem.where or problem.key == "data.format"
    checker = RowReader()
    for row in reading.examples:
        assert checker.tidy(row).example == row  # what was let through is right


@pytest.mark.parametrize("name", WRITERS)
def test_no_reader_ends_with_a_traceback(tmp_path: Path, name: str) -> None:
    form, write = WRITERS[name]
    whole = write(tmp_path)
    files = sorted(path for path in whole.rglob("*") if path.is_file()) if whole.is_dir() else [whole]
    contents = [path.read_bytes() for path in files]
    until = time.monotonic() + SECONDS / len(WRITERS)
    random, tried = Random(f"{SEED} {name}"), 0
    while time.monotonic() < until or tried < 5:
        place = random.randrange(len(files))
        files[place].write_bytes(damaged(contents[place], random))
        tried += 1
        try:
            look(whole, random.choice([None, form]))
        except BaseException:
            kept = tmp_path / f"failing-{tried}"
            (shutil.copytree if whole.is_dir() else shutil.copy)(whole, kept)
            raise
        files[place].write_bytes(contents[place])
