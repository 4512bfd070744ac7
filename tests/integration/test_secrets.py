"""Secrets planted in every way that they can come in occur nowhere in what a run, a sweep or a failed run writes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import environment

SHORT = ("training.max_steps=4", "training.eval_strategy=steps", "training.eval_steps=2", "training.save_steps=2")
HUB, OLD, LITERAL = "hunter2-plain-hub-token", "hf_PLANTEDoldnamePLANTED", "planted-literal-pass"
VARIABLES = {
    "PLANTED_PASSWORD": "planted-by-variable-1",
    "WANDB_API_KEY": "0123456789abcdef0123456789abcdef01234567",
    "planted_apikey": "planted-by-variable-2",
}
PLANTED = [HUB, OLD, LITERAL, *VARIABLES.values()]


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """Overrides and an experiment that bring the secrets in."""
    file = tmp_path / "planted.yaml"
    file.write_text(
        f"training:\n  push_to_hub_token: {OLD}\n  run_name: ${{oc.env:PLANTED_PASSWORD}}\n"
        "run:\n  notes: the key is ${oc.env:planted_apikey} and no other\n  tags: ['${oc.env:WANDB_API_KEY}']\n"
    )
    return [f"experiment={file}", f"+hydra.job.env_set.MY_SECRET={LITERAL}", *SHORT]


def started(directory: Path, program: list[str]) -> subprocess.CompletedProcess[str]:
    changed = {**environment(), **VARIABLES, "WANDB_SILENT": "true"}
    return subprocess.run(
        [sys.executable, *program], cwd=directory, env=changed, capture_output=True, text=True, check=False
    )


def command(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return started(directory, ["-m", "gliexp", *words])


def assert_clean(directory: Path, done: subprocess.CompletedProcess[str], besides: Path) -> list[Path]:
    """No planted value in any file's bytes or name, nor in what was printed."""
    files = [path for path in directory.rglob("*") if path.is_file() and path != besides]
    for value in PLANTED:
        assert value not in done.stdout + done.stderr
        for path in files:
            assert value.encode() not in path.read_bytes(), (value, path)
            assert value not in str(path), value
    return files


NO_WANDB = pytest.mark.skipif(
    importlib.util.find_spec("wandb") is None, reason="wandb is not installed: pip install 'gliexp[wandb]'"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "tracker"), [("ner", "none"), ("classification", "none"), pytest.param("ner", "wandb", marks=NO_WANDB)]
)
def test_a_run_and_its_checkpoints(tmp_path: Path, words: list[str], task: str, tracker: str) -> None:
    reported = [f"training.report_to={tracker}", "tracking.mode=offline"]
    hub = f"training.hub_token={HUB}" if task == "ner" else "+training={hub_token: " + HUB + "}"
    given = words[1:] if task == "ner" else [*words[1:], "run.notes=${oc.env:planted_apikey}"]
    done = command(tmp_path, f"task={task}", hub, *given, *reported)
    assert done.returncode == 0, done.stderr
    files = assert_clean(tmp_path, done, tmp_path / "planted.yaml")
    names = {path.name for path in files}
    assert any(name.endswith(".wandb") for name in names) == (tracker == "wandb")
    assert {"config.resolved.yaml", "hydra.yaml", "overrides.yaml", "run.json", "train.log", "report.html"} <= names
    (config,) = [path for path in files if path.name == "config.resolved.yaml"]
    assert "hub_token: '***'" in config.read_text()


@pytest.mark.slow
def test_a_run_of_an_experiment_that_reads_variables(tmp_path: Path, words: list[str]) -> None:
    done = command(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    files = assert_clean(tmp_path, done, tmp_path / "planted.yaml")
    (config,) = [path for path in files if path.name == "config.resolved.yaml"]
    assert "notes: the key is *** and no other" in config.read_text()
    assert "run.notes holds a secret, which is masked" in done.stderr


@pytest.mark.slow
def test_a_sweep(tmp_path: Path, words: list[str]) -> None:
    done = command(
        tmp_path, "-m", f"training.hub_token={HUB}", *words[1:], "run.notes=${oc.env:planted_apikey}", "run.seed=1,2"
    )
    assert done.returncode == 0, done.stderr
    files = assert_clean(tmp_path, done, tmp_path / "planted.yaml")
    assert len([path for path in files if path.name == "run.json"]) == 2
    assert "multirun.yaml" in {path.name for path in files}


@pytest.mark.slow
def test_a_failed_run_and_its_bundle(tmp_path: Path, words: list[str]) -> None:
    done = command(tmp_path, *words, "training.learning_rate=1e30", "training.others_lr=1e30", "training.max_steps=12")
    assert done.returncode == 1
    files = assert_clean(tmp_path, done, tmp_path / "planted.yaml")
    assert "bundle.json" in {path.name for path in files}


@pytest.mark.slow
def test_a_crash_outside_of_everything(tmp_path: Path) -> None:
    program = (
        f"import gliexp.cli as cli\ncli._dispatch = lambda words: (_ for _ in ()).throw(KeyError('{HUB}', words))\n"
    )
    program += f"from gliexp.config import secrets\nsecrets.hold('training.hub_token', '{HUB}')\ncli.main(['{OLD}'])"
    done = started(tmp_path, ["-c", program])
    assert "KeyError" in done.stderr
    assert all(value not in done.stderr for value in PLANTED)


@pytest.mark.parametrize("flags", [["--cfg", "all", "--resolve"], ["--cfg", "job"], ["--info", "config"], ["explain"]])
def test_what_only_shows(tmp_path: Path, words: list[str], flags: list[str]) -> None:
    more = [] if flags == ["explain"] else [words[1]]
    done = command(tmp_path, *flags, words[0], *more, f"training.hub_token={OLD}")
    assert done.returncode == 0, done.stderr
    assert_clean(tmp_path, done, tmp_path / "planted.yaml")


@pytest.mark.parametrize(
    "wrong",
    [
        f"+tracking.wandb_api_key={LITERAL}",
        "training={hub_token: " + LITERAL,
        f"training.max_steps={{api_key: {LITERAL}}}",
        f"hydra.job.env_set.MY_PASSWORD={LITERAL} x: {{",
        f"password={LITERAL}",
        f"wandb.apiKey={LITERAL}",
        f"training.lr_scheduler_kwargs={{auth_token: {LITERAL}}}",
    ],
)
def test_what_is_refused(tmp_path: Path, wrong: str) -> None:
    done = command(tmp_path, "check", "--quick", wrong, "nope=1")
    assert done.returncode == 2
    assert_clean(tmp_path, done, tmp_path / "none")
