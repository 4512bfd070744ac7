"""The model section has every field of every GLiNER config class, with its default unless ours differs on purpose."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import gliner.config
from gliclass import GLiClassModelConfig
from gliner.config import BaseGLiNERConfig

from gliexp.config.schema.classifier import Classifier
from gliexp.config.schema.model import Model

# Ours on purpose: the only decoder mode that works, and augmentation off until it is asked for.
DIFFERENT = {"decoder_mode": "span", "augment_data_prob": 0.0}
# Streaming has other defaults for these; the group task=streaming sets them.
OF_STREAMING = {"model_name"}


def _library() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for cls in vars(gliner.config).values():
        if isinstance(cls, type) and issubclass(cls, BaseGLiNERConfig):
            for parameter in inspect.signature(cls.__init__).parameters.values():
                if parameter.kind is not parameter.VAR_KEYWORD and parameter.name != "self":
                    found.setdefault(parameter.name, parameter.default)
    return found


def _ours() -> dict[str, Any]:
    return {
        ("_attn_implementation" if field.name == "attn_implementation" else field.name): (
            field.default if field.default_factory is dataclasses.MISSING else tuple(field.default_factory())
        )
        for field in dataclasses.fields(Model)
    }


# Fields of GLiClass that GLiNER has too: the group task=classification sets what differs.
OF_BOTH = {"encoder_config", "class_token_index", "hidden_size", "vocab_size", "dropout"}
OF_CLASSIFIERS = {field.name for field in dataclasses.fields(Classifier)}


def _gliclass() -> dict[str, Any]:
    parameters = inspect.signature(GLiClassModelConfig.__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is not p.VAR_KEYWORD and p.name != "self"}


def test_same_fields() -> None:
    own = {"from_pretrained", "prior_probability", "identity_start"}
    assert _ours().keys() - own - OF_CLASSIFIERS == _library().keys()


def test_a_classifier_has_every_field_of_the_library_with_its_default() -> None:
    library, ours = _gliclass(), _ours()
    assert library.keys() == OF_CLASSIFIERS | OF_BOTH
    assert {name: ours[name] for name in OF_CLASSIFIERS} == {name: library[name] for name in OF_CLASSIFIERS}


def test_same_defaults() -> None:
    library, ours = _library() | DIFFERENT, _ours()
    assert {name: ours[name] for name in library if name not in OF_STREAMING} == {
        name: default for name, default in library.items() if name not in OF_STREAMING
    }
