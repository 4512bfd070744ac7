"""What a run's config says of the model under training: its base, and the adapters on it."""

from __future__ import annotations

from pathlib import Path

import torch

from gliexp.config import routing
from gliexp.config.peft_rules import QUANTISED
from gliexp.config.schema import Config
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.errors import Problem, Refusal
from gliexp.models import adapters, source
from gliexp.models.adapters import Adapted, Base
from gliexp.models.adapters.base import GLICLASS, GLINER


def of(config: Config) -> Base:
    """A saved model, or pretrained backbones under new heads. Raises Refusal where a device is missing."""
    _check_four_bits(config)
    classifies = config.run.task in CLASSIFICATION_TASKS
    library, name = (GLICLASS, routing.GLICLASS_CONFIG) if classifies else (GLINER, "GLiNERConfig")
    values = routing.route(config).objects[name]
    if not config.model.from_pretrained:
        return Base(values, config.run.seed, revision=config.backbone.revision, library=library)
    place, revision = source.locate(config.model.from_pretrained)
    place = str(Path(place).resolve()) if Path(place).is_dir() else place
    return Base(values, config.run.seed, place, revision, library)


def _check_four_bits(config: Config) -> None:
    """Layers in 4 bits are for GPUs; the CPU has kernels for them too, many times slower than for plain weights."""
    quantised = config.peft.enabled and config.peft.method in QUANTISED and config.peft.init_from is None
    if quantised and not (torch.cuda.is_available() or config.training.use_cpu):
        message = f"{config.peft.method} needs a backbone in 4 bits on a CUDA device, and there is none"
        allowed = "peft=lora, or training.use_cpu=true, which is slow and saves memory alone"
        raise Refusal([Problem("peft.method", message, allowed)])


def wrapped(config: Config, model: object, base: Base) -> Adapted | None:
    """The model under the adapters of the peft section, in place; None where the section is off."""
    if not config.peft.enabled:
        return None
    objects = routing.route(config).objects
    section = {key: value for name in routing.PEFT_OBJECTS for key, value in objects[name].items()}
    roles = {"attention": config.backbone.attention_modules, "mlp": config.backbone.mlp_modules}
    return adapters.wrap(model, section, roles, origin=base, seed=config.run.seed)


def continued(config: Config) -> Adapted:
    """The model of the adapters that peft.init_from names, ready to go on."""
    trusted = config.backbone.trust_remote_code
    return adapters.load(str(config.peft.init_from), trainable=True, trust_remote_code=trusted)
