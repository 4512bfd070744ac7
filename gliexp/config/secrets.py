"""Tokens: held in this process's memory, replaced by a mark wherever a config is kept, printed or written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from gliexp.config.keys import index

MARK = "***"
_ENVIRONMENT = "GLIEXP_SECRET_"
_held: dict[str, str] = {}

# Forms of tokens that must not be shown even under a misspelt key: Hugging Face, W&B (40 hex digits), GitHub, OpenAI.
_TOKEN = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{8,}|api_org_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|sk-[\w-]{16,}|[0-9a-f]{40})\b"
)
_SECRET_WORD = re.compile(r"(?:^|_)(?:tokn|token|secret|password|api_?key|credential)s?$")


def is_secret(key: str) -> bool:
    """Whether a dotted key is a secret by the schema, or, where no such key is, by the sound of its name."""
    bare = key.lstrip("+~")
    known = index().get(bare)
    return known.limits.secret if known else bool(_SECRET_WORD.search(bare.rsplit(".", 1)[-1]))


def secret_keys() -> tuple[str, ...]:
    """The config's secret keys."""
    return tuple(path for path, key in index().items() if key.limits.secret)


def is_placeholder(value: str) -> bool:
    """Whether a token is a template's `<HUB_TOKEN>` and not a token."""
    return value.startswith("<") and value.endswith(">")


def hold(key: str, value: Any) -> str | None:
    """Keep a secret in memory and return what the config shows instead: the mark, or null where there is none."""
    if value is None or value == MARK:
        return MARK if value == MARK else None
    text = str(value)
    if not text or is_placeholder(text):
        return None
    _held[key] = text
    return MARK


def reveal(key: str) -> str | None:
    """The secret held for a key, or None."""
    return _held.get(key)


def forget() -> None:
    """Drop everything held."""
    _held.clear()


def environment() -> dict[str, str]:
    """The held secrets as environment variables for a process that this one starts; never write them anywhere."""
    return {_ENVIRONMENT + key.replace(".", "__").upper(): value for key, value in _held.items()}


def adopt(variables: Mapping[str, str]) -> None:
    """Take over what a parent process handed down by `environment`."""
    for key in secret_keys():
        value = variables.get(_ENVIRONMENT + key.replace(".", "__").upper())
        if value:
            hold(key, value)


def scrub(text: str) -> str:
    """A text without any held secret and without anything that has the form of a token."""
    for value in sorted(_held.values(), key=len, reverse=True):
        text = text.replace(value, MARK)
    return _TOKEN.sub(MARK, text)


def masked_override(text: str) -> str:
    """An override as it may be recorded."""
    name, equals, _ = text.partition("=")
    return f"{name}={MARK}" if equals and is_secret(name) else scrub(text)


def mask(config: DictConfig) -> None:
    """Hold the secrets of a composed config and leave marks in their place, in Hydra's record of overrides too."""
    with open_dict(config):
        for key in secret_keys():
            try:
                value = OmegaConf.select(config, key)
            except OmegaConfBaseException:
                continue  # compose reports what does not resolve, by key
            OmegaConf.update(config, key, hold(key, value))
        masked = [masked_override(text) for text in given_overrides(config)]
        config.hydra.overrides.task = masked
        config.hydra.job.override_dirname = ",".join(sorted(masked))


def given_overrides(config: DictConfig) -> list[str]:
    """Hydra's record of the overrides, as text: reading its items one by one would resolve interpolations in them."""
    texts = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)
    return [str(text) for text in texts] if isinstance(texts, list) else []
