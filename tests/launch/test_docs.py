"""The commands of docs/sweeps.md do what they say, with the training itself replaced."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from gliexp import cli

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sweeps.md"


def test_every_command_of_the_page_runs(trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```(bash|yaml)\n(.*?)```", text, re.DOTALL)
    (file,) = (block for kind, block in blocks if kind == "yaml")
    (tmp_path / "grid.yaml").write_text(file)
    commands = [line for kind, block in blocks if kind == "bash" for line in block.splitlines() if line.strip()]
    commands.insert(1, file.splitlines()[0].partition("started by: ")[2])
    assert len(commands) > 10
    for command in commands:
        words = shlex.split(command)
        assert words[:3] == ["python", "-m", "gliexp"]
        assert cli.main(words[3:]) == 0, command
        assert capsys.readouterr().out
    assert {config.training.max_steps for config in trained} >= {200}
