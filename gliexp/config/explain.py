"""`explain`: of each key its value, the layers it came through, where it goes, and whether it does anything there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from gliexp.config import routing
from gliexp.config.compose import Composed
from gliexp.config.destination import Destination, destination, effects
from gliexp.config.keys import index
from gliexp.config.layers import Chains, Layer, masked


@dataclass(frozen=True)
class Explanation:
    """One key. `inert` is empty where the key has an effect, else the reason why it has none."""

    key: str
    value: Any
    default: Any
    allowed: str
    description: str
    domain: str
    layers: tuple[Layer, ...]
    destination: Destination | None
    inert: str

    @property
    def source(self) -> Layer:
        """The layer that won."""
        return [layer for layer in self.layers if layer.depth == 0][-1]

    def document(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        plain = asdict(self)
        plain["effect"] = "inert" if self.inert else "live"
        return plain


@dataclass(frozen=True)
class Difference:
    """A key that two configs give different values, with the layer that won in each."""

    key: str
    left: Explanation
    right: Explanation

    def document(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        sides = {"left": self.left, "right": self.right}
        return {"key": self.key} | {
            name: {"value": side.value, "source": asdict(side.source), "inert": side.inert}
            for name, side in sides.items()
        }


def explain(composed: Composed, keys: Iterable[str]) -> list[Explanation]:
    """An explanation of each key, whose secrets are masked."""
    chains = Chains(composed)
    dead = effects(composed, chains)
    return [_explanation(composed, chains, key, dead.get(key, "")) for key in keys]


def difference(left: Composed, right: Composed, keys: Iterable[str]) -> list[Difference]:
    """The keys among `keys` whose values differ."""
    differing = [key for key in keys if routing.value_at(left.config, key) != routing.value_at(right.config, key)]
    pairs = zip(explain(left, differing), explain(right, differing), strict=True)
    return [Difference(one.key, one, other) for one, other in pairs]


def _explanation(composed: Composed, chains: Chains, key: str, inert: str) -> Explanation:
    known = index()[key]
    return Explanation(
        key=key,
        value=masked(key, routing.value_at(composed.config, key)),
        default=masked(key, known.default),
        allowed=known.allowed,
        description=known.description,
        domain=known.domain,
        layers=tuple(chains.layers(key)),
        destination=destination(composed, key),
        inert=inert,
    )
