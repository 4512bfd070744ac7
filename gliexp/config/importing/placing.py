"""Finds the key of ours for each name in a foreign file, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config import foreign, legacy, nearest, secrets
from gliexp.config.importing import unplaced
from gliexp.config.importing.fitting import Unfit, fit
from gliexp.config.importing.names import ORDER, is_secret, key_of, leaves
from gliexp.config.importing.reading import (
    ADAPTER_CONFIG,
    GLICLASS_CONFIG,
    GLINER_CONFIG,
    TRAINING_ARGUMENTS,
    WANDB,
    Source,
)
from gliexp.config.importing.special import NULL, SPECIAL
from gliexp.config.keys import index, sections

OF_MODELS = (WANDB, GLINER_CONFIG, GLICLASS_CONFIG)
"""Kinds of files in which a model's whole config is listed."""
_OWN_SEED = "run.seed"
_COMPANIONS = (
    "encoder_config",
    "labels_encoder_config",
    "labels_decoder_config",
    "label_model_config",
    "decoder_config",
)


@dataclass(frozen=True)
class Placed:
    """One name of the foreign file with the keys that it sets; `note` says what was renamed or corrected.

    Without keys, `note` is the reason why it has no place.
    """

    name: str
    value: Any
    keys: tuple[tuple[str, Any], ...] = ()
    note: str = ""


def place(source: Source) -> list[Placed]:
    """Every name of the file, in its order, each exactly once."""
    return [_placed(source, name, value) for name, value in leaves(source.content)]


def _placed(source: Source, name: str, value: Any) -> Placed:
    leaf = name.rpartition(".")[2]
    lists_model = source.kind in OF_MODELS
    why = _reason(source, name, value, lists_model)
    if why:
        return Placed(name, value, note=why)
    if leaf in SPECIAL:
        keys, note = SPECIAL[leaf](value, source)
        renamed = keys and not note and all(key.rpartition(".")[2] != leaf for key, _ in keys)
        return Placed(name, value, tuple(keys), name if renamed else note)
    key = key_of(name, ("peft", *ORDER) if source.kind == ADAPTER_CONFIG else ORDER)
    if source.kind == GLICLASS_CONFIG and f"model.{leaf}" in index():
        key = f"model.{leaf}"
    if name == "seed":
        key = _OWN_SEED
    if not key and value is None and (name in sections() or name in foreign.SECTIONS):
        return Placed(name, value, note=NULL)
    if not key:
        near = nearest.nearest_key(name)
        return Placed(name, value, note="no key of gliexp" + (f"; nearest is {near}" if near else ""))
    return _fitted(name, key, value)


def _fitted(name: str, key: str, value: Any) -> Placed:
    leaf = name.rpartition(".")[2]
    carried = legacy.CARRIED.get(leaf)
    if carried and f"training.{carried.key}" == key:
        if value is None:
            return Placed(name, value, ((f"training.{leaf}", None),))
        value = carried.translate(value)
        if value is None:
            return Placed(name, value, ((f"training.{leaf}", None),))
    try:
        fitted, note = fit(index()[key], value)
    except Unfit as error:
        return Placed(name, value, note=NULL if value is None else f"{key} {error}")
    renamed = "" if key.rpartition(".")[2] == leaf else name
    return Placed(name, value, ((key, fitted),), "; ".join(part for part in (renamed, note) if part))


def _reason(source: Source, name: str, value: Any, lists_model: bool) -> str:
    leaf = name.rpartition(".")[2]
    if leaf in unplaced.LOGGED and not (leaf == "model_type" and source.kind == GLICLASS_CONFIG and "." in name):
        return unplaced.LOGGED[leaf]
    if source.kind == GLICLASS_CONFIG and f"model.{leaf}" in index() and leaf not in _COMPANIONS:
        return ""
    why = unplaced.reason(leaf, of_model=lists_model and "." not in name)
    if why and not (source.kind == TRAINING_ARGUMENTS and f"training.{leaf}" in index()):
        return why
    if leaf in _COMPANIONS and value is not None and lists_model:
        return "the backbone's own config, which comes with its weights"
    if leaf == "problem_type" and source.kind != GLICLASS_CONFIG and not name.startswith("model."):
        return "of transformers' own classification heads"
    if is_secret(name) and value is not None:
        text = str(value)
        if secrets.is_placeholder(text):
            return "a placeholder, not a token"
        return "a token is never written into a file: training.hub_token='${oc.env:HF_TOKEN}' reads the environment"
    if leaf in legacy.GONE:
        return legacy.GONE[leaf]
    if leaf in foreign.PLACELESS and leaf not in SPECIAL:
        return foreign.PLACELESS[leaf]
    return ""
