"""How explanations look on the terminal: one key in full, many as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gliexp.config.explain import Difference, Explanation
from gliexp.config.layers import Layer
from gliexp.config.report import OLD_NAME

WIDTH = 1000  # of a table that goes into a file or a pipe


def one(found: Explanation) -> None:
    """One key, all that is known of it."""
    console = Console(soft_wrap=True, highlight=False)
    console.print(Text(f"{found.key} = {shown(found.value)}", style="bold"))
    rows = [
        ("", f"{found.description} ({found.domain})"),
        ("allowed", found.allowed),
        ("default", shown(found.default)),
        ("goes to", str(found.destination) if found.destination else "nowhere"),
    ]
    if found.destination is not None and found.destination.value != found.value:
        rows.append(("arrives as", shown(found.destination.value)))
    rows.append(("effect", f"none: {found.inert}" if found.inert else "live"))
    for name, text in rows:
        console.print(Text(f"  {name:<11}{text}"))
    console.print(Text("  came through, the last one counts"))
    for layer in found.layers:
        console.print(Text(f"    {'   ' * layer.depth}{_line(found.key, layer)}"))


def table(found: Sequence[Explanation]) -> None:
    """Many keys, one row each."""
    rows = []
    for each in found:
        effect = f"none: {each.inert}" if each.inert else "live"
        cells = (each.key, shown(each.value), place(each.source), str(each.destination or "nowhere"), effect)
        rows.append((cells, bool(each.inert)))
    _print(("key", "value", "from", "goes to", "effect"), rows)


def differences(found: Sequence[Difference], names: Sequence[str]) -> None:
    """Two experiments beside one another."""
    if not found:
        print(f"{names[0]} and {names[1]} compose to the same config")
        return
    rows = []
    for each in found:
        left, right = each.left, each.right
        cells = (each.key, shown(left.value), place(left.source), shown(right.value), place(right.source))
        rows.append((cells, bool(left.inert and right.inert)))
    _print(("key", names[0], "from", names[1], "from"), rows)


def shown(value: Any) -> str:
    """A value as YAML would have it on one line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value) if value != "" else "''"
    return text if len(text) <= 100 else f"{text[:99]}…"


def place(layer: Layer) -> str:
    """The place of a layer: its file and line, or what else it is."""
    where = layer.where if layer.where not in ("", layer.layer) else ""
    return f"{layer.layer} [{where}]" if where and layer.layer == OLD_NAME else where or layer.layer


def _line(key: str, layer: Layer) -> str:
    name = "" if layer.key == key else f"{layer.key}: "
    where = f"  [{layer.where}]" if layer.where not in ("", layer.layer) else ""
    note = f"  ({layer.note})" if layer.note else ""
    return f"{name}{layer.layer} = {shown(layer.value)}{where}{note}"


def _print(columns: Sequence[str], rows: Iterable[tuple[Sequence[str], bool]]) -> None:
    """A table; rows marked true are dim. A terminal folds long cells, a pipe or file gets one line a row."""
    grid = Table(box=None, pad_edge=False)
    for name in columns:
        grid.add_column(name, overflow="fold")
    for cells, dim in rows:
        grid.add_row(*(Text(cell) for cell in cells), style="dim" if dim else "")
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(grid)
        return
    with (wide := Console(width=WIDTH, highlight=False)).capture() as written:
        wide.print(grid)
    print("\n".join(line.rstrip() for line in written.get().splitlines()))
