"""A model that is ready to train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gliexp.models.adapters import Adapted


@dataclass
class Built:
    """A model ready to train, what it was made from, and what the user should know about it.

    `adapted` says what a GLiNER's adapters are; `adapter_modules` names the modules that took some, by part.
    """

    model: Any
    parameters: dict[str, Any]
    notices: list[str]
    adapted: Adapted | None = None
    adapter_modules: Mapping[str, Sequence[str] | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.adapted is not None:
            self.adapter_modules = self.adapted.names
