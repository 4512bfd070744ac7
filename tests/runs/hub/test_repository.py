from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import huggingface_hub
import huggingface_hub.constants
import pytest
from hub_server import CUT, READ_TOKEN, TOKEN, Fault, Hub, running

from gliexp.config import secrets
from gliexp.config.compose import compose
from gliexp.errors import Refusal
from gliexp.runs.hub import repository
from gliexp.runs.hub.repository import PAUSES, Repository, UploadFailed


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    small, large = tmp_path / "small.json", tmp_path / "large.safetensors"
    small.write_bytes(b"{}")
    large.write_bytes(b"w" * 300_000)
    return {"config.json": small, "weights/model.safetensors": large}


def test_a_repository_is_made_once_private_with_its_branch(hub: Hub) -> None:
    wanted = Repository("name-alone", TOKEN, private=True, revision="second")
    made = wanted.made()
    assert made.name == "me/name-alone"
    assert hub.private == {"me/name-alone": True}
    assert set(hub.repositories["me/name-alone"]) == {"main", "second"}
    assert made.made() == made  # it is there already


@pytest.mark.parametrize(
    ("wanted", "key", "message"),
    [
        (Repository("me/name", None), repository.TOKEN, "there is no token"),
        (Repository("me/name", "hf_expired00000"), repository.TOKEN, "is not valid"),
        (Repository("me/name", READ_TOKEN), repository.TOKEN, "may only read"),
        (Repository("me//name", TOKEN), repository.NAME, "does not accept 'me//name'"),
        (Repository("-bad-", TOKEN), repository.NAME, "does not accept"),
        (Repository("other/closed", TOKEN), repository.NAME, "cannot be written to: 403"),
    ],
)
def test_what_cannot_work_is_refused_before_training(hub: Hub, wanted: Repository, key: str, message: str) -> None:
    hub.denied.add("other/closed")
    with pytest.raises(Refusal) as refused:
        wanted.made()
    (problem,) = refused.value.problems
    assert (problem.key, message in problem.message) == (key, True)
    assert str(wanted.token) not in str(refused.value)
    assert hub.repositories == {}


def test_a_hub_that_cannot_be_reached_is_refused(
    hub: Hub, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Refusal, match="cannot be reached"):
        Repository("me/name", TOKEN).made()


def test_files_arrive_in_one_commit_large_ones_by_lfs(hub: Hub, files: dict[str, Path]) -> None:
    made = Repository("me/name", TOKEN).made()
    address = made.upload(files, "first")
    assert address.startswith(f"{hub.address}/me/name/commit/")
    assert hub.files("me/name") == {place: file.read_bytes() for place, file in files.items()}
    assert len(hub.objects) == 1
    assert hub.commits == [("me/name", "main", "first")]


def test_a_branch_takes_the_commit(hub: Hub, files: dict[str, Path]) -> None:
    made = Repository("me/name", TOKEN, revision="second").made()
    made.upload(files, "first")
    assert hub.files("me/name", "main") == {}
    assert set(hub.files("me/name", "second")) == set(files)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, CUT])
@pytest.mark.parametrize("word", ["preupload", "/lfs/", "/commit/"])
def test_what_the_network_spoils_is_tried_again(
    hub: Hub, files: dict[str, Path], pauses: list[float], status: int, word: str
) -> None:
    made = Repository("me/name", TOKEN).made()
    hub.faults.append(Fault(word, status, times=3))
    made.upload(files, "first")
    assert set(hub.files("me/name")) == set(files)
    assert pauses


def test_a_server_that_is_gone_for_a_minute_is_waited_for(
    hub: Hub, files: dict[str, Path], pauses: list[float]
) -> None:
    made = Repository("me/name", TOKEN).made()
    hub.faults.append(Fault("preupload", 503, times=30))
    made.upload(files, "first")
    assert set(hub.files("me/name")) == set(files)
    assert sum(pauses) > 60


def test_what_arrived_is_not_sent_twice(hub: Hub, files: dict[str, Path], pauses: list[float]) -> None:
    made = Repository("me/name", TOKEN).made()
    hub.faults.append(Fault("/commit/", 503, times=5))
    made.upload(files, "first")
    assert len([line for line in hub.requests if line.startswith("PUT /lfs/")]) == 1


def test_the_server_says_how_long_to_wait(hub: Hub, files: dict[str, Path], pauses: list[float]) -> None:
    made = Repository("me/name", TOKEN).made()
    hub.faults.append(Fault("/commit/", 429, times=5, headers={"Retry-After": "47"}))
    made.upload(files, "first")
    assert max(pauses) >= 47


def test_a_server_that_stays_away_fails_with_its_answer(hub: Hub, files: dict[str, Path], pauses: list[float]) -> None:
    made = Repository("me/name", TOKEN).made()
    hub.faults.append(Fault("/commit/", 503, times=1000))
    with pytest.raises(UploadFailed, match=r"me/name: .*503"):
        made.upload(files, "first")
    assert [pause for pause in pauses if pause in PAUSES]


def test_a_token_that_expires_meanwhile_fails_at_once(hub: Hub, files: dict[str, Path], pauses: list[float]) -> None:
    made = Repository("me/name", TOKEN).made()
    hub.denied.add("me/name")
    with pytest.raises(UploadFailed, match="403"):
        made.upload(files, "first")
    assert pauses == []


def test_every_key_of_the_config_reaches_the_repository() -> None:
    words = [
        "hub=every_save",
        "training.hub_model_id=me/name",
        f"training.hub_token={TOKEN}",
        "training.hub_private_repo=true",
        "training.hub_revision=second",
    ]
    try:
        found = repository.of(compose(words, environment=False).config)
        assert found == Repository("me/name", TOKEN, private=True, revision="second")
        assert repository.of(compose([], environment=False).config) is None
    finally:
        secrets.forget()


def test_a_server_that_says_when_by_a_date_is_waited_for_until_then(
    hub: Hub, files: dict[str, Path], pauses: list[float]
) -> None:
    made = Repository("me/name", TOKEN).made()
    then = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=90), usegmt=True)
    hub.faults.append(Fault("/commit/", 429, times=5, headers={"Retry-After": then}))
    made.upload(files, "first")
    assert max(pauses) > 60


def test_a_server_that_asks_for_an_hour_is_not_waited_for(
    hub: Hub, files: dict[str, Path], pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Repository("me/name", TOKEN).made()
    hub.faults.append(Fault("/commit/", 429, times=1000, headers={"Retry-After": "3600"}))
    with pytest.raises(UploadFailed, match="not before 3600 s from now"):
        made.upload(files, "first")


def test_a_server_whose_process_is_gone_for_a_minute_is_waited_for(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens at its address; a second server with the same content takes its place there."""
    slept: list[float] = []
    with ExitStack() as later:
        with running() as hub:
            monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.address)
            monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
            monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
            made = Repository("me/name", TOKEN).made()
        huggingface_hub.close_session()  # its open connection would still be answered

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            if sum(slept) > 60 and not hub.commits and not later_is_up:
                later_is_up.append(later.enter_context(running(hub)))

        later_is_up: list[Hub] = []
        monkeypatch.setattr("time.sleep", sleep)
        made.upload(files, "first")
        assert later_is_up
        assert set(hub.files("me/name")) == set(files)
