"""Where each GLiClass architecture keeps its parts: one place that knows the library's attribute names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from gliexp.models.anatomy import LABELS_ENCODER, TEXT_ENCODER, Anatomy
from gliexp.models.class_prompts import SPECIAL_TOKENS

PARTS = {
    "encoder_model": TEXT_ENCODER,
    "label_encoder": LABELS_ENCODER,
    "encoder_decoder_model": TEXT_ENCODER,
    "decoder_model": TEXT_ENCODER,
}
"""Attribute of the torch module that holds a transformers backbone → the part it is."""


@dataclass
class Slot:
    """A backbone in its place, read and replaced by `.model`, as GLiNER's wrappers have it."""

    owner: nn.Module
    name: str

    @property
    def model(self) -> Any:
        return getattr(self.owner, self.name)

    @model.setter
    def model(self, backbone: nn.Module) -> None:
        setattr(self.owner, self.name, backbone)


def backbones(model: Any) -> dict[str, nn.Module]:
    """Attribute → transformers backbone of a GLiClass, for those that the architecture has."""
    return {name: getattr(model.model, name) for name in PARTS if hasattr(model.model, name)}


def of(model: Any, tokenizer: Any) -> Anatomy:
    """The anatomy of a GLiClassModel with its text tokenizer."""
    known = tokenizer.get_vocab()
    return Anatomy(
        model.config.architecture_type,
        model,
        {PARTS[name]: Slot(model.model, name) for name in backbones(model)},
        {token: known[token] for token in SPECIAL_TOKENS if token in known},
        model.config,
        "config.json",
        tokenizer,
    )
