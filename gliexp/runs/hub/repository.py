"""A model repository on the Hub: looked at and made before training, written to over a network that may fail."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub._commit_api import CommitOperation
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from huggingface_hub.utils._validators import validate_repo_id

from gliexp.config.schema import Config
from gliexp.config.secrets import reveal
from gliexp.errors import GliexpError, Problem, Refusal

logger = logging.getLogger("gliexp")

NAME, TOKEN = "training.hub_model_id", "training.hub_token"
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 32.0)
"""Seconds between attempts: a server that is gone for a minute and a half is waited for. The client's own retries come
on top."""
LONGEST = 600.0
"""Seconds that a server may ask to wait; one that asks for more is not waited for."""
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which the same request may succeed."""


class UploadFailed(GliexpError):
    """Nothing was committed. The message names the cause."""


@dataclass(frozen=True)
class Repository:
    """Where a model goes: `name` is owner/name (or name alone, under the token's account); `revision` is a branch."""

    name: str
    token: str | None = None
    private: bool = False
    revision: str | None = None

    @property
    def api(self) -> HfApi:
        """The client, at the endpoint that HF_ENDPOINT names."""
        return HfApi(token=self.token)

    def made(self) -> Repository:
        """The repository under its full name, made on the Hub where it was not.

        Raises Refusal for an illegal name, for a token that is missing, invalid or may only read, for a repository that
        it may not write to, and when the Hub cannot be reached.
        """
        try:
            validate_repo_id(self.name)
        except HFValidationError as error:
            raise _refused(NAME, f"does not accept {self.name!r}: {error}", "owner/name") from error
        if self.token is None:
            raise _refused(TOKEN, "there is no token", "hf auth login, or HF_TOKEN in the environment")
        _check_writes(self._account())
        try:
            made = self.api.create_repo(self.name, private=self.private, exist_ok=True).repo_id
            if self.revision:
                self.api.create_branch(made, branch=self.revision, exist_ok=True)
        except HfHubHTTPError as error:
            raise _refused(
                NAME, f"cannot be written to: {told(error)}", "a repository of the token's account"
            ) from error
        except (httpx.TransportError, OfflineModeIsEnabled) as error:
            raise _unreachable(error) from error
        return replace(self, name=made)

    def _account(self) -> Mapping[str, Any]:
        try:
            known: Mapping[str, Any] = self.api.whoami()
            return known
        except HfHubHTTPError as error:
            if error.response.status_code in (401, 403):
                message = "the token is not valid: it may be misspelt, revoked or expired"
                raise _refused(TOKEN, message, "a token from the settings of your account") from error
            raise _unreachable(error) from error
        except (httpx.TransportError, OfflineModeIsEnabled) as error:
            raise _unreachable(error) from error

    def upload(self, files: Mapping[str, Path], message: str, *, delete: Sequence[str] = ()) -> str:
        """Commit `files` (place in the repository → file on disk) at once and return the commit's address.

        Places in `delete` (a trailing / means a folder) are removed in the same commit. What the network or the server
        spoils is tried again for a minute and a half; a file that arrived is not sent twice. Raises UploadFailed.
        """
        pauses: Iterator[float] = iter(PAUSES)
        while True:
            operations: list[CommitOperation] = [CommitOperationDelete(place) for place in delete]
            operations += [CommitOperationAdd(place, str(file)) for place, file in sorted(files.items())]
            try:
                done = self.api.create_commit(self.name, operations, commit_message=message, revision=self.revision)
                return str(done.commit_url)
            except (OSError, RuntimeError, ValueError, httpx.TransportError) as error:
                pause = next(pauses, None)
                if pause is None or not _passes(error):
                    raise UploadFailed(f"{self.name}: {told(error)}") from error
                pause = max(pause, _asked_for(error))
                if pause > LONGEST:
                    raise UploadFailed(f"{self.name}: {told(error)}; not before {pause:g} s from now") from error
                logger.warning("upload to %s: %s; trying again in %g s", self.name, told(error), pause)
                time.sleep(pause)


def of(config: Config) -> Repository | None:
    """The repository that a run's config names; None where nothing is to leave the machine."""
    training = config.training
    if not training.push_to_hub:
        return None
    return Repository(
        str(training.hub_model_id),
        token=reveal(TOKEN) if training.hub_token else get_token(),
        private=bool(training.hub_private_repo),
        revision=training.hub_revision,
    )


def _check_writes(account: Mapping[str, Any]) -> None:
    """Refuse a token that says of itself that it only reads; of fine-grained ones the server alone knows."""
    role = (account.get("auth") or {}).get("accessToken", {}).get("role")
    if role == "read":
        raise _refused(TOKEN, "the token may only read", "a token with the right to write")


def _passes(error: Exception) -> bool:
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in PASSING
    # hf_xet reports its transfers' failures as RuntimeError
    return isinstance(error, (httpx.TransportError, ConnectionError, TimeoutError, RuntimeError))


def _asked_for(error: Exception) -> float:
    """Seconds that the server asked to wait, 0 where it did not."""
    if not isinstance(error, HfHubHTTPError):
        return 0.0
    wanted = error.response.headers.get("Retry-After", "")
    if wanted.isdigit():
        return float(wanted)
    try:  # a date, the other form that HTTP has for it (RFC 9110, 10.2.3)
        return max(0.0, parsedate_to_datetime(wanted).timestamp() - time.time())
    except ValueError:
        return 0.0


def told(error: Exception) -> str:
    """The first line of what went wrong, with the status of an answer."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    if isinstance(error, HfHubHTTPError) and str(error.response.status_code) not in lines[0]:
        return f"{error.response.status_code} {lines[0]}"
    return lines[0]


def _unreachable(error: Exception) -> Refusal:
    return _refused("training.push_to_hub", f"the Hub cannot be reached: {told(error)}", "hub=none, or a network")


def _refused(key: str, message: str, allowed: str) -> Refusal:
    return Refusal([Problem(key, message, allowed)])
