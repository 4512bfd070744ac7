"""Overrides of any shape: each ends as a composed config or as a refusal, and never as another error.

GLIEXP_FUZZ_SECONDS sets how long it is tried (default 4, 60 for the figure in docs/reliability.md); GLIEXP_FUZZ_SEED
makes a failure repeatable.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from gliexp.config import secrets
from gliexp.config.compose import Composed, compose
from gliexp.config.groups import Groups
from gliexp.config.keys import index, sections
from gliexp.config.loader import CONFIG_NAME, Loader
from gliexp.errors import Refusal
from gliexp.launch.sweep import Sweep

SECONDS = float(os.environ.get("GLIEXP_FUZZ_SECONDS", "4"))
SEED = int(os.environ.get("GLIEXP_FUZZ_SEED", "1"))
LEAST = 20

SIMPLE = "1 -1 0 1.5 1e9 1e400 -0.0 nan inf true false null yes no '' \"\" a a.b a/b ../x ~ * ? ??? -".split()
NESTED = ["[]", "{}", "[1,2]", "{a: 1}", "[[1],[2]]", "{a: {b: [1, {c: 2}]}}", "[null]", "{1: 2}", "{null: x}", "{a: }"]
WORDS = [
    "'quoted'",
    '"double"',
    "'it\\'s'",
    "a b",
    " padded ",
    "ünï",
    "日本",
    "\x00",
    "\n",
    "\t",
    "\\",
    "\\\\",
    "é" * 300,
]
SWEEPS = ["1,2", "choice(1,2)", "range(1,3)", "range(0,1e9)", "glob(*)", "interval(0,1)", "sort(3,1)", "shuffle(1,2)"]
CASTS = ["int(1.5)", "str([1])", "bool(x)", "json_str({a: 1})", "float(nan)", "tag(a,choice(1))", "int(choice(1,x))"]
OPEN = [
    "${run.seed}",
    "${nope}",
    "${oc.env:NOPE}",
    "${oc.env:HOME}",
    "${oc.env:A,b}",
    "${oc.decode:'[1'}",
    "${${a}}",
    "${",
]
OPEN += [
    "${oc.create:{a: 1}}",
    "${oc.dict.keys:run}",
    "${rate:x}",
    "${rate:}",
    "${hydra:}",
    "${run}",
    "${.seed}",
    "${..}",
]
OPEN += ["${run.notes}", "${sample_with:1,2}", "${oc.select:nope,1}", "$", "$$", "\\${a}", "${oc.deprecated:run.seed}"]
HUGE = ["9" * 5000, "[" * 500, "{a:" * 200, "(" * 300, "x" * 5000]
VALUES = [*SIMPLE, *NESTED, *WORDS, *SWEEPS, *CASTS, *OPEN, *HUGE]
HYDRA = ["hydra", "hydra.job.name", "hydra.sweep.dir", "hydra/launcher", "hydra.verbose", "hydra.job.env_set.A_TOKEN"]
HYDRA += [
    "hydra.mode",
    "hydra.nope",
    "hydra.run.dir",
    "hydra.output_subdir",
    "hydra.overrides.task",
    "hydra.job.env_set",
]
MARKS = ["", "", "", "", "+", "++", "~", "+++", "~~", "-", "!", " "]
ENDS = ["", "", "", "", "@run", "@_global_", "@:x", "@a:b", ".", "..", ".x", "[0]", "/x", " ", "@"]
BROKEN = [
    "=",
    "==",
    "=1",
    "a",
    "",
    " ",
    "~",
    "+",
    "@",
    "a@b",
    "a=b=c",
    ".=1",
    "a..b=1",
    "\x00=1",
    "--x",
    "~training",
    "a:b",
]

PLACES = [*index(), *sections(), *Groups.read().names(), *HYDRA, "nope", "run.nope", "training.lr_scheduler_kwargs.a.b"]


def override(random: Random) -> str:
    """An override that may be right, and is broken somewhere more often than not."""
    if random.random() < 0.05:
        return random.choice(BROKEN)
    key = random.choice(MARKS) + random.choice(PLACES) + random.choice(ENDS)
    if random.random() < 0.03:
        return key
    value = "".join(random.choice(VALUES) for _ in range(random.choice((1, 1, 1, 2))))
    return damaged(f"{key}={value}", random) if random.random() < 0.2 else f"{key}={value}"


def damaged(text: str, random: Random) -> str:
    """One character more, fewer, or other."""
    place = random.randrange(len(text) + 1)
    return (
        text[:place]
        + random.choice(["", "'", '"', "[", "}", ",", "=", "$", "{", "\\", "\x7f", "\ud800", "("])
        + text[place + 1 :]
    )


def sweep(overrides: list[str]) -> None:
    """The reading of a sweep's overrides, up to its members."""
    Sweep.read(Loader(), CONFIG_NAME, overrides).grid()


def tried(do: Callable[[list[str]], Composed | None], random: Random) -> int:
    """How many lists of overrides were tried; each failure is shown with what repeats it."""
    until, count = time.monotonic() + SECONDS / 2, 0
    while time.monotonic() < until or count < LEAST:
        overrides = [override(random) for _ in range(random.choice((1, 2, 3)))]
        count += 1
        secrets.forget()
        try:
            do(overrides)
        except Refusal as refusal:
            unnamed = [problem for problem in refusal.problems if not problem.key or not problem.message]
        except Exception as error:
            raise AssertionError(f"{overrides!r} ended in {type(error).__name__}: {error}") from error
        else:
            unnamed = []
        if unnamed:
            raise AssertionError(f"{overrides!r} gave problems without a name: {unnamed}")
    return count


@pytest.mark.parametrize("do", [compose, sweep])
def test_any_override_composes_or_is_refused(
    do: Callable[[list[str]], Composed | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    count = tried(do, Random(f"{SEED} {do.__name__}"))
    print(f"{count} lists of overrides, none of which ended in an error")
