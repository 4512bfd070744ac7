"""Which line of a YAML file a key stands on."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml


def line_of(file: Path, dotted: str) -> int:
    """The 1-based line of `dotted` in `file`, or of its nearest parent; 1 where there is none."""
    known = _index(file, file.stat().st_mtime_ns)
    parts = dotted.split(".")
    for depth in range(len(parts), 0, -1):
        line = known.get(".".join(parts[:depth]))
        if line is not None:
            return line
    return 1


def line_of_default(file: Path, group: str) -> int:
    """The line of a group's entry in a file's defaults list; that of the list where it has none."""
    known = _index(file, file.stat().st_mtime_ns)
    for path, line in known.items():
        name = path.rpartition(".")[2].removeprefix("override ").lstrip("/").split("@")[0]
        if path.startswith("defaults.") and name == group:
            return line
    return line_of(file, "defaults")


@lru_cache(maxsize=64)
def _index(file: Path, _changed: int) -> dict[str, int]:
    lines: dict[str, int] = {}
    root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    if root is not None:
        _walk(root, "", lines)
    return lines


def _walk(node: yaml.Node, prefix: str, lines: dict[str, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            path = f"{prefix}{name.value}"
            lines.setdefault(path, name.start_mark.line + 1)
            _walk(value, f"{path}.", lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            lines.setdefault(f"{prefix}{number}", item.start_mark.line + 1)
            _walk(item, f"{prefix}{number}.", lines)
