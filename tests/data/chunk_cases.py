"""Random documents and rules for the property tests of chunking."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gliexp.data.row import Example
from gliexp.data.windows import WindowRule


@st.composite
def documents(draw: st.DrawFn) -> list[Example]:
    """Rows with distinct words, entities of any width, and relations between them."""
    rows = []
    for number in range(draw(st.integers(1, 3))):
        size = draw(st.integers(1, 70))
        spot = st.integers(0, size - 1)
        spans = draw(st.lists(st.tuples(spot, spot, st.sampled_from("ab")), max_size=10))
        ner = [list(item) for item in dict.fromkeys((min(x, y), max(x, y), label) for x, y, label in spans)]
        row: Example = {"tokenized_text": [f"w{number}.{place}" for place in range(size)], "ner": ner}
        if ner and draw(st.booleans()):
            end = st.integers(0, len(ner) - 1)
            row["relations"] = [list(item) for item in draw(st.sets(st.tuples(end, end, st.just("r")), max_size=8))]
        rows.append(row)
    return rows


@st.composite
def rules(draw: st.DrawFn) -> WindowRule:
    max_words = draw(st.integers(1, 30))
    return WindowRule(max_words, draw(st.integers(0, max_words - 1)), draw(st.booleans()))


def spans(row: Example) -> set[tuple[Any, ...]]:
    return {tuple(entity) for entity in row["ner"]}


def triples(row: Example, offset: int = 0) -> set[tuple[Any, ...]]:
    """Relations by what they connect, so that they can be compared across chunks."""
    ends = [(first + offset, last + offset, label) for first, last, label in row["ner"]]
    return {(ends[head], ends[tail], label) for head, tail, label in row.get("relations", ())}
