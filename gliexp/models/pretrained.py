"""Loads a transformers backbone for a GLiNER: its config with overrides, and its weights in float32.

The library does this itself when `backbone_from_pretrained=True`, but ignores `encoder_config` and
`_attn_implementation`, runs a repository's code unasked (gliner/modeling/encoder.py:132 and decoder.py:132 hard-code
`trust_remote_code=True`) and reads the text backbone of a token bi-encoder twice (gliner/modeling/base.py:1359, by
cooperative inheritance). So models are built from configs alone, and the weights are put in here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel

from gliexp.errors import Problem, Refusal

MEANING = ("model_type", "num_attention_heads", "num_key_value_heads")
"""Settings that leave the weights' shapes alone and still decide what the weights mean."""

ALLOWED = "a model of the hub that can be reached, a directory, or backbone=minilm, which needs no network"


def backbone_config(
    source: str, overrides: Mapping[str, Any] | None, *, key: str, trust_remote_code: bool = False
) -> Any:
    """Config of the backbone at `source` (directory or repository) with `overrides` put on it.

    `key` names the place of the overrides for messages. Raises Refusal when there is no such backbone, when it needs
    code of its own that is not trusted, when an override is unknown, or when it does not fit the pretrained weights.
    """
    if (Path(source) / "adapter_config.json").is_file():
        message = f"{source} holds an adapter, which the library would load in place of the backbone"
        raise Refusal([Problem(key, message, "a directory of whole weights: merge the adapter first")])
    config = _read_config(source, key, trust_remote_code)
    if not trust_remote_code and getattr(config, "auto_map", None):
        del config.auto_map  # gliner builds with trust_remote_code=True, and this is what names the code
    if overrides:
        config = _overridden(config, dict(overrides), key)
    config.dtype = torch.float32
    return config


def _read_config(source: str, key: str, trust_remote_code: bool) -> Any:
    try:
        return AutoConfig.from_pretrained(source, trust_remote_code=trust_remote_code)
    except (OSError, ValueError) as error:
        place = "backbone" if key == "model.encoder_config" else key.removesuffix("_config")
        raise Refusal([Problem(place, f"cannot load the backbone {source}: {first_line(error)}", ALLOWED)]) from error


def _overridden(config: Any, overrides: dict[str, Any], key: str) -> Any:
    known = config.to_dict()
    unknown = [name for name in overrides if name not in known]
    if unknown:
        kind = type(config).__name__
        raise Refusal(
            [Problem(f"{key}.{name}", f"{kind} has no such setting", nearest=_nearest(name, known)) for name in unknown]
        )
    changed = type(config).from_dict({**known, **overrides})
    unfit = [name for name in MEANING if name in overrides and overrides[name] != known[name]]
    unfit = unfit or _reshaping(config, changed, overrides)
    if unfit:
        message = "does not fit the pretrained weights of {}, which have {}"
        raise Refusal(
            [
                Problem(f"{key}.{name}", message.format(config._name_or_path, known[name]), "the pretrained value")
                for name in unfit
            ]
        )
    return changed


def _reshaping(config: Any, changed: Any, overrides: Mapping[str, Any]) -> list[str]:
    if _shapes(config) == _shapes(changed):
        return []
    known = config.to_dict()
    return [name for name, value in overrides.items() if value != known[name]]


def _shapes(config: Any) -> dict[str, torch.Size]:
    with torch.device("meta"):
        model = AutoModel.from_config(config)
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    return "".join(difflib.get_close_matches(name, known, n=1))


def load_weights(like: nn.Module, source: str, config: Any, *, key: str, trust_remote_code: bool = False) -> nn.Module:
    """A module of the class of `like` with the pretrained weights at `source`, in float32, attention as in `config`.

    Raises Refusal when the weights cannot be read.
    """
    attention = getattr(config, "_attn_implementation", None)
    try:
        loaded: nn.Module = type(like).from_pretrained(  # type: ignore[attr-defined]
            source,
            config=config,
            dtype=torch.float32,
            trust_remote_code=trust_remote_code,
            **({"attn_implementation": attention} if attention else {}),
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise Refusal([Problem(key, f"cannot load the weights of {source}: {first_line(error)}")]) from error
    return loaded


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its type where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
