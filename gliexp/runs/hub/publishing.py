"""What a run puts on the Hub: its checkpoints while it trains, the finished model with its card at the end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from gliexp.config.schema import Config
from gliexp.runs.hub import contents, repository
from gliexp.runs.hub.callback import UploadOnSave
from gliexp.runs.hub.card import card
from gliexp.runs.hub.repository import Repository, UploadFailed
from gliexp.runs.hub.staging import Staging
from gliexp.runs.hub.uploads import Upload, Uploads

logger = logging.getLogger("gliexp")

STAGING = ".uploads"
FINISHED = "the finished model"


def push(run: Path, target: Repository) -> str:
    """Write the run's card, upload the model with it in one commit, and return the commit's address.

    Checkpoints whose upload failed while the run trained go before it. Raises UploadFailed; what the run wrote stays as
    it is.
    """
    staging = Staging(run / STAGING)
    for left in staging.left():
        target.upload(left.files, f"Training in progress, {left.label}")
        staging.forget(left)
    return _push_model(run, target)


def _push_model(run: Path, target: Repository) -> str:
    try:
        (run / contents.CARD).write_text(card(run, target.name), encoding="utf-8")
    except OSError as error:
        raise UploadFailed(f"{target.name}: the card cannot be written: {error}") from error
    return target.upload(files_of(run), f"{FINISHED.removeprefix('the ').capitalize()} of {run.name}")


def files_of(run: Path) -> dict[str, Path]:
    """Place in the repository → file: what `push` uploads, the card among them."""
    return contents.of_run(run) | {contents.CARD: run / contents.CARD}


class Publishing:
    """A run's uploads from its start to its end."""

    def __init__(self, target: Repository, run: Path, *, strategy: str, always: bool) -> None:
        self.target = target
        self.run = run
        self.uploads = Uploads(target, Staging(run / STAGING), always=always, every=strategy == "all_checkpoints")
        self.callback = UploadOnSave(self.uploads, strategy)

    def finish(self) -> dict[str, Any]:
        """Wait for what is under way, upload the finished model, and return what run.json says of it all."""
        results = self.uploads.finish()
        try:
            results.append(Upload(FINISHED, commit=_push_model(self.run, self.target)))
        except UploadFailed as error:
            logger.error("the upload of %s failed: %s", FINISHED, error)
            results.append(Upload(FINISHED, error=str(error)))
        return self._published(results)

    def broken_off(self, why: str) -> dict[str, Any]:
        """The same for a run that was told to end before the finished model had arrived."""
        return self._published([*self.uploads.results, Upload(FINISHED, error=why)])

    def told(self, published: Mapping[str, Any]) -> list[str]:
        """What to say at the end: where the model is, and what failed with the command that repeats it."""
        uploads = published["uploads"]
        lines = [f"the upload of {each['label']} failed: {each['error']}" for each in uploads if each["error"]]
        missing = not is_complete(published)
        if missing or Staging(self.run / STAGING).left():
            lines.append(f"nothing is lost: python -m gliexp push {self.run} --to {self.target.name}")
        return lines if missing else [*lines, f"hub     {published['address']}"]

    def _published(self, results: list[Upload]) -> dict[str, Any]:
        return {
            "repository": self.target.name,
            "address": f"{constants.ENDPOINT}/{self.target.name}",
            "uploads": [vars(result) for result in results],
        }


def is_complete(published: Mapping[str, Any] | None) -> bool:
    """Whether the finished model is on the Hub, by what run.json says."""
    uploads = (published or {}).get("uploads", [])
    return any(each["label"] == FINISHED and each["commit"] for each in uploads)


def of(config: Config, run: Path) -> Publishing | None:
    """The publishing that a config asks for, its repository made; None where nothing is to leave the machine.

    Raises Refusal where the Hub would take nothing, before anything is trained.
    """
    target = repository.of(config)
    if target is None:
        return None
    training = config.training
    return Publishing(target.made(), run, strategy=training.hub_strategy, always=training.hub_always_push)
