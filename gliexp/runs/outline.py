"""A model's backbones as shapes without weights: their sizes, and whether the adapters' targets exist in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import AutoModel

from gliexp.config.schema import Config
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.models import backbone, pretrained
from gliexp.models.adapters import targets

PARTS = {
    "text_encoder": ("model_name", "encoder_config"),
    "labels_encoder": ("labels_encoder", "labels_encoder_config"),
    "label_decoder": ("labels_decoder", "labels_decoder_config"),
}
"""Part → the keys of its name and of its settings in the model section."""
WITH_ADAPTERS = ("lora", "rslora", "dora", "pissa", "adalora", "vera")


@dataclass(frozen=True)
class Outline:
    """Part → number of parameters of its backbone, and the modules that adapters would take."""

    sizes: dict[str, int]
    targets: dict[str, targets.Targets]


def outline(config: Config) -> Outline:
    """Read the backbones' configs and lay out their modules without weights.

    Raises Refusal for a backbone that cannot be found and for peft.target_modules that match no module.
    """
    shapes = {part: _shape(config, part) for part in _parts(config)}
    sizes = {part: sum(parameter.numel() for parameter in shape.parameters()) for part, shape in shapes.items()}
    peft = config.peft
    if not peft.enabled or peft.init_from is not None or peft.method not in WITH_ADAPTERS:
        return Outline(sizes, {})
    adapted = {part: shape for part, shape in shapes.items() if getattr(peft, part) == "adapter"}
    roles = {"attention": config.backbone.attention_modules, "mlp": config.backbone.mlp_modules}
    return Outline(sizes, targets.resolve(adapted, peft.target_modules, roles))


def _parts(config: Config) -> list[str]:
    """The parts whose backbones the task reads; a saved model brings its own."""
    if config.model.from_pretrained is not None or config.run.task in (*CLASSIFICATION_TASKS, "streaming"):
        return []
    second = {"biencoder": ["labels_encoder"], "decoder": ["label_decoder"]}.get(config.run.task, [])
    return ["text_encoder", *second]


def _shape(config: Config, part: str) -> nn.Module:
    name_key, config_key = PARTS[part]
    values = backbone.located({name_key: getattr(config.model, name_key), "model_name": config.model.model_name})
    settings: Any = pretrained.backbone_config(
        values[name_key],
        getattr(config.model, config_key),
        key=f"model.{name_key}",
        trust_remote_code=config.backbone.trust_remote_code,
    )
    with torch.device("meta"):
        shape: nn.Module = AutoModel.from_config(settings)
    return shape
