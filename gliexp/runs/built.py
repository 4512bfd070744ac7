"""A model that is ready to train."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Built:
    """A model ready to train, what it was made from, and what the user should know about it."""

    model: Any
    parameters: dict[str, Any]
    notices: list[str]
    adapter_modules: dict[str, list[str] | str] = field(default_factory=dict)
