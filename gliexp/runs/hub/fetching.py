"""The checkpoint that a run left on the Hub, fetched so that the run goes on from it here."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from gliexp.errors import Problem, Refusal
from gliexp.runs.hub.contents import BEST, LAST
from gliexp.runs.hub.repository import Repository, told
from gliexp.training import checkpoints, manifest

KEY = "training.resume_from_checkpoint"
PLACE = ".from-hub"


def fetch(source: Repository, own: Path) -> list[str]:
    """Put the repository's last checkpoint, and the best one that it names, among a run's `own`; return notices.

    What is there already stays. Raises Refusal where the repository has none, or one that is damaged.
    """
    staging = own / PLACE
    patterns = [f"{LAST}/*", f"{BEST}/*", "checkpoint-*/*"]
    try:
        snapshot_download(
            source.name,
            revision=source.revision,
            token=source.token,
            allow_patterns=patterns,
            local_dir=staging,
        )
    except (HfHubHTTPError, httpx.TransportError, OfflineModeIsEnabled, OSError, ValueError) as error:
        raise _refused(f"{source.name} cannot be fetched: {told(error)}") from error
    notices = []
    folders = sorted(path.parent for path in staging.rglob(manifest.NAME))
    if not folders:
        raise _refused(f"{source.name} holds no checkpoint")
    for folder in folders:
        try:
            step = manifest.verify(folder).step
        except manifest.Damaged as error:
            raise _refused(f"{folder.name} of {source.name} cannot be used: {error}") from error
        place = checkpoints.place(own, step)
        if not place.exists():
            folder.rename(place)
            notices.append(f"fetched the checkpoint of step {step} from {source.name}")
    shutil.rmtree(staging)
    return notices


def _refused(message: str) -> Refusal:
    allowed = "hub=checkpoint or hub=all_checkpoints in the run that is gone on with, or a path, auto or null"
    return Refusal([Problem(KEY, message, allowed)])
