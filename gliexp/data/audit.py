"""What is in a data file, and what is wrong with it: one pass, one row in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gliexp.data import formats
from gliexp.data.collisions import collisions
from gliexp.data.crossings import crossings
from gliexp.data.formats import PLAIN, Layout
from gliexp.data.reading import NO_ROW, Checked, RowChecker, checked, place, reader_of, refuse_file
from gliexp.data.row import BadRow, Example
from gliexp.data.spread import Spread
from gliexp.data.twins import Line, Twins
from gliexp.errors import Problem, Refusal

NAMED = 1000
"""Bad rows kept by line and reason; more of them are counted alone, so that a wrong file does not fill the memory."""

TokenCounter = Callable[[Sequence[str]], int]


@dataclass
class Audit:
    """One file's figures. Lengths in words, widths in words; `sub_tokens` only where a tokenizer counted them."""

    path: str
    format: str
    rows: int = 0
    empty_rows: int = 0
    bad_rows: int = 0
    bad: list[Problem] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    words: Spread = field(default_factory=Spread)
    widths: Spread = field(default_factory=Spread)
    sub_tokens: Spread = field(default_factory=Spread)
    entity_labels: Counter[str] = field(default_factory=Counter)
    relation_labels: Counter[str] = field(default_factory=Counter)
    labels_per_row: Spread = field(default_factory=Spread)
    crossings: Counter[str] = field(default_factory=Counter)
    twins: Twins = field(default_factory=Twins)

    @property
    def entities(self) -> int:
        """Entities of the good rows."""
        return self.entity_labels.total()

    @property
    def relations(self) -> int:
        """Relations of the good rows."""
        return self.relation_labels.total()

    @property
    def collisions(self) -> list[tuple[str, ...]]:
        """Labels that look like one label spelled in several ways."""
        return collisions(self.entity_labels) + collisions(self.relation_labels)

    def add(self, line: Line, row: Example, count_tokens: TokenCounter | None = None) -> None:
        """Count one good row; `line` is `file:line` inside a directory of several files."""
        self.rows += 1
        words, entities = row["tokenized_text"], row["ner"]
        self.words.add(len(words))
        if count_tokens is not None:
            self.sub_tokens.add(count_tokens(words))
        if entities:
            for start, end, label in entities:
                self.widths.add(end - start + 1)
                self.entity_labels[label] += 1
            self.labels_per_row.add(len({label for *_, label in entities}))
            if len(entities) > 1:
                self.crossings.update(crossings(entities))
        else:
            self.empty_rows += 1
        for *_, label in row.get("relations", ()):
            self.relation_labels[label] += 1
        self.twins.add(line, row)

    def refuse(self, where: str, reason: str) -> None:
        """Count one bad row, and name it while there are not too many."""
        self.bad_rows += 1
        self.reasons[reason_kind(reason)] += 1
        if len(self.bad) < NAMED:
            self.bad.append(Problem("data", reason, where=where))

    def figures(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "path": self.path,
            "format": self.format,
            "rows": self.rows,
            "empty_rows": self.empty_rows,
            "bad_rows": self.bad_rows,
            "bad": [{"where": problem.where, "reason": problem.message} for problem in self.bad],
            "dropped": dict(self.dropped),
            "words": self.words.figures(),
            "span_widths": self.widths.figures(),
            "sub_tokens": self.sub_tokens.figures() if self.sub_tokens.total else None,
            "entities": self.entities,
            "relations": self.relations,
            "entity_labels": dict(self.entity_labels.most_common()),
            "relation_labels": dict(self.relation_labels.most_common()),
            "label_collisions": self.collisions,
            "crossings": dict(self.crossings),
            "repeated_rows": self.twins.repeated,
            "contradicting_rows": self.twins.contradicting,
        }


def audit(
    path: str | Path,
    fields: Mapping[str, str | None] | None = None,
    file_format: str | None = None,
    *,
    layout: Layout = PLAIN,
    tag_names: Sequence[str] | None = None,
    label_names: Mapping[str, str] | None = None,
    count_tokens: TokenCounter | None = None,
    on_row: Sequence[Callable[[Checked], None]] = (),
    found: Audit | None = None,
    own_reader: RowChecker | None = None,
) -> Audit:
    """Look at every row of one file.

    `layout` says what the file does not, `tag_names` name tags that are numbers, `label_names` gives labels other
    names. `count_tokens` gives the sub-tokens of a row's words. Each of `on_row` is handed every row, good or bad,
    after it was looked at: for progress, and for writing rows out. `found` is the audit to fill and `own_reader` checks
    the rows where they are not GLiNER's; names and tags are its business then.
    Raises Refusal where the file cannot be opened at all; a bad row is counted and named, not raised.
    """
    named = format_of(path, file_format, layout)
    found = found or Audit(str(path), named)
    reader = own_reader or reader_of(named, fields, tag_names, label_names)
    for row in checked(path, reader, named, layout):
        if isinstance(row.outcome, BadRow):
            found.refuse(place(str(path), row.file, row.line), str(row.outcome))
        else:
            found.add(f"{row.file}:{row.line}" if row.file else row.line, row.outcome.example, count_tokens)
            found.dropped.update(row.outcome.dropped)
        for take in on_row:
            take(row)
    if not found.rows and not found.bad_rows:
        found.refuse(str(path), NO_ROW)
    return found


def format_of(path: str | Path, file_format: str | None, layout: Layout = PLAIN) -> str:
    """The format asked for, or found by looking ("auto", None). Raises Refusal for what cannot be opened."""
    refused = refuse_file(Path(path), file_format, layout)
    if refused is not None:
        raise Refusal([refused])
    return formats.guess(Path(path), layout) if file_format in (None, "auto") else str(file_format)


def reason_kind(reason: str) -> str:
    """A reason without its particulars, so that the same fault in many rows is one line of a table."""
    words = (word for word in reason.split() if not any(sign.isdigit() for sign in word))
    return " ".join(words)
