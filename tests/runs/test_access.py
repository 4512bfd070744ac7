"""check --online: what the hub says about token, repository and backbone."""

from __future__ import annotations

from typing import Any

import huggingface_hub
import pytest

from gliexp.config.compose import compose
from gliexp.runs.access import access

PUSH = ["hub=end", "training.hub_model_id=owner/name"]


class Hub:
    """Stands in for HfApi: knows one user and one repository."""

    def __init__(self, token: str | None = None) -> None:
        pass

    def whoami(self) -> dict[str, Any]:
        return {"name": "me", "orgs": [{"name": "owner"}]}

    def model_info(self, name: str) -> None:
        if name != "there/it-is":
            raise OSError(f"404 for {name}")


def asked(monkeypatch: pytest.MonkeyPatch, hub: type, *overrides: str) -> tuple[list[str], list[str]]:
    monkeypatch.setattr(huggingface_hub, "HfApi", hub)
    said: list[str] = []
    return [str(problem) for problem in access(compose(overrides, environment=False), said.append)], said


def test_nothing_is_asked_that_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, Hub) == ([], [])


def test_a_repository_of_one_s_own_and_a_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    problems, said = asked(monkeypatch, Hub, *PUSH, "model.model_name=there/it-is")
    assert problems == []
    assert said == ["hub: me may push to owner/name", "hub: there/it-is is there"]


def test_another_s_repository_and_no_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    problems, _ = asked(monkeypatch, Hub, "hub=end", "training.hub_model_id=else/name", "model.model_name=not/there")
    assert "me may not write to else" in problems[0]
    assert "does not give not/there: 404" in problems[1]


def test_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(Hub):
        def whoami(self) -> dict[str, Any]:
            raise OSError("401 for hf_PLANTEDtokenPLANTED")

    (problem,), _ = asked(monkeypatch, Closed, *PUSH)
    assert "the hub does not take it: 401" in problem
    assert "PLANTED" not in problem
