"""What a shell offers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gliexp import cli
from gliexp.cli.completion import suggestions


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gliexp exp", ["export", "explain", "experiment="]),
        ("gliexp backbone=deb", ["backbone=deberta_v3_base", "backbone=deberta_v3_large", "backbone=deberta_v3_small"]),
        ("gliexp check peft=lor", ["peft=lora"]),
        ("gliexp training.learning", ["training.learning_rate="]),
        ("gliexp explain training.learning", ["training.learning_rate"]),
        ("gliexp data.long", ["data.long_doc_chunking."]),
        ("gliexp data.long_doc_chunking.en", ["data.long_doc_chunking.enabled="]),
        ("gliexp training.lr_scheduler_type=cosine_with_r", ["training.lr_scheduler_type=cosine_with_restarts"]),
        ("gliexp training.bf16=", ["training.bf16=true", "training.bf16=false"]),
        ("gliexp -m span_mode=mlp,tok", ["span_mode=mlp,token_level"]),
        ("gliexp run.seed=", []),
    ],
)
def test_suggestions(line: str, offered: list[str]) -> None:
    found = suggestions(line)
    assert list(dict.fromkeys(found)) == offered


def test_an_empty_word_offers_verbs_groups_and_sections() -> None:
    found = suggestions("gliexp ")
    assert {"train", "explain", "task=", "training.", "run."} <= set(found)


def test_it_answers_as_hydra_s_scripts_ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for shell, between in (("bash", " "), ("fish", "\n")):
        monkeypatch.setenv("COMP_LINE", "gliexp training.bf16=")
        assert cli.main(["-sc", f"query={shell}"]) == 0
        assert capsys.readouterr().out.rstrip("\n") == between.join(["training.bf16=true", "training.bf16=false"])


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_with_the_documented_line() -> None:
    command = Path(sys.executable).parent / "gliexp"
    script = f"""
        PATH={command.parent}:$PATH
        eval "$(gliexp -sc install=bash)"
        COMP_LINE="gliexp backbone=tin"; COMP_POINT=${{#COMP_LINE}}; COMP_CWORD=1
        hydra_bash_completion
        echo "offered: ${{COMPREPLY[*]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert "offered: backbone=tiny" in done.stdout, done.stderr
