"""SpERT's JSON: words, entities with an exclusive end and a type, relations between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gliexp.data.bad_row import BadRow
from gliexp.data.formats import json_rows
from gliexp.data.formats.raw import Layout, Raw


def read(path: Path, _layout: Layout) -> Iterator[Raw]:
    """One row a sentence or document, in GLiNER's form with inclusive ends."""
    for raw in json_rows.either(path, _layout):
        try:
            yield raw if raw.reason else raw._replace(row=_row(raw.row))
        except BadRow as bad:
            yield raw._replace(row=None, reason=str(bad))


def recognise(row: object) -> bool | None:
    """Whether a JSON row is SpERT's; None where it cannot be told from this one."""
    if not isinstance(row, dict) or not isinstance(row.get("entities"), list) or "tokens" not in row:
        return False
    if not row["entities"]:
        return None
    first = row["entities"][0]
    return isinstance(first, dict) and "type" in first and "label" not in first


def _row(row: object) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise BadRow("a row must be an object with tokens, entities and relations")
    missing = [key for key in ("tokens", "entities") if key not in row]
    if missing:
        raise BadRow(f"SpERT needs {' and '.join(missing)}")
    entities = [_entity(item, place) for place, item in enumerate(_listed(row["entities"], "entities"))]
    relations = [
        _typed(item, f"relation {place}") for place, item in enumerate(_listed(row.get("relations", []), "relations"))
    ]
    return {"tokenized_text": row["tokens"], "ner": entities, "relations": relations}


def _listed(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadRow(f"{name} must be a list")
    return value


def _entity(item: object, place: int) -> dict[str, Any]:
    what = f"entity {place}"
    found = _typed(item, what)
    start, end = found.get("start"), found.get("end")
    if type(start) is int and type(end) is int:
        if end == start:
            raise BadRow(f"{what}: [{start}, {end}] is empty (SpERT's end is exclusive)")
        found["end"] = end - 1
    return found


def _typed(item: object, what: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise BadRow(f"{what} must be an object, it is {item!r:.60}")
    if "type" not in item:
        raise BadRow(f"{what} lacks type")
    return {**{key: value for key, value in item.items() if key != "type"}, "label": item["type"]}
