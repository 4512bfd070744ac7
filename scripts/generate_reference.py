"""Writes docs/reference.md from the schema, the routing table and the rules: `python scripts/generate_reference.py`.

A test keeps the page equal to what this would write.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gliexp.config import inert, legacy, peft_rules, routing
from gliexp.config.destination import full_name
from gliexp.config.keys import Key, index
from gliexp.config.schema import Config
from gliexp.config.schema.peft import METHODS
from gliexp.config.schema.run import TASKS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
SINCE: dict[str, dict[str, dict[str, str]]] = json.loads(
    Path(__file__).with_name("since.json").read_text(encoding="utf-8")
)
"""Library → class → key → the first release that knows it; scripts/generate_since.py writes it."""
HEAD = """\
# Every key

Written by `scripts/generate_reference.py` from the schema; a test keeps it equal to the code.
`python -m gliexp explain` says the same of a key under your config, with the place that its value came from.

- *default* is the schema's; the recipe in `conf/` sets some anew (`python -m gliexp --cfg job` shows the result).
- *goes to* names the object and attribute that the value reaches. `TrainingArguments` is gliner's, for
  classification gliclass's; a name that begins with gliexp is a module that reads the key itself; `→` leads through
  another key.
- *without effect* lists when the key does nothing. Beside that, with `model.from_pretrained` the saved model keeps
  its own value of every `model` key but {live}.
- *since* is the first release of each library that knows the key; after ≤, the oldest one that was looked at knows it.
- Checked against gliner {gliner}, gliclass {gliclass}, transformers {transformers} and peft {peft}.
"""


def page() -> str:
    """The whole page."""
    versions = {name: _series(name) for name in ("gliner", "gliclass", "transformers", "peft")}
    live = ", ".join(f"`{name}`" for name in inert._LIVE_WITH_SAVED)
    reasons = _reasons()
    parts = [HEAD.format(live=live, **versions)]
    for section in dataclasses.fields(Config):
        keys = [key for path, key in index().items() if path.startswith(f"{section.name}.")]
        parts += [f"## {section.name}\n", *_table(keys, reasons), ""]
    return "\n".join(parts).rstrip() + "\n"


def _series(name: str) -> str:
    """Major and minor version: what a patch changes is found by tests."""
    return ".".join(version(name).split(".")[:2])


def _table(keys: list[Key], reasons: dict[str, list[str]]) -> list[str]:
    lines = ["| key | meaning | accepts | default | goes to | without effect | of | since |", f"{'|---' * 8}|"]
    for key in keys:
        cells = (
            f"`{key.path}`",
            key.description,
            key.allowed,
            f"`{_shown(key.default)}`",
            _destination(key.path),
            "; ".join(reasons.get(key.path, [])),
            key.domain,
            ", ".join(_since(key.path)),
        )
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return lines


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _shown(default: Any) -> str:
    if default is None or isinstance(default, bool):
        return {None: "null", True: "true", False: "false"}[default]
    return "''" if default == "" else f"{default:g}" if isinstance(default, float) else str(default)


def _ends(key: str) -> Iterator[tuple[str, routing.Route, str]]:
    """Where the key ends under each task, after the keys that lead there: (these, its route, the destination)."""
    for task in TASKS:
        table = routing.table(task)
        route, through = table.get(key), ""
        while route is not None and route.object == routing.CONFIG:
            through += f"`{route.attribute}` → "
            route = table.get(route.attribute)
        if route is not None:
            yield through, route, full_name(route.object, task)


def _destination(key: str) -> str:
    """The destinations over all tasks, each once."""
    found = []
    for through, route, name in _ends(key):
        end = name if name.startswith("gliexp.") else f"{name.rpartition('.')[2]}.{route.attribute}"
        found.append(f"{through}`{end}`")
    return ", ".join(dict.fromkeys(found)) or "nowhere"


def _since(key: str) -> list[str]:
    """Each library that has the key under its own name, with its first release: `gliner 0.2.22`."""
    found = []
    for through, route, name in _ends(key):
        package, _, cls = name.rpartition(".")
        if through or name.startswith("gliexp."):
            continue
        library = package.partition(".")[0]
        for one in (library, "transformers"):  # both libraries' TrainingArguments are heirs of transformers'
            release = SINCE.get(one, {}).get(cls, {}).get(route.attribute)
            if release is not None:
                found.append(f"{one} {release}")
                break
    return list(dict.fromkeys(found))


def _reasons() -> dict[str, list[str]]:
    """Key → the reasons of all rules that can make it inert."""
    found: dict[str, list[str]] = {}
    for rule in inert.RULES:
        if rule is inert.SAVED:
            continue
        for key in rule.keys:
            found.setdefault(key, []).append(rule.reason)
    for method in METHODS:
        config = Config()
        config.peft.enabled, config.peft.method = True, method
        config.run.task = "biencoder"  # whose label encoder takes adapters too
        for key, reason in peft_rules.inert(config):
            found.setdefault(key, []).append(reason)
    for old, target in legacy.CARRIED.items():
        found.setdefault(f"training.{old}", []).append(f"write training.{target.key}: it is carried there")
    return {key: list(dict.fromkeys(reasons)) for key, reasons in found.items()}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
