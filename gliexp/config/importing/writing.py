"""The text of an imported experiment."""

from __future__ import annotations

import textwrap
from typing import Any

import yaml

from gliexp.config import secrets
from gliexp.config.importing.names import is_secret
from gliexp.config.importing.reducing import DEFAULT, LEFT_OUT, SET, Fate, Imported

MARK = "# Imported by `python -m gliexp import` from "
"""How an imported experiment begins."""


def text(imported: Imported) -> str:
    """The YAML file: what differs from the defaults, with what was renamed, and what became of everything else."""
    set_here, usual, left = (imported.count(kind) for kind in (SET, DEFAULT, LEFT_OUT))
    head = [
        f"{MARK}{secrets.scrub(imported.source.name)} ({imported.source.kind}).",
        f"# Of its settings {set_here} are set below, {usual} are as the default has them, {left} have no place here.",
        "# A comment behind a key is its name or value in that file.",
    ]
    if "data.train_data" not in imported.keys:
        head.append(
            "# It names no data: give data.train_data=… and, where they are, data.val_data=… and data.test_data=…"
        )
    body = _defaults(imported) + _sections(imported)
    return "\n".join([*head, *body, *_rest(imported)]) + "\n"


def _defaults(imported: Imported) -> list[str]:
    if not imported.groups:
        return []
    return ["defaults:", *(f"  - override /{group}: {option}" for group, option in imported.groups.items()), ""]


def _sections(imported: Imported) -> list[str]:
    lines: list[str] = []
    above: list[str] = []
    for key, value in imported.keys.items():
        *parents, leaf = key.split(".")
        shared = 0
        while shared < min(len(parents), len(above)) and parents[shared] == above[shared]:
            shared += 1
        lines += [f"{'  ' * depth}{parents[depth]}:" for depth in range(shared, len(parents))]
        note = imported.notes.get(key, "")
        lines.append(f"{'  ' * len(parents)}{leaf}: {_scalar(value)}" + (f"  # {_one_line(note)}" if note else ""))
        above = parents
    return lines


def _rest(imported: Imported) -> list[str]:
    lines: list[str] = []
    usual = [fate.name for fate in imported.fates if fate.kind == DEFAULT]
    if usual:
        lines += ["", "# As the default has it:", *_wrapped(usual)]
    left = [fate for fate in imported.fates if fate.kind == LEFT_OUT]
    if left:
        lines += ["", "# Without a place:"]
    for reason in dict.fromkeys(fate.note for fate in left):
        lines += [f"# - {_one_line(reason)}:", *_wrapped([_shown(fate) for fate in left if fate.note == reason])]
    return lines


def _wrapped(names: list[str]) -> list[str]:
    listed = textwrap.wrap(", ".join(names), 116, break_long_words=False, break_on_hyphens=False)
    return [f"#   {line}" for line in listed]


def _shown(fate: Fate) -> str:
    """A name with its value: secrets masked, long ones cut."""
    value = fate.value
    if is_secret(fate.name) and value is not None:
        return f"{fate.name}: {secrets.MARK}"
    if isinstance(value, dict) and len(value) > 3:
        return f"{fate.name}: {len(value)} settings"
    text = secrets.scrub(_one_line(_scalar(value)))
    return f"{fate.name}: {text if len(text) <= 80 else f'{text[:79]}…'}"


def _one_line(note: str) -> str:
    return secrets.scrub(" ".join(note.split()))


def _scalar(value: Any) -> str:
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=100_000)
    return written.removesuffix("\n").removesuffix("\n...").strip()
