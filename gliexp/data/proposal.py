"""Settings that fit the data: how long, how wide, how many types, and whether to cut documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gliexp.data.audit import Audit
from gliexp.data.class_audit import ClassAudit

LONGEST = 512
"""Words up to which a row is trained whole; longer ones are cut into windows, since attention grows with the square."""

WIDEST = 16
"""Words up to which a span model's width follows the widest entity: each more is another score for every word."""

COVERED = 99.5
"""Percent of the entities that max_width holds where a few are far wider than the rest."""

WINDOW = 200


@dataclass(frozen=True)
class Setting:
    """An override and what speaks for it."""

    override: str
    reason: str


def propose(audits: Sequence[Audit]) -> list[Setting]:
    """Overrides for a model that is to hold all rows of these files; nothing for files without a good row."""
    audits = [audit for audit in audits if audit.rows]
    if not audits:
        return []
    classes = [audit for audit in audits if isinstance(audit, ClassAudit)]
    if classes:
        return _classification(classes)
    return [*_length(audits), *_width(audits), *_types(audits), *_nesting(audits)]


def _length(audits: Sequence[Audit]) -> list[Setting]:
    longest = max(max(audit.words.counts) for audit in audits)
    if longest <= LONGEST:
        fitting = -(-longest // 16) * 16
        return [Setting(f"model.max_len={fitting}", f"the longest row has {longest} words")]
    beyond = sum(audit.words.above(LONGEST) for audit in audits)
    stride = min(max(_widest(audits), WINDOW // 4), WINDOW // 2)
    return [
        Setting(
            "data.long_doc_chunking.enabled=true", f"{beyond} rows have more than {LONGEST} words, up to {longest}"
        ),
        Setting(f"data.long_doc_chunking.max_words={WINDOW}", "short windows train fastest"),
        Setting(f"data.long_doc_chunking.stride={stride}", f"the widest entity has {_widest(audits)} words"),
    ]


def _classification(audits: Sequence[ClassAudit]) -> list[Setting]:
    one = all(set(audit.labels_per_row.counts) == {1} and not audit.graded for audit in audits)
    several = sum(audit.labels_per_row.above(1) for audit in audits)
    none = sum(audit.empty_rows for audit in audits)
    kind = "single" if one else "multi"
    why = "each row has one true label" if one else f"{several} rows have several true labels, {none} have none"
    labels = {label for audit in audits for label in (*audit.entity_labels, *audit.offered_labels)}
    most = max((max(audit.offered_per_row.counts, default=0) for audit in audits), default=0) or len(labels)
    slots = f"{len(labels)} labels, at most {most} offered to a row"
    return [
        Setting(f"model.problem_type={kind}_label_classification", why),
        Setting(f"model.max_num_classes={most}", slots),
    ]


def _width(audits: Sequence[Audit]) -> list[Setting]:
    widest = _widest(audits)
    if not widest:
        return []
    if widest <= WIDEST:
        return [Setting(f"model.max_width={widest}", "the widest entity")]
    covering = max(audit.widths.percentile(COVERED) for audit in audits)
    lost = sum(audit.widths.above(covering) for audit in audits)
    return [
        Setting("span_mode=token_level", f"entities of up to {widest} words: token models know no width"),
        Setting(f"model.max_width={covering}", f"for a span model instead: {lost} entities are wider"),
    ]


def _types(audits: Sequence[Audit]) -> list[Setting]:
    labels = {label for audit in audits for label in audit.entity_labels}
    most = max((max(audit.labels_per_row.counts, default=0) for audit in audits), default=0)
    if not labels:
        return []
    return [Setting(f"model.max_types={len(labels)}", f"{len(labels)} entity labels, at most {most} in one row")]


def _nesting(audits: Sequence[Audit]) -> list[Setting]:
    entangled = sum(audit.crossings.total() for audit in audits)
    if not entangled:
        return []
    return [Setting("data.flat_ner=false", f"{entangled} entities lie inside, across or on one another")]


def _widest(audits: Sequence[Audit]) -> int:
    return max((max(audit.widths.counts, default=0) for audit in audits), default=0)
