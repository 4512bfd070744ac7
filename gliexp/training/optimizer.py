"""Parameter groups: the encoders' rate and the rest's, with norms and biases never decayed.

The library groups by nn.LayerNorm alone, so the RMSNorms of T5, Qwen and ModernBERT decay, and `train_model` loses an
`others_lr` of 0.0 (gliner/training/trainer.py:318, create_optimizer; gliner/model.py, create_training_args). gliclass
tells encoders by the letters "encoder" in a name, so that a projector of its bi-encoder gets the backbone's rate
(gliclass/training.py:590).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that share a rate and a decay; `name` is what the printed table shows."""

    name: str
    parameters: list[nn.Parameter]
    learning_rate: float
    weight_decay: float

    def as_torch(self) -> dict[str, Any]:
        """The form that torch optimizers take."""
        return {"params": self.parameters, "lr": self.learning_rate, "weight_decay": self.weight_decay}


def undecayed(model: nn.Module) -> set[str]:
    """Names of the parameters that take no weight decay: every bias, and everything inside a normalisation layer."""
    names = {name for name, _ in model.named_parameters() if name.endswith("bias") or ".bias_" in name}
    for prefix, module in model.named_modules():
        if "norm" in type(module).__name__.lower():
            names |= {f"{prefix}.{name}" if prefix else name for name, _ in module.named_parameters()}
    return names


def parameter_groups(
    model: nn.Module,
    *,
    encodes: Callable[[str], bool],
    learning_rate: float,
    weight_decay: float,
    others_lr: float | None,
    others_weight_decay: float,
) -> list[ParameterGroup]:
    """Every trainable parameter in exactly one group; `encodes` says of a name whether an encoder owns it.

    Without `others_lr` the rest follows the encoder's rate and decay, as in the library.
    """
    rest_rate = learning_rate if others_lr is None else others_lr
    rest_decay = weight_decay if others_lr is None else others_weight_decay
    plain = undecayed(model)
    members: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in _trainable(model):
        members.setdefault((encodes(name), name not in plain), []).append(parameter)
    groups = []
    for (encoder, decayed), parameters in sorted(members.items(), reverse=True, key=lambda item: item[0]):
        label = ("encoder" if encoder else "others") + ("" if decayed else ", no decay")
        decay = (weight_decay if encoder else rest_decay) if decayed else 0.0
        groups.append(ParameterGroup(label, parameters, learning_rate if encoder else rest_rate, decay))
    return groups


def _trainable(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)
