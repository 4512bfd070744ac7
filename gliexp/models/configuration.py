"""From config values to the library's config class: the architecture that they choose, with no key of another."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

import gliner.config
from gliner import GLiNER
from gliner.config import BaseGLiNERConfig, GLiNERConfig, StreamingSpanConfig, UniEncoderTokenDecoderConfig

from gliexp.errors import Problem, Refusal

STREAMING_TYPE = "gliner_streaming_span"
OWN_KEYS = frozenset({"from_pretrained", "model_type"})
"""Keys of the `model` section that steer the choice of model and are not settings of it."""
MEASURED_KEYS = frozenset({"vocab_size", "class_token_index", "rel_token_index", "sep_token_index"})
"""Keys that the library overwrites with what it finds in the tokenizer."""
STREAMING_ALIASES = frozenset({"labels_decoder", "labels_decoder_config"})
"""Former names of model_name and decoder_config in streaming configs, read from old checkpoints only."""


def gliner_class(values: Mapping[str, Any]) -> type:
    """The library class that `values` choose.

    Streaming when model_type says so, then relations_layer, labels_decoder, labels_encoder, else plain; token or span
    by span_mode. Raises Refusal when relations_layer, labels_decoder and labels_encoder are not at most one.
    """
    if values.get("model_type") == STREAMING_TYPE:
        return _class_for(StreamingSpanConfig(model_name=""))
    choosers = {key: values.get(key) for key in ("relations_layer", "labels_decoder", "labels_encoder")}
    given = [key for key, value in choosers.items() if value is not None]
    if len(given) > 1:
        message = f"{' and '.join(given)} are all set, and the library would silently follow {given[0]} alone"
        raise Refusal([Problem("model", message, "at most one of them")])
    return _class_for(GLiNERConfig(span_mode=values.get("span_mode") or "markerV0", **choosers))


def _class_for(config: BaseGLiNERConfig) -> type:
    cls: type = GLiNER._get_gliner_class(config)
    return cls


@cache
def keys_of(config_class: type) -> frozenset[str]:
    """Names of the settings that a library config class takes, its parents' included."""
    names: set[str] = set()
    for cls in config_class.__mro__:
        if issubclass(cls, BaseGLiNERConfig) and "__init__" in vars(cls):
            parameters = inspect.signature(vars(cls)["__init__"]).parameters.values()
            names |= {p.name for p in parameters if p.kind is not p.VAR_KEYWORD and p.name != "self"}
    return frozenset(names)


@cache
def every_key() -> frozenset[str]:
    """Names of the settings of all the library's GLiNER configs."""
    classes = [cls for cls in vars(gliner.config).values() if isinstance(cls, type)]
    return frozenset().union(*(keys_of(cls) for cls in classes if issubclass(cls, BaseGLiNERConfig)))


def settings(values: Mapping[str, Any], config_class: type) -> dict[str, Any]:
    """The values that `config_class` takes, ready for the library.

    Keys of other architectures and measured keys are left out. Raises Refusal for a key that no GLiNER config has.
    Relation augmentation stays off unless asked for: the library turns it on for half the examples while its own
    documentation says 0.0 (gliner/config.py:410). A token decoder never gets `full_decoder_context`: gliner compares
    word numbers that start at 1 with spans that start at 0 (gliner/modeling/base.py:2489), so span (3, 3) is shown
    word 2 and a span at word 0 the whole prompt, when the stock library predicts as much as in training.
    """
    unknown = [key for key in values if key not in every_key() and key not in OWN_KEYS]
    if unknown:
        raise Refusal([_unknown(key) for key in unknown])
    taken = keys_of(config_class) - MEASURED_KEYS
    if config_class is StreamingSpanConfig:
        taken -= STREAMING_ALIASES
    # null means the library's default, which is not always None
    chosen = {key: value for key, value in values.items() if key in taken and value is not None}
    if "augment_data_prob" in taken:
        chosen.setdefault("augment_data_prob", 0.0)
    if issubclass(config_class, UniEncoderTokenDecoderConfig):
        chosen["full_decoder_context"] = False
    return chosen


def _unknown(key: str) -> Problem:
    nearest = difflib.get_close_matches(key, every_key(), n=1)
    return Problem(f"model.{key}", "no GLiNER config has this key", nearest="".join(nearest))
