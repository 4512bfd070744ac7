"""How one config key is declared: default, description, domain, and the values it accepts."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from typing import Any

GLINER = "GLiNER"
HF_TRANSFORMER = "HF-Transformer"
HF_TRAIN = "HF-TRAIN"
GLINER_TRAIN = "GLiNER-TRAIN"
GLICLASS = "GLiClass"
GLICLASS_TRAIN = "GLiClass-TRAIN"
PEFT = "PEFT"
SCRIPT = "Script"
DOMAINS = (GLINER, HF_TRANSFORMER, HF_TRAIN, GLINER_TRAIN, GLICLASS, GLICLASS_TRAIN, PEFT, SCRIPT)


@dataclass(frozen=True)
class Limits:
    """What a key accepts beyond its type: a closed set, bounds, or the shapes of an open value.

    `minimum` and `maximum` belong to the range; `above` and `below` do not. `kinds` names the YAML shapes of a key
    whose type is open (str, bool, list, dict); a secret's value is never shown.
    """

    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    kinds: tuple[str, ...] = ()
    secret: bool = False

    def text(self) -> str:
        """The closed set or the range in words; empty where anything of the type is accepted."""
        if self.choices:
            return ", ".join("null" if choice is None else str(choice) for choice in self.choices)
        bounds = (("at least", self.minimum), ("above", self.above), ("at most", self.maximum), ("below", self.below))
        return " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)

    def admits(self, value: Any) -> bool:
        """Whether a value of the right type is finite and lies in the closed set or the range (null always passes)."""
        if value is None:
            return True
        if self.choices:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return True
        if isinstance(value, float) and not math.isfinite(value):
            return False
        return (
            (self.minimum is None or value >= self.minimum)
            and (self.above is None or value > self.above)
            and (self.maximum is None or value <= self.maximum)
            and (self.below is None or value < self.below)
        )


def key(
    default: Any,
    description: str,
    domain: str,
    *,
    choices: tuple[Any, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    kinds: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """A dataclass field that carries its description, its domain (one of DOMAINS) and its limits as metadata."""
    limits = Limits(choices, minimum, maximum, above, below, kinds, secret)
    metadata = {"description": description, "domain": domain, "limits": limits}
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: copy.deepcopy(default), metadata=metadata)
    return field(default=default, metadata=metadata)
