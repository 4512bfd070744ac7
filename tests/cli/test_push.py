from __future__ import annotations

import json
from pathlib import Path

import pytest
from hub_server import TOKEN, Hub
from runs.hub.conftest import hub, pauses, run  # noqa: F401 fixtures

from gliexp.cli import push
from gliexp.errors import Refusal

pytestmark = pytest.mark.usefixtures("pauses")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def test_a_run_is_pushed_with_its_card(hub: Hub, run: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert push.run([str(run), "--to", "me/politics", "--private"]) == 0
    files = hub.files("me/politics")
    assert files["model.safetensors"] == (run / "model" / "model.safetensors").read_bytes()
    assert files["README.md"].startswith(b"---\n")
    assert hub.private == {"me/politics": True}
    assert "/me/politics/commit/" in capsys.readouterr().out
    assert TOKEN.encode() not in b"".join(files.values())


def test_the_repository_of_the_config_is_the_default(hub: Hub, run: Path) -> None:  # noqa: F811
    push.run([str(run)])
    assert "me/from-config" in hub.repositories


def test_a_dry_run_sends_nothing_and_shows_all(hub: Hub, run: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert push.run([str(run), "--to", "me/politics", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "200,000 bytes  model.safetensors" in shown
    assert "library_name: gliner" in shown
    assert hub.requests == []


def test_what_is_no_finished_run_is_refused(run: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refusal, match=r"has no run.json(.|\n)*which repository"):
        push.run([str(tmp_path / "empty")])
    (run / "run.json").write_text(json.dumps({"status": "failed"}))
    with pytest.raises(Refusal, match="is failed"):
        push.run([str(run), "--to", "me/politics"])
