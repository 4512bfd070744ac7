"""The layers that a value came through: schema default, every place that set the key, and what those places read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import OmegaConf

from gliexp.config import references, secrets
from gliexp.config.compose import Composed
from gliexp.config.keys import index
from gliexp.config.report import Step

SCHEMA = "schema default"
ENVIRONMENT = "environment variable"


@dataclass(frozen=True)
class Layer:
    """One layer of a key.

    `layer` is `schema default`, `primary config`, `GROUP=OPTION`, `experiment NAME`, `old name`, `command line`,
    `derived` or `environment variable`; `where` is file:line or the command line. At `depth` 0 stand the key's own
    layers, the last of which won; deeper ones belong to keys and variables that the layer above takes its value from.
    Secrets are masked.
    """

    key: str
    layer: str
    where: str
    value: Any
    note: str = ""
    depth: int = 0


class Chains:
    """The layers of every key of one composed config."""

    def __init__(self, composed: Composed) -> None:
        self.report = composed.report
        self._root = OmegaConf.create(composed.tree)

    def layers(self, key: str) -> list[Layer]:
        """Every layer of a key in the order of their weight, each followed by what it reads."""
        return list(self._layers(key, 0, ()))

    def behind(self, key: str) -> frozenset[str]:
        """The keys that a key's winning value is taken from, directly or through others."""
        own = self.layers(key)
        last = max(number for number, layer in enumerate(own) if layer.depth == 0)
        return frozenset(layer.key for layer in own[last:] if layer.layer != ENVIRONMENT) - {key}

    def _layers(self, key: str, depth: int, above: tuple[str, ...]) -> Iterator[Layer]:
        steps = self.report.chain.get(key, [])
        known = index().get(key)
        if known is not None and (depth == 0 or not steps):
            yield Layer(key, SCHEMA, "", masked(key, known.default), "", depth)
        for step in steps if depth == 0 else steps[-1:]:
            yield Layer(key, step.layer, step.where, masked(key, step.value), self._note(step), depth)
            yield from self._behind(key, step, depth + 1, (*above, key))

    def _behind(self, key: str, step: Step, depth: int, above: tuple[str, ...]) -> Iterator[Layer]:
        """The layers of what a step reads; a key that reads itself in a circle is shown once."""
        for name in references.variables_read(step.value):
            shown = os.environ.get(name)
            if shown is not None:
                secret = secrets.is_secret(key) or secrets.is_secret(name.lower())
                shown = secrets.MARK if secret else secrets.scrub(shown)
            yield Layer(name, ENVIRONMENT, "", shown, "not set" if shown is None else "", depth)
        for read in (*step.reads, *references.keys_read(key, step.value, self._root)):
            for name in self._keys(read):
                if name not in above:
                    yield from self._layers(name, depth, above)

    def _keys(self, name: str) -> list[str]:
        """A key itself; of a section that is read whole the keys that something sets."""
        if name in index() or name in self.report.chain:
            return [name]
        return [key for key in self.report.chain if key.startswith(f"{name}.") and key in index()]

    def _note(self, step: Step) -> str:
        """What was done to the value, and who chose the option that a group's file is."""
        group, equals, _ = step.layer.partition("=")
        chooser = self.report.choosers.get(group, "") if equals else ""
        return "; ".join(part for part in (step.note, f"chosen by {chooser}" if chooser else "") if part)


def masked(key: str, value: Any) -> Any:
    """A value as it may be shown."""
    if value is not None and secrets.is_secret(key) and not (isinstance(value, str) and "${" in value):
        return secrets.MARK
    return secrets.scrub(value) if isinstance(value, str) else value
