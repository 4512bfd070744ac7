"""Whether the hub and the trackers take what this machine knows; only when asked, since it needs the network."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

from gliexp.config import secrets
from gliexp.config.compose import Composed
from gliexp.errors import Problem


def access(composed: Composed, say: Callable[[str], None]) -> list[Problem]:
    """Ask the hub about the token, the repository to push to and the backbones, and the tracker about its key."""
    return [*_hub(composed, say), *_backbones(composed, say), *_tracker(composed, say)]


def _hub(composed: Composed, say: Callable[[str], None]) -> Iterator[Problem]:
    training = composed.config.training
    if not training.push_to_hub:
        return
    from huggingface_hub import HfApi

    try:
        who = HfApi(token=secrets.reveal("training.hub_token")).whoami()
    except (OSError, ValueError) as error:  # no token, a wrong one, or no network
        yield Problem("training.hub_token", f"the hub does not take it: {_line(error)}", "hf auth login, or HF_TOKEN")
        return
    owner = str(training.hub_model_id).rpartition("/")[0]
    owners = {who["name"], *(organisation["name"] for organisation in who.get("orgs", []))}
    if owner and owner not in owners:
        allowed = ", ".join(sorted(owners))
        yield Problem("training.hub_model_id", f"{who['name']} may not write to {owner}", allowed)
    else:
        say(f"hub: {who['name']} may push to {training.hub_model_id}")


def _backbones(composed: Composed, say: Callable[[str], None]) -> Iterator[Problem]:
    from huggingface_hub import HfApi

    model, backbone = composed.config.model, composed.config.backbone
    wanted = (
        {"model.from_pretrained": model.from_pretrained}
        if model.from_pretrained
        else {"model.model_name": model.model_name}
    )
    for key, name in wanted.items():
        if name is None or Path(name).exists() or (backbone.source == "built_in" and not model.from_pretrained):
            continue
        try:
            HfApi(token=secrets.reveal("training.hub_token")).model_info(name.partition("@")[0])
        except (OSError, ValueError) as error:
            yield Problem(
                key, f"the hub does not give {name}: {_line(error)}", "a repository that exists and is open to you"
            )
        else:
            say(f"hub: {name} is there")


def _tracker(composed: Composed, say: Callable[[str], None]) -> Iterator[Problem]:
    chosen = composed.config.training.report_to
    trackers = [chosen] if isinstance(chosen, str) else chosen
    if (
        "wandb" not in trackers
        or composed.config.tracking.mode != "online"
        or importlib.util.find_spec("wandb") is None
    ):
        return
    import wandb

    try:
        wandb.login(verify=True, timeout=20, relogin=False)
    except (OSError, ValueError, wandb.errors.Error) as error:
        yield Problem(
            "tracking.mode", f"W&B does not take the key: {_line(error)}", "wandb login, or tracking.mode=offline"
        )
    else:
        say("W&B: the key is valid")


def _line(error: BaseException) -> str:
    return secrets.scrub(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)
