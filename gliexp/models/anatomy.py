"""What adapters, parameter groups and reports need to know of a model, whatever library it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import nn

from gliexp.models import architecture

TEXT_ENCODER = "text_encoder"
LABELS_ENCODER = "labels_encoder"
HEADS = "heads"


@dataclass(frozen=True)
class Anatomy:
    """A model in parts.

    `core` holds every parameter. `holders` maps a part's name to the object whose `.model` is that part's backbone and
    may be replaced. `prompt_ids` maps the model's own prompt tokens to rows of the text encoder's embedding. `config`
    is what the library saves as `config_file`; `tokenizer` reads the text.
    """

    variant: str
    core: nn.Module
    holders: Mapping[str, Any]
    prompt_ids: Mapping[str, int]
    config: Any
    config_file: str
    tokenizer: Any

    def part_of(self) -> dict[int, str]:
        """id(parameter) → part: a backbone's name, or heads. A parameter that two parts share is the first one's."""
        found: dict[int, str] = {}
        for part, holder in self.holders.items():
            for parameter in holder.model.parameters():
                found.setdefault(id(parameter), part)
        for parameter in self.core.parameters():
            found.setdefault(id(parameter), HEADS)
        return found

    def heads(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Parameters outside of all backbones, by their name in `core`."""
        part_of = self.part_of()
        return ((name, p) for name, p in self.core.named_parameters() if part_of[id(p)] == HEADS)


@runtime_checkable
class Described(Protocol):
    """A model that tells its own anatomy, as our Classifier does; a GLiNER is looked at from outside."""

    def anatomy(self) -> Anatomy:
        """Its parts."""


def of(model: Any) -> Anatomy:
    """The anatomy of a GLiNER or of a Classifier. Raises ValueError for a model of no known variant."""
    if isinstance(model, Described):
        return model.anatomy()
    return Anatomy(
        architecture.variant(model),
        model.model,
        architecture.holders(model),
        architecture.special_token_ids(model),
        model.config,
        "gliner_config.json",
        model.data_processor.transformer_tokenizer,
    )
