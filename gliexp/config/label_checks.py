"""What data.label_names and data.label_descriptions may not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from gliexp.config.report import Report
from gliexp.config.schema import Config
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.errors import Problem

FIXED = ("entity_labels", "relation_labels", "class_labels")
MARKERS = ("<<ENT>>", "<<SEP>>", "<<REL>>", "<<LABEL>>", "<<EXAMPLE>>")


def problems(config: Config, report: Report) -> Iterator[Problem]:
    """Every fault of the two keys: texts that are empty or hold a marker, and names that say two things."""
    data = config.data
    entities = config.run.task not in CLASSIFICATION_TASKS  # what classifiers take is told by classifier_checks
    for key in ("label_names", "label_descriptions") if entities else ("label_names",):
        for message in _texts(getattr(data, key) or {}):
            yield Problem(f"data.{key}", message, "label: text, neither empty", report.where(f"data.{key}"))
    renamed = data.label_names or {}
    for key in FIXED:
        for label in getattr(data, key) or ():
            if renamed.get(label, label) != label and label not in renamed.values():
                message = f"{label!r} has another name, {renamed[label]!r}, by data.label_names"
                yield Problem(f"data.{key}", message, "the new name", report.where(f"data.{key}"))
    if entities:
        yield from _descriptions(config, report, renamed)


def _texts(named: Mapping[object, object]) -> Iterator[str]:
    for label, text in named.items():
        for value in (label, text):
            if not isinstance(value, str) or not value.strip():
                yield f"{label!r:.40}: {value!r:.40} is no text"
            elif held := [marker for marker in MARKERS if marker in value]:
                yield f"{label!r:.40}: {held[0]} is reserved for the prompt"


def _descriptions(config: Config, report: Report, renamed: Mapping[str, str]) -> Iterator[Problem]:
    """Two labels with one text in the prompt cannot be told apart, by the model or by who reads its answer."""
    described = config.data.label_descriptions or {}
    key = "data.label_descriptions"
    where = report.where(key)
    for text, count in Counter(map(str, described.values())).items():
        if count > 1:
            named = ", ".join(repr(label) for label, other in described.items() if other == text)
            yield Problem(key, f"{named} have one description, {text!r:.60}", "a text of its own for each", where)
    for label, text in described.items():
        if text in described and text != label:
            yield Problem(key, f"the description of {label!r} is the label {text!r}", "another text", where)
        if renamed.get(label, label) != label and label not in renamed.values():
            message = f"{label!r} has another name, {renamed[label]!r}, by data.label_names"
            yield Problem(key, message, "the new name", where)
