"""What an interpolation reads: keys, environment variables, or what one of the config's own resolvers picks."""

from __future__ import annotations

import re
from typing import Any

from omegaconf import Container

from gliexp.config import resolvers

_NODE = re.compile(r"\$\{(\.*)([A-Za-z_][\w.]*)\}|\$\{oc\.select:\s*()([A-Za-z_][\w.]*)")
_VARIABLE = re.compile(r"\$\{oc\.env:\s*([A-Za-z_]\w*)")
_RATE = re.compile(r"\$\{rate:\s*(\w+)\s*\}")


def keys_read(key: str, value: Any, root: Container) -> tuple[str, ...]:
    """The keys that `value`, written at `key`, is taken from; `root` is the whole config."""
    found: list[str] = []
    for text in _texts(value):
        found += [_absolute(key, match[1] or "", match[2] or match[4]) for match in _NODE.finditer(text)]
        found += [resolvers.rate_key(name, root) for name in _RATE.findall(text)]
    return tuple(dict.fromkeys(found))


def variables_read(value: Any) -> tuple[str, ...]:
    """The environment variables that `value` is taken from."""
    return tuple(dict.fromkeys(name for text in _texts(value) for name in _VARIABLE.findall(text)))


def _absolute(key: str, dots: str, path: str) -> str:
    """A relative reference as OmegaConf reads it: one dot is the section that the key stands in."""
    if not dots:
        return path
    parents = key.split(".")[: -len(dots)]
    return ".".join([*parents, path])


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []
