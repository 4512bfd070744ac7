"""model.from_pretrained=OWNER/NAME@REVISION begins with the weights of that revision, by the real client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from hub_server import TOKEN, Hub

from gliexp.config.compose import compose
from gliexp.errors import Refusal
from gliexp.models import gliner
from gliexp.runs import base
from gliexp.runs.hub.repository import Repository


@pytest.fixture(autouse=True)
def _downloads(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads of this process go to the server too, into a cache of their own."""
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def _model(directory: Path, seed: int) -> Any:
    made = base.of(compose([f"run.seed={seed}"], environment=False).config).build(False)
    gliner.save(made, directory)
    return made


def _begun(named: str) -> Any:
    return base.of(compose([f"model.from_pretrained={named}"], environment=False).config).build(False)


def test_a_branch_and_a_commit_are_what_they_were(hub: Hub, tmp_path: Path) -> None:
    models = {"main": _model(tmp_path / "one", 1), "second": _model(tmp_path / "two", 2)}
    assert not torch.equal(*map(_named, models.values()))
    for branch, directory in (("main", "one"), ("second", "two")):
        files = {file.name: file for file in (tmp_path / directory).iterdir() if file.is_file()}
        Repository("me/named", TOKEN, revision=None if branch == "main" else branch).made().upload(files, branch)
    wanted = {"me/named": "main", "me/named@main": "main", "me/named@second": "second"}
    wanted[f"me/named@{hub.heads['me/named', 'second']}"] = "second"
    for named, branch in wanted.items():
        assert torch.equal(_named(_begun(named)), _named(models[branch])), named


def _named(model: Any) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for _, parameter in sorted(model.named_parameters())])


def test_a_repository_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refusal, match=r"me/nowhere.*cannot be fetched"):
        _begun("me/nowhere@second")
