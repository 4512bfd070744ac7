"""A whole run that reports to trackers: the same figures everywhere, and no row of the data unless it is asked for."""

from __future__ import annotations

import pytest
import wandb_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from .conftest import read

SHORT = (
    "training.max_steps=8",
    "training.eval_strategy=steps",
    "training.eval_steps=4",
    "training.logging_steps=4",
    "tracking=[wandb_offline,tensorboard]",
)
TOKEN = "hf_planted0token0of0a0tracked0run"


@pytest.mark.slow
def test_a_run_has_the_same_figures_in_all_places(gliexp, only_run, monkeypatch):
    monkeypatch.setenv("PLANTED_TOKEN", TOKEN)
    done = gliexp(*SHORT, "training.hub_token=${oc.env:PLANTED_TOKEN}", "tracking.log_model=checkpoints")
    assert done.returncode == 0, done.stderr
    run = only_run()
    metrics, record = read(run / "metrics.json"), read(run / "run.json")
    assert record["tracking"]["failed"] == {}
    assert "wandb sync" in done.stdout
    (file,) = (run / "wandb").glob("offline-run-*/*.wandb")
    seen = wandb_file.summary(file)
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    for split in ("eval", "test"):
        for name in ("ner_micro_f1", "ner_macro_f1"):
            assert seen[f"final/{split}/{name}"] == pytest.approx(metrics[split][name])
            assert events.Scalars(f"final/{split}/{name}")[-1].value == pytest.approx(metrics[split][name])
    assert wandb_file.config(file)["gliexp"]["signature"] == record["signature"]
    assert [line["step"] for line in wandb_file.history(file) if "train/loss" in line] == [4, 8]
    assert not list((run / "wandb").rglob("errors_*"))
    for written in run.rglob("*"):
        if written.is_file():
            assert TOKEN.encode() not in written.read_bytes(), written


@pytest.mark.slow
def test_a_run_that_fails_is_failed_there_too(gliexp, only_run):
    done = gliexp(*SHORT, "training.learning_rate=1e30", "training.others_lr=1e30", "training.max_grad_norm=0")
    assert done.returncode == 1, done.stdout
    (file,) = (only_run() / "wandb").glob("offline-run-*/*.wandb")
    assert wandb_file.summary(file)["status"] == "failed"
