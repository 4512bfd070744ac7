"""The command: exit codes, outputs, speed of what needs no torch, and what Hydra is handed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gliexp import cli
from gliexp.cli import help_page
from gliexp.errors import Interrupted

HEAVY = ("torch", "transformers", "gliner", "gliclass", "accelerate", "peft")
PROBE = """
import sys
from gliexp.cli import main
code = main(sys.argv[1:])
print("HEAVY", [name for name in {heavy} if name in sys.modules])
sys.exit(code)
"""


def gliexp(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which says at the end what it has imported."""
    program = PROBE.format(heavy=HEAVY)
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--cfg", "job"], 0),
        (["--help"], 0),
        (["check", "--quick", "task=relex"], 0),
        (["explain", "task=relex"], 0),
        (["lr=1", "backbone=tinny", "training.max_steps=x", "data.val_data=none.jsonl"], 2),
        (["-m", "run.seed=1,x"], 2),
        (["chek"], 2),
    ],
)
def test_exit_code_and_nothing_heavy_imported(words: list[str], code: int, tmp_path: Path) -> None:
    done = gliexp(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert "HEAVY []" in done.stdout
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_cfg_job_is_the_composed_config(tmp_path: Path) -> None:
    done = gliexp("--cfg", "job", "--resolve", "span_mode=token-level", "run.seed=3", cwd=tmp_path)
    shown = yaml.safe_load(done.stdout.rsplit("HEAVY", 1)[0])
    assert shown["model"]["span_mode"] == "token_level"
    assert shown["training"]["seed"] == 3
    assert done.stderr.count("is read as span_mode=token_level") == 1


def test_flags_of_hydra(tmp_path: Path) -> None:
    assert "# @package run" in gliexp("--cfg", "job", "-p", "run", cwd=tmp_path).stdout
    assert "span_mode/marker_v0" in gliexp("--info", "defaults", cwd=tmp_path).stdout
    assert "Hydra" in gliexp("--hydra-help", cwd=tmp_path).stdout


def test_a_directory_of_experiments(tmp_path: Path) -> None:
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "short.yaml").write_text("training:\n  max_steps: 5\n")
    done = gliexp("-cd", "mine", "experiment=short", "--cfg", "job", "-p", "training.max_steps", cwd=tmp_path)
    assert done.stdout.splitlines()[0] == "5", done.stderr
    assert "no directory" in gliexp("-cd", "thine", "--cfg", "job", cwd=tmp_path).stderr


def test_a_bad_member_of_a_sweep_is_named_before_any_runs(tmp_path: Path) -> None:
    done = gliexp("-m", "span_mode=marker_v0,bogus", "training.num_train_epochs=1,-1", cwd=tmp_path)
    assert done.returncode == 2
    assert "member 1: span_mode=marker_v0 training.num_train_epochs=-1" in done.stderr
    assert "no option 'bogus'" in done.stderr
    assert done.stderr.startswith("refused: 2 problems")


def test_unknown_verb_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chek"]) == 2
    assert "did you mean check?" in capsys.readouterr().err
    assert cli.main(["backbone"]) == 2
    assert "did you mean backbone=…?" in capsys.readouterr().err


def test_a_quick_check_says_what_has_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--quick", "span_mode=token_level", "training.masking=none"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ok: ner")
    assert "training.masking has no effect" in said


def test_help_names_every_group_and_verb() -> None:
    page = help_page.text()
    for word in (*cli.VERBS, "backbone", "span_mode", "experiment", "token_level", "--cfg job", "-cd DIR"):
        assert word in page
    assert max(map(len, page.splitlines())) <= 120
    assert page.count("\n") < 60


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (Interrupted("saved", 15), 143)])
def test_interruptions(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_words: list[str]) -> int:
        raise error

    monkeypatch.setattr(cli, "_dispatch", interrupted)
    assert cli.main([]) == code


def test_traceback_only_on_demand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    assert cli.main(["chek"]) == 2
    assert "Traceback" in capsys.readouterr().err
