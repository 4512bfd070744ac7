"""Parameter groups: the encoders' rate and the rest's, layer by layer where asked, with norms and biases never decayed.

The library groups by nn.LayerNorm alone, so the RMSNorms of T5, Qwen and ModernBERT decay, and `train_model` loses an
`others_lr` of 0.0 (gliner/training/trainer.py:318, create_optimizer; gliner/model.py, create_training_args). gliclass
tells encoders by the letters "encoder" in a name, so that a projector of its bi-encoder gets the backbone's rate
(gliclass/training.py:590).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from torch import nn

from gliexp.models import layers

SCALES = ("lora_magnitude_vector", "ia3_l", "vera_lambda_b", "vera_lambda_d")
"""Adapters' own factors, which decay would draw to 0 where 1 or a weight's length changes nothing."""
ROWS = ("trainable_tokens_delta", "rows")
"""Vectors of single tokens, named so by peft and by models/prompt_rows.py."""


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that share a rate and a decay; `name` is what the printed table shows.

    `matrices` says that they are weight matrices of transformer layers, which Muon steps by its own rule.
    """

    name: str
    parameters: list[nn.Parameter]
    learning_rate: float
    weight_decay: float
    matrices: bool = False

    def as_torch(self) -> dict[str, Any]:
        """The form that torch optimizers take."""
        return {"params": self.parameters, "lr": self.learning_rate, "weight_decay": self.weight_decay}


def undecayed(model: nn.Module) -> set[str]:
    """Names of the parameters that take no weight decay.

    Every bias, everything inside a normalisation layer, and what adapters scale or set in place of a vector.
    """
    names = set()
    for name, _ in model.named_parameters():
        parts = name.split(".")
        if any(part.endswith("bias") or part.startswith("bias_") or part in (*SCALES, *ROWS) for part in parts):
            names.add(name)
    for prefix, module in model.named_modules():
        if "norm" in type(module).__name__.lower():
            names |= {f"{prefix}.{name}" if prefix else name for name, _ in module.named_parameters()}
    return names


def parameter_groups(
    model: nn.Module,
    encoders: Mapping[str, nn.Module],
    *,
    learning_rate: float,
    weight_decay: float,
    others_lr: float | None,
    others_weight_decay: float,
    layerwise_lr_decay: float = 1.0,
) -> list[ParameterGroup]:
    """Every trainable parameter in exactly one group.

    `encoders` are the backbones within `model` that train at `learning_rate`. Without `others_lr` the rest follows
    their rate and decay, as in the library. `layerwise_lr_decay`, in 0..1, multiplies an encoder's rate once for each
    layer between a parameter and the last layer; embeddings lie below the first.
    """
    rest_rate = learning_rate if others_lr is None else others_lr
    rest_decay = weight_decay if others_lr is None else others_weight_decay
    plain = undecayed(model)
    places = _places(encoders)
    members: dict[tuple[str, float, bool, bool], list[nn.Parameter]] = {}
    for name, parameter in _trainable(model):
        place = places.get(id(parameter))
        label, rate = "others", rest_rate
        if place is not None:
            label, rate = "encoder", learning_rate * layerwise_lr_decay**place.above
            if layerwise_lr_decay != 1.0:
                label = f"encoder, {place}"
        matrix = place is not None and place.depth > 0 and parameter.ndim == 2
        members.setdefault((label, rate, name not in plain, matrix), []).append(parameter)
    groups = []
    for (label, rate, decayed, matrix), parameters in members.items():
        decay = (rest_decay if label == "others" else weight_decay) if decayed else 0.0
        groups.append(ParameterGroup(label if decayed else f"{label}, no decay", parameters, rate, decay, matrix))
    return groups


@dataclass(frozen=True)
class _Place:
    depth: int
    above: int

    def __str__(self) -> str:
        return f"layer {self.depth - 1}" if self.depth else "embeddings"


def _places(encoders: Mapping[str, nn.Module]) -> dict[int, _Place]:
    """id(parameter) → how deep in its encoder, and how many layers lie above."""
    found: dict[int, _Place] = {}
    for backbone in encoders.values():
        last = layers.count(backbone)
        found |= {key: _Place(depth, last - depth) for key, depth in layers.depths(backbone).items()}
    return found


def joined(groups: Iterable[ParameterGroup]) -> list[ParameterGroup]:
    """The groups with those of one name, rate and decay made one, for optimizers that know no matrices."""
    members: dict[tuple[str, float, float], list[nn.Parameter]] = {}
    for group in groups:
        members.setdefault((group.name, group.learning_rate, group.weight_decay), []).extend(group.parameters)
    return [ParameterGroup(name, parameters, rate, decay) for (name, rate, decay), parameters in members.items()]


def table(groups: Iterable[ParameterGroup]) -> Table:
    """What the run prints: each group's name, number of parameters, rate and decay."""
    shown = Table(title="parameter groups", title_justify="left")
    shown.add_column("group")
    for column in ("parameters", "learning rate", "weight decay"):
        shown.add_column(column, justify="right")
    for group in groups:
        number = sum(parameter.numel() for parameter in group.parameters)
        shown.add_row(group.name, f"{number:,}", f"{group.learning_rate:g}", f"{group.weight_decay:g}")
    return shown


def _trainable(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)
