"""The page of the `data` verb: tables on a terminal, or the same as one document for JSON."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.data.audit import Audit, reason_kind
from gliexp.data.class_audit import ClassAudit
from gliexp.data.cleaned import Cleaned
from gliexp.data.proposal import propose
from gliexp.data.reading import Checked
from gliexp.data.spread import Spread
from gliexp.data.twins import Line

if TYPE_CHECKING:
    from gliexp.config.schema import Config
    from gliexp.models.subtokens import SubTokens

LABELS = 40
KINDS = 20
TWINS = 5
_EVERY = 1000


class RowProgress:
    """Rows seen of the file at hand, with their rate; nothing off a terminal."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,} rows"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._seen = 0

    def __enter__(self) -> RowProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, name: str) -> None:
        """Go on with another file."""
        self._seen = 0
        self._task = self._progress.add_task(escape(name), total=None)

    def row(self, _row: Checked) -> None:
        """Count a row."""
        self._seen += 1
        if self._seen % _EVERY == 0:
            self._progress.update(self._task, completed=self._seen)


class Page:
    """What the audit of some files found, side by side, for the model that `config` describes."""

    def __init__(
        self, audits: Sequence[Audit], copies: Sequence[Cleaned], config: Config, sub_tokens: SubTokens | None = None
    ) -> None:
        self.audits = audits
        self.copies = copies
        self.config = config
        self.sub_tokens = sub_tokens
        self.settings = propose(audits)

    def document(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "files": [audit.figures() for audit in self.audits],
            "shared_rows": [
                {"files": [first.path, second.path], "lines": shared} for first, second, shared in self._leaks()
            ],
            "prompt_sub_tokens": self._prompt(),
            "proposal": [{"override": setting.override, "reason": setting.reason} for setting in self.settings],
            "written": [
                {"path": str(copy.path), "rows": copy.kept, "mended": copy.mended, "left_out": copy.left}
                | {"repairs": dict(copy.repairs)}
                for copy in self.copies
            ],
        }

    def show(self, console: Console) -> None:
        """Print it."""
        console.print(self._figures())
        if any(audit.entity_labels for audit in self.audits):
            console.print(self._labels())
        for line in self._remarks():
            console.print(escape(line), highlight=False)
        for setting in self.settings:
            console.print(f"  [bold]{escape(setting.override)}[/]  {escape(setting.reason)}", highlight=False)
        for copy in self.copies:
            done = ", ".join(f"{count} x {kind}" for kind, count in copy.repairs.most_common()) or "none was needed"
            console.print(
                f"{copy.path}: {copy.kept} rows written, {copy.mended} of them repaired, {copy.left} left out; "
                f"repairs: {done}",
                markup=False,
                highlight=False,
            )

    def _figures(self) -> Table:
        table = self._table("")
        for name, values in self._rows():
            if any(value not in ("", "0") for value in values):
                table.add_row(name, *values)
        return table

    def _table(self, first: str) -> Table:
        """A column for each file, named by what tells it from the others."""
        table = Table(box=None, header_style="bold")
        table.add_column(first, no_wrap=True)
        shared = os.path.commonpath([Path(audit.path).parent for audit in self.audits])
        for audit in self.audits:
            table.add_column(escape(str(Path(audit.path).relative_to(shared))), justify="right", overflow="fold")
        return table

    def _rows(self) -> Iterator[tuple[str, list[str]]]:
        audits, model = self.audits, self.config.model
        classes = [audit for audit in audits if isinstance(audit, ClassAudit)]
        yield "format", [audit.format for audit in audits]
        yield "rows", [f"{audit.rows:,}" for audit in audits]
        yield "rows that cannot be used", [f"{audit.bad_rows:,}" for audit in audits]
        yield (
            f"rows without {'a true label' if classes else 'an entity'}",
            [f"{audit.empty_rows:,}" for audit in audits],
        )
        yield "rows repeated", [f"{len(audit.twins.repeated):,}" for audit in audits]
        yield "rows that contradict another", [f"{len(audit.twins.contradicting):,}" for audit in audits]
        yield "words a row (min/median/p95/max)", [_spread(audit.words) for audit in audits]
        if not classes:
            beyond = [_above(audit.words, model.max_len) for audit in audits]
            yield f"  longer than model.max_len={model.max_len}", beyond
        yield "sub-tokens a row", [_spread(audit.sub_tokens) for audit in audits]
        prompt, limit = self._prompt(), self.sub_tokens.limit if self.sub_tokens else None
        if prompt is not None and limit is not None:
            yield (
                f"  beyond the {limit} of the tokenizer, {prompt} of them for labels",
                [_above(audit.sub_tokens, limit - prompt) for audit in audits],
            )
        if classes:
            yield from _class_rows(classes)
            return
        yield "entities", [f"{audit.entities:,}" for audit in audits]
        yield "relations", [f"{audit.relations:,}" for audit in audits]
        yield "words an entity (min/median/p95/max)", [_spread(audit.widths) for audit in audits]
        if model.span_mode != "token_level":
            yield (
                f"  wider than model.max_width={model.max_width}",
                [_above(audit.widths, model.max_width) for audit in audits],
            )
        for kind in sorted({kind for audit in audits for kind in audit.crossings}):
            yield f"entities: {kind}", [f"{audit.crossings[kind]:,}" for audit in audits]
        yield from _dropped(audits)

    def _labels(self) -> Table:
        table = self._table("label")
        for kind in ("entity_labels", "relation_labels"):
            totals = sum((getattr(audit, kind) for audit in self.audits), Counter[str]())
            for label, _ in totals.most_common(LABELS):
                name = label if kind == "entity_labels" else f"{label} (relation)"
                table.add_row(escape(name), *(f"{getattr(audit, kind)[label]:,}" for audit in self.audits))
            if len(totals) > LABELS:
                table.add_row(f"… and {len(totals) - LABELS} more")
        return table

    def _remarks(self) -> Iterator[str]:
        for audit in self.audits:
            yield from _bad(audit)
        for audit in self.audits:
            for names in audit.collisions:
                yield f"{audit.path}: one label or several? {', '.join(map(repr, names))}"
            for line, first in audit.twins.contradicting[:TWINS]:
                there = f"line {first}" if isinstance(first, int) else first
                joint = ":" if isinstance(line, int) else "/"
                yield f"{audit.path}{joint}{line} has the words of {there}, annotated otherwise"
        for first_file, second_file, shared in self._leaks():
            lines = _lines(f"{here} = {there}" for here, there in shared)
            yield f"{len(shared)} rows of {first_file.path} are also in {second_file.path}: lines {lines}"
        yield from self._unseen()
        if self.settings:
            yield "settings that fit:"

    def _unseen(self) -> Iterator[str]:
        """Labels that the first file, taken for the training data, does not have."""
        for other in self.audits[1:]:
            new = sorted(set(other.entity_labels) - set(self.audits[0].entity_labels))
            if new and self.audits[0].entity_labels:
                yield f"{other.path} has labels that {self.audits[0].path} has not: {', '.join(new[:10])}"

    def _leaks(self) -> Iterator[tuple[Audit, Audit, list[tuple[Line, Line]]]]:
        for first, second in combinations(self.audits, 2):
            shared = first.twins.shared(second.twins)
            if shared:
                yield first, second, shared

    def _prompt(self) -> int | None:
        if self.sub_tokens is None or self.config.run.task in ("biencoder", *CLASSIFICATION_TASKS):
            return None
        entity = sorted({label for audit in self.audits for label in audit.entity_labels})
        relation = sorted({label for audit in self.audits for label in audit.relation_labels})
        return self.sub_tokens.prompt(entity + (relation if self.config.run.task == "relex" else []))


def _class_rows(audits: Sequence[ClassAudit]) -> Iterator[tuple[str, list[str]]]:
    yield "true labels", [f"{audit.entities:,}" for audit in audits]
    yield "true labels a row (min/median/p95/max)", [_spread(audit.labels_per_row) for audit in audits]
    yield "labels offered a row (min/median/p95/max)", [_spread(audit.offered_per_row) for audit in audits]
    yield "rows with scores other than 1", [f"{audit.graded:,}" for audit in audits]
    yield from _dropped(audits)


def _dropped(audits: Sequence[Audit]) -> Iterator[tuple[str, list[str]]]:
    for kind in sorted({kind for audit in audits for kind in audit.dropped}):
        yield kind, [f"{audit.dropped[kind]:,}" for audit in audits]


def _bad(audit: Audit) -> Iterator[str]:
    """The bad rows of a file, those of one kind together, the most frequent kind first."""
    for kind, count in audit.reasons.most_common(KINDS):
        problems = [problem for problem in audit.bad if reason_kind(problem.message) == kind]
        if count <= TWINS or not problems:
            yield from (f"{problem.where}: {problem.message}" for problem in problems)
            continue
        lines = _lines(_within(problem.where, audit.path) for problem in problems)
        yield f"{audit.path}: {count} rows like this: {problems[0].message}; lines {lines}"
    if len(audit.reasons) > KINDS:
        yield f"{audit.path}: {len(audit.reasons) - KINDS} more kinds of bad rows, not shown (--json names them)"


def _within(where: str, path: str) -> str:
    """A place without the path: the line of a file, `file:line` of a directory."""
    return where.removeprefix(path).lstrip("/:")


def _lines(numbers: Iterable[str]) -> str:
    """The first few, and a sign that there are more."""
    listed = list(numbers)
    return ", ".join(listed[:TWINS]) + (" …" if len(listed) > TWINS else "")


def _spread(spread: Spread) -> str:
    figures = spread.figures()
    return "/".join(f"{figures[name]:,}" for name in ("min", "p50", "p95", "max")) if spread.total else ""


def _above(spread: Spread, limit: int) -> str:
    return f"{spread.above(limit):,}" if spread.total else ""
