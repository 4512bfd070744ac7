"""Tokens: held in this process's memory, replaced by a mark wherever a config is kept, printed or written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from gliexp.config import secret_forms
from gliexp.config.keys import index

MARK = secret_forms.MARK
VARIABLES = "hydra.job.env_set."
"""Where Hydra takes variables from that a job's environment gets; secrets among them are set by `exported`."""
_ENVIRONMENT = "GLIEXP_SECRET_"
LEAST_INSIDE = 6
"""Letters of a secret that is looked for inside of texts: a shorter one is part of too many words."""
_held: dict[str, str] = {}


def is_secret(key: str) -> bool:
    """Whether a dotted key is a secret by the schema, or, where no such key is, by the sound of its name."""
    bare = key.lstrip("+~")
    known = index().get(bare)
    return known.limits.secret if known else secret_forms.sounds_secret(bare.rsplit(".", 1)[-1])


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


def exported() -> dict[str, str]:
    """Secret variables that `hydra.job.env_set` names, for the environment of the run."""
    return {key.removeprefix(VARIABLES): value for key, value in _held.items() if key.startswith(VARIABLES)}


def scrub(text: str) -> str:
    """A message without any known secret and without anything that has the form of a token."""
    return secret_forms.without_hex(scrub_file(text))


def scrub_file(text: str) -> str:
    """The same for what is read again: 40 hex digits stay, since they are more often a commit than a W&B key."""
    return secret_forms.without_forms(_without_known(text))


def _without_known(text: str) -> str:
    """A text without the secrets that are held and those of the environment."""
    for value in sorted({*_held.values(), *secret_forms.of_environment()}, key=len, reverse=True):
        if len(value) >= LEAST_INSIDE:
            text = text.replace(value, MARK)
        elif text == value:
            return MARK
    return text


def masked_override(text: str) -> str:
    """An override as it may be recorded."""
    name, equals, _ = text.partition("=")
    return f"{name}={MARK}" if equals and is_secret(name) else scrub_file(text)


def mask(config: DictConfig) -> list[str]:
    """Hold the secrets of a composed config and leave marks in their place, in Hydra's part and its record too.

    Returns notices of the keys that are not secrets and read one, through an interpolation of the environment.
    """
    notices: list[str] = []
    with open_dict(config):
        for key in secret_keys():
            try:
                value = OmegaConf.select(config, key)
            except OmegaConfBaseException:
                continue  # compose reports what does not resolve, by key
            OmegaConf.update(config, key, hold(key, value))
        for task in ("task", "hydra"):
            recorded = OmegaConf.to_container(config.hydra.overrides[task], resolve=False)
            config.hydra.overrides[task] = [masked_override(str(text)) for text in recorded or []]
        config.hydra.job.override_dirname = ",".join(sorted(given_overrides(config)))
        _mask_variables(config)
        for key, text in list(_texts(OmegaConf.to_container(config, resolve=False))):
            shown = _masked(config, key, text)
            if shown is not None:
                OmegaConf.update(config, key, shown)
                notices += [] if key.startswith("hydra.") else [f"{key} holds a secret, which is masked"]
    return notices


def _mask_variables(config: DictConfig) -> None:
    """Secret variables leave Hydra's part, which is written to hydra.yaml."""
    variables = config.hydra.job.env_set
    for name in [str(name) for name in variables if secret_forms.sounds_secret(str(name))]:
        hold(f"{VARIABLES}{name}", OmegaConf.select(config, f"{VARIABLES}{name}"))
        del variables[name]


def _texts(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(dotted path, text) of every text in plain mappings and lists."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in items:
        inner = f"{path}.{name}" if path else str(name)
        if isinstance(value, str):
            yield inner, value
        else:
            yield from _texts(value, inner)


def _masked(config: DictConfig, key: str, text: str) -> str | None:
    """What stands in place of a text that is or reads a secret; None where it does neither."""
    if key.startswith("hydra.") and is_secret(key) and text:
        return MARK
    if "oc.env" in text:
        try:
            text = str(OmegaConf.select(config, key))
        except OmegaConfBaseException:
            return None  # compose reports what does not resolve, by key
    shown = _without_known(text)
    return shown if shown != text else None


def given_overrides(config: DictConfig) -> list[str]:
    """Hydra's record of the overrides, as text: reading its items one by one would resolve interpolations in them."""
    texts = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)
    return [str(text) for text in texts] if isinstance(texts, list) else []
