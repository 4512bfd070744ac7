"""Every key of tracking and of the Hub has reached the client's call, or the service itself, and not only an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import wandb
from hub_server import HANG, TOKEN, Fault, Hub

from gliexp.config import secrets
from gliexp.config.compose import compose
from gliexp.config.keys import index
from gliexp.runs.hub import publishing
from gliexp.runs.tracking.tracker import Beginning, Ending
from gliexp.runs.tracking.trackers import Trackers
from runs.hub.conftest import hub, run  # noqa: F401 fixtures

OFFLINE = ("tracking=wandb", "tracking.mode=offline")
WANDB: dict[str, tuple[str, Callable[[Mapping[str, Any]], object], object]] = {
    "tracking.project": ("laws", lambda call: call["project"], "laws"),
    "tracking.entity": ("team", lambda call: call["entity"], "team"),
    "tracking.group": ("baselines", lambda call: call["group"], "baselines"),
    "tracking.job_type": ("ablation", lambda call: call["job_type"], "ablation"),
    "tracking.mode": ("disabled", lambda call: call.get("mode"), None),  # no call at all
    "training.run_name": ("mine", lambda call: call["name"], "mine"),
    "run.tags": ("[legal]", lambda call: call["tags"], ["legal"]),
    "run.notes": ("said", lambda call: call["notes"], "said"),
}
"""Key → what is given, and where in wandb.init's call it is."""
CHOICES = ("wandb", "tensorboard", "trackio", "mlflow")
ELSEWHERE = {
    **{f"tracking.use.{name}": "test_a_group_and_the_old_key_choose_the_same_tracker" for name in CHOICES},
    "training.report_to": "test_a_group_and_the_old_key_choose_the_same_tracker",
    "tracking.log_model": "test_artifacts_are_logged",
    "tracking.log_errors": "tests/integration/test_tracking.py: the whole run decides it",
    "tracking.log_dir": "test_tensorboard_writes_where_it_is_told",
    "training.push_to_hub": "test_the_hub_is_called_with_what_the_config_says",
    "training.hub_token": "test_the_hub_is_called_with_what_the_config_says",
    "training.hub_model_id": "test_the_hub_is_called_with_what_the_config_says",
    "training.hub_private_repo": "test_the_hub_is_called_with_what_the_config_says",
    "training.hub_revision": "test_the_hub_is_called_with_what_the_config_says",
    "training.hub_strategy": "test_the_hub_is_called_with_what_the_config_says",
    "training.hub_always_push": "test_a_checkpoint_waits_or_is_left_out_by_the_key",
    "training.trackio_space_id": "test_trackio_is_called_with_what_the_config_says",
    "training.trackio_bucket_id": "test_trackio_is_called_with_what_the_config_says",
    "training.trackio_static_space_id": "test_trackio_is_called_with_what_the_config_says",
}


def test_no_key_is_left_out() -> None:
    wanted = {
        key
        for key in index()
        if key.startswith(("tracking.", "training.hub_", "training.trackio_"))
        or key in ("training.push_to_hub", "training.report_to", "training.run_name")
    }
    assert wanted == {*WANDB, *ELSEWHERE} - {"run.tags", "run.notes"}
    names = {test for test in ELSEWHERE.values() if not test.startswith("tests/")}
    assert names <= set(globals())


def _told(directory: Path, *words: str) -> Trackers:
    directory.mkdir(exist_ok=True)
    config = compose(list(words), environment=False).config
    return Trackers(config, Beginning(directory, "usual", {"run": {"seed": 1}}, {}))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What wandb.init was called with; the call goes through."""
    seen: list[dict[str, Any]] = []
    init = wandb.init

    def noted(**given: Any) -> Any:
        seen.append(given)
        return init(**given)

    monkeypatch.setattr(wandb, "init", noted)
    return seen


def test_wandb_is_called_with_what_the_config_says(tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    words = [f"{key}={given}" for key, (given, _, _) in WANDB.items() if key != "tracking.mode"]
    told = _told(tmp_path / "run", *OFFLINE, *words)
    assert told.finish(Ending("done"))["failed"] == {}
    (call,) = calls
    assert call["mode"] == "offline"
    for key, (_, where, expected) in WANDB.items():
        if key != "tracking.mode":
            assert where(call) == expected, key
    _told(tmp_path / "other", "tracking=wandb", "tracking.mode=disabled")
    assert len(calls) == 1


@pytest.mark.parametrize("name", CHOICES)
def test_a_group_and_the_old_key_choose_the_same_tracker(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gliexp.runs.tracking import trackers

    for word in (f"tracking={name}", f"tracking.use.{name}=true", f"training.report_to=[{name}]"):
        made: list[str] = []
        monkeypatch.setattr(trackers, "_make", lambda chosen, *_, made=made: made.append(chosen) or _Silent())
        _told(tmp_path / "run", word)
        assert made == [name], word


class _Silent:
    name = "silent"


def test_artifacts_are_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[tuple[str, list[str]]] = []
    log = wandb.Run.log_artifact

    def noted(self: Any, artifact: Any, *given: Any, aliases: list[str], **more: Any) -> Any:
        kept.append((artifact.type, aliases))
        return log(self, artifact, *given, aliases=aliases, **more)

    monkeypatch.setattr(wandb.Run, "log_artifact", noted)
    for wanted, expected in (
        ("none", []),
        ("final", [("model", ["final"])]),
        ("checkpoints", [("checkpoint", ["step-8"]), ("model", ["final"])]),
    ):
        kept.clear()
        directory = tmp_path / wanted
        told = _told(directory, *OFFLINE, f"tracking.log_model={wanted}")
        for place in ("checkpoints/checkpoint-8", "model"):
            (directory / place).mkdir(parents=True)
            (directory / place / "weights").write_text("w")
        state = SimpleNamespace(global_step=8, is_world_process_zero=True)
        told.on_save(SimpleNamespace(output_dir=str(directory / "checkpoints")), state, None)
        assert told.finish(Ending("done"))["failed"] == {}
        assert kept == expected


def test_tensorboard_writes_where_it_is_told(tmp_path: Path) -> None:
    told = _told(tmp_path / "run", "tracking=tensorboard", f"tracking.log_dir={tmp_path / 'events'}")
    told.on_log(None, SimpleNamespace(global_step=1, is_world_process_zero=True), None, logs={"loss": 1.0})
    errors = ({"text": "a|b", "missed": "c", "spurious": ""},)
    assert told.finish(Ending("done", errors=errors))["failed"] == {}
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert events.Scalars("train/loss")[0].value == 1.0
    assert events.Scalars("system/memory_mib")[0].value > 0
    (shown,) = events.Tensors("errors/text_summary")
    assert shown.tensor_proto.string_val[0].decode().splitlines()[2] == "| a\\|b | c |  |"
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_trackio_is_called_with_what_the_config_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the package a stand-in that notes its calls: a Space needs the network."""
    seen: dict[str, Any] = {}
    space = SimpleNamespace(get=lambda: seen["space_id"])
    stand_in = SimpleNamespace(
        init=lambda **given: seen.update(given) or SimpleNamespace(finish=lambda: None, log=lambda *_, **__: None),
        freeze=lambda *given, **more: seen.update(frozen=(*given, more["new_space_id"])),
        context_vars=SimpleNamespace(current_space_id=space),
    )
    monkeypatch.setitem(__import__("sys").modules, "trackio", stand_in)
    words = ["space_id=me/space", "bucket_id=me/bucket", "static_space_id=me/still"]
    told = _told(tmp_path / "run", "tracking=trackio", *(f"training.trackio_{word}" for word in words))
    ended = told.finish(Ending("done"))
    assert ended == {"places": {"trackio": "https://huggingface.co/spaces/me/space"}, "failed": {}}
    assert (seen["space_id"], seen["bucket_id"], seen["frozen"]) == (
        "me/space",
        "me/bucket",
        ("me/space", "gliexp", "me/still"),
    )


def _publishing(run: Path, *words: str) -> publishing.Publishing | None:  # noqa: F811
    config = compose(["training.hub_model_id=me/mine", f"training.hub_token={TOKEN}", *words], environment=False).config
    return publishing.of(config, run)


def _save(made: publishing.Publishing, run: Path, step: int) -> None:  # noqa: F811
    checkpoint = run / "checkpoints" / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_text(str(step))
    (checkpoint / "optimizer.pt").write_text("o")
    state = SimpleNamespace(global_step=step, is_world_process_zero=True, best_model_checkpoint=None)
    made.callback.on_save(SimpleNamespace(output_dir=str(run / "checkpoints")), state, None)


@pytest.fixture(autouse=True)
def _forgotten() -> Any:
    yield
    secrets.forget()


@pytest.mark.parametrize(
    ("strategy", "folder"),
    [("end", None), ("every_save", None), ("checkpoint", "last-checkpoint"), ("all_checkpoints", "checkpoint-4")],
)
def test_the_hub_is_called_with_what_the_config_says(strategy: str, folder: str | None, hub: Hub, run: Path) -> None:  # noqa: F811
    assert _publishing(run, "hub=none") is None
    assert hub.requests == []
    made = _publishing(run, f"hub={strategy}", "training.hub_private_repo=true", "training.hub_revision=second")
    assert made is not None
    _save(made, run, 4)
    assert publishing.is_complete(made.finish())
    assert hub.private == {"me/mine": True}
    assert {branch for _, branch, _ in hub.commits} == {"second"}
    assert [message for _, _, message in hub.commits][:-1] == ["Training in progress, step 4"] * (strategy != "end")
    assert hub.tokens == {TOKEN}
    files = hub.files("me/mine", "second")
    assert {place.partition("/")[0] for place in files if place.endswith("optimizer.pt")} == ({folder} - {None})


@pytest.mark.parametrize("always", [True, False])
def test_a_checkpoint_waits_or_is_left_out_by_the_key(always: bool, hub: Hub, run: Path) -> None:  # noqa: F811
    made = _publishing(run, "hub=every_save", f"training.hub_always_push={str(always).lower()}")
    assert made is not None
    hub.faults.append(Fault("preupload", HANG))
    _save(made, run, 4)
    hub.hanging.wait(30)
    _save(made, run, 8)
    hub.gate.set()
    made.finish()
    steps = [message for _, _, message in hub.commits]
    assert steps[:-1] == [f"Training in progress, step {step}" for step in ((4, 8) if always else (4,))]
