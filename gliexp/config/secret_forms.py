"""What secrets look like: their names, the forms of tokens, and the environment's variables that hold some."""

from __future__ import annotations

import os
import re

MARK = "***"
SHORTEST = 8
"""Values of variables with fewer characters ("1", "true", "none") are no secrets, and would be masked everywhere."""

_WORDS = "token|tokn|secret|password|passwd|passphrase|pwd|credential|key|apikey|authorization|bearer"
_NAME = re.compile(rf"(?:^|_)(?:{_WORDS})s?$|(?:^|_)(?:secret|password|passwd|passphrase|credential|api_key)s?(?:_|$)")
# Settings of tokenizers and models whose value is a word of their vocabulary.
_SPECIAL_TOKENS = re.compile(
    r"(?:^|_)(?:pad|sep|cls|bos|eos|unk|mask|ent|rel|label|class|text|example|image|audio|begin|end|start|stop)_tokens?$"
    r"|(?:^|_)(?:max|min|new|num|special|additional)(?:_\w+)?_tokens?$|(?:^|_)(?:sort|group|metric|dict|primary|label)_keys?$"
)
# Forms of tokens that must not be shown even under a misspelt key: Hugging Face, GitHub, GitLab, OpenAI, Slack, AWS,
# W&B, and the password in a URL.
_TOKEN = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{8,}|api_org_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}"
    r"|sk-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|wandb_v\d_\w{16,})\b|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
)
# W&B's older keys. Commits and hashes look the same, so that this form is masked in messages alone.
_HEX = re.compile(r"\b[0-9a-f]{40}\b")
_ASSIGNED = re.compile(
    r"(?P<name>\w*(?:token|secret|password|passwd|passphrase|credential|key)s?)(?P<sign>[\"']?\s*[:=]\s*[\"']?)"
    r"(?P<value>[^\s,;&\"'{}\[\]]+)",
    re.IGNORECASE,
)


def sounds_secret(name: str) -> bool:
    """Whether a name (`hubToken`, `WANDB_API_KEY`, `db-password`) is that of a secret."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
    return bool(_NAME.search(words)) and not _SPECIAL_TOKENS.search(words)


def of_environment() -> list[str]:
    """Values of the environment's variables that sound like secrets; paths to files with secrets are none."""
    return [
        value
        for name, value in os.environ.items()
        if len(value) >= SHORTEST and sounds_secret(name) and not value.startswith(("/", "~"))
    ]


def without_forms(text: str) -> str:
    """A text without what has the form of a token."""
    return _TOKEN.sub(MARK, text)


def without_hex(text: str) -> str:
    """A text without 40 hex digits in a row, as W&B's older keys and git's commits are written."""
    return _HEX.sub(MARK, text)


def without_assigned(text: str) -> str:
    """A text in which what stands behind `password=`, `"api_key": ` and the like is masked."""

    def masked(found: re.Match[str]) -> str:
        return f"{found['name']}{found['sign']}{MARK}" if sounds_secret(found["name"]) else found[0]

    return _ASSIGNED.sub(masked, text)
