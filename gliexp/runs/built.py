"""A model that is ready to train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gliexp.models.adapters import Adapted


@dataclass
class Built:
    """A model ready to train, what it was made from, and what the user should know about it.

    `adapted` says which adapters it wears, if any.
    """

    model: Any
    parameters: dict[str, Any]
    notices: list[str]
    adapted: Adapted | None = None

    @property
    def adapter_modules(self) -> dict[str, list[str]]:
        """Part → names of the modules that took adapters."""
        return {} if self.adapted is None else self.adapted.names
