"""A bad step of a run comes again from its bundle, and one that no longer fails is said to pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliexp import cli
from gliexp.training import bundle

BROKEN = ["training.learning_rate=1e30", "training.others_lr=1e30", "training.eval_strategy=no"]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ner", "classification"])
def test_a_kept_step_fails_again_and_passes_once_its_weights_are_sound(task, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main([f"task={task}", *BROKEN, "training.max_steps=12", "training.save_strategy=no"]) == 1
    said = capsys.readouterr().err
    (directory,) = (tmp_path / "outputs").glob("*/*/bad_steps/step-*")
    assert f"python -m gliexp reproduce {directory}" in said
    (record,) = (tmp_path / "outputs").glob("*/*/run.json")
    assert json.loads(record.read_text())["bad_steps"]["bundles"] == [str(directory)]
    assert cli.main(["reproduce", str(directory)]) == 0
    then, now = capsys.readouterr().out.splitlines()[:2]
    assert then.removeprefix("then: ").split(". Likely")[0] == now.removeprefix("now:  ").split(". Likely")[0]
    sound(directory)
    assert cli.main(["reproduce", str(directory)]) == 1
    assert "the step passes now" in capsys.readouterr().err


def sound(directory: Path) -> None:
    """Small weights in place of those that overflow."""
    from safetensors.torch import load_file, save_file

    kept = load_file(directory / bundle.MODEL)
    save_file(
        {name: tensor.clamp(-0.05, 0.05) if tensor.is_floating_point() else tensor for name, tensor in kept.items()},
        directory / bundle.MODEL,
    )


def test_what_is_no_bundle_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["reproduce"]) == 2
    assert cli.main(["reproduce", str(tmp_path / "none")]) == 2
    assert cli.main(["reproduce", str(tmp_path)]) == 2
    assert "Traceback" not in capsys.readouterr().err
