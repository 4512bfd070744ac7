"""Whether one value fits one key: its type as OmegaConf converts it, its shape, its closed set or range."""

from __future__ import annotations

from functools import cache
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gliexp.config import secrets
from gliexp.config.keys import Key
from gliexp.config.nearest import nearest_choice
from gliexp.config.schema import Config
from gliexp.config.secret_forms import without_assigned
from gliexp.errors import Problem

_SHAPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "list": list,
    "dict": dict,
    "bool": bool,
    "int": int,
    "float": (int, float),
}


@cache
def _blank() -> DictConfig:
    """A config with nothing set, used to let OmegaConf convert single values."""
    return OmegaConf.structured(Config)  # type: ignore[no-any-return]


def is_open(value: Any) -> bool:
    """Whether a value is only known once interpolations are resolved."""
    return isinstance(value, str) and "${" in value


def wrong(key: Key, value: Any, where: str) -> Problem | None:
    """What is wrong with `value` for `key`, or None. Interpolations pass: their result is looked at later."""
    if value is None or is_open(value):
        return None if is_open(value) or _accepts_null(key) else _problem(key, "must have a value", value, where)
    converted, problem = convert(key, value, where)
    if problem is not None:
        return problem
    if not key.limits.admits(converted):
        return _problem(key, "", value, where)
    return None


def convert(key: Key, value: Any, where: str) -> tuple[Any, Problem | None]:
    """The value as the config will hold it, or the problem with its type."""
    if key.limits.kinds:
        is_number = isinstance(value, bool) and "bool" not in key.limits.kinds  # which Python takes for one
        if is_number or not isinstance(value, tuple(_SHAPES[kind] for kind in key.limits.kinds)):
            return None, _problem(key, "", value, where)
        return value, None
    if value is False and "no" in key.limits.choices:
        return "no", None  # YAML reads a bare no as false
    if type(value) is key.hint or (key.hint is float and type(value) is int):
        return key.hint(value), None
    try:
        OmegaConf.update(_blank(), key.path, value, merge=False)
    except (OmegaConfBaseException, ValueError, TypeError, OverflowError):
        return None, _problem(key, "", value, where)
    converted = OmegaConf.select(_blank(), key.path)
    return (OmegaConf.to_container(converted) if OmegaConf.is_config(converted) else converted), None


def shown(key: str, value: Any) -> str:
    """A value as it may be printed: secrets masked, long ones cut."""
    if secrets.is_secret(key):
        return secrets.MARK
    text = secrets.scrub(without_assigned(repr(value) if isinstance(value, str) else str(value)))
    return text if len(text) <= 80 else f"{text[:77]}…"


def _accepts_null(key: Key) -> bool:
    return bool(key.limits.kinds) or "None" in str(key.hint)


def _problem(key: Key, message: str, value: Any, where: str) -> Problem:
    text = message or f"does not accept {shown(key.path, value)}"
    near = ""
    if key.limits.choices and isinstance(value, str):
        near = nearest_choice(value, key.limits.choices)
    return Problem(key.path, text, allowed=key.allowed, where=where, nearest=near)
