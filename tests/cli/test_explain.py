"""explain at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliexp import cli
from gliexp.config.keys import index


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(["explain", *words]) == 0
    return capsys.readouterr().out


def test_one_key_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "training.warmup_ratio", "training.warmup_ratio=0.3")
    assert text.startswith("training.warmup_ratio = 0.3\n")
    for part in ("at least 0 and at most 1", "gliner.training.TrainingArguments.warmup_ratio", "live"):
        assert part in text
    assert text.rstrip().endswith("command line = 0.3")


def test_a_table_has_a_line_for_each_key(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "task=relex").splitlines()
    assert [line.split()[0] for line in lines] == ["key", *index()]
    given = said(capsys, "--set", "run", "run.seed=3").splitlines()
    assert [line.split()[0] for line in given] == ["key", "run.task", "run.name", "run.seed"]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "peft", "peft=lora", "--json"))
    by_key = {one["key"]: one for one in found}
    assert by_key["peft.r"]["destination"]["object"] == "peft.LoraConfig"
    assert by_key["peft.r"]["effect"] == "live"
    assert by_key["peft.init_r"]["effect"] == "inert"
    assert [layer["layer"] for layer in by_key["peft.r"]["layers"]] == ["schema default", "peft=lora"]


def test_difference(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("two", 2)):
        (tmp_path / f"{name}.yaml").write_text(f"run:\n  name: same\n  seed: {seed}\n")
    pair = [str(tmp_path / "one.yaml"), str(tmp_path / "two.yaml")]
    lines = said(capsys, "--diff", *pair, "run").splitlines()
    assert lines[1].split() == ["run.seed", "1", f"{pair[0]}:3", "2", f"{pair[1]}:3"]
    found = json.loads(said(capsys, "--diff", *pair, "--json"))
    assert [one["key"] for one in found] == ["run.seed", "training.seed"]
    assert "same config" in said(capsys, "--diff", pair[0], pair[0])


@pytest.mark.parametrize("words", [["trainig.seed"], ["--dif", "a"], ["seed", "backbone=tinny"], ["--diff", "a", "b"]])
def test_refusals(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert cli.main(["explain", *words]) == 2
    assert "refused" in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--diff A B" in said(capsys, "--help")
