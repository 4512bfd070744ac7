"""The strings that GLiClass reads: labels, task description, text and examples in the order of the stock pipeline.

Training and inference of gliexp use these alone. The library's own training writes other strings than its inference:
train.py hands prompt_first to the wrong argument, bi-encoders lose the prompt (data_processing.py:455), and decoder-kv
gets the tokenizer's special tokens around (data_processing.py:412).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LABEL, SEPARATOR, EXAMPLE = "<<LABEL>>", "<<SEP>>", "<<EXAMPLE>>"
SPECIAL_TOKENS = (LABEL, SEPARATOR, EXAMPLE)

Row = Mapping[str, Any]


def labels_first(row: Row, labels: Sequence[str]) -> str:
    """Labels, separator and task description."""
    return "".join(f"{LABEL}{label}" for label in labels) + SEPARATOR + str(row.get("prompt", ""))


def text_with_examples(row: Row, text: str) -> str:
    """The text, then worked examples."""
    return text + examples(row)


def examples(row: Row) -> str:
    """Worked examples with their labels; empty where the row has none."""
    shown = row.get("examples") or ()
    parts = [f"{EXAMPLE}{item['text']} \nLabels:\n {', '.join(item['labels'])}" for item in shown]
    return "".join(parts) + SEPARATOR if parts else ""


def uni(row: Row, labels: Sequence[str], text: str, prompt_first: bool) -> str:
    """What uni-encoder reads."""
    prompt = labels_first(row, labels)
    return prompt + text + examples(row) if prompt_first else text + prompt + examples(row)


def fused(row: Row, labels: Sequence[str], text: str, prompt_first: bool) -> str:
    """What bi-encoder-fused's text encoder reads: a marker for each label, whose words the label encoder reads."""
    description = f"{row['prompt']} " if row.get("prompt") else ""
    prompt = description + LABEL * len(labels) + SEPARATOR
    return prompt + text + examples(row) if prompt_first else text + prompt + examples(row)


def apart(row: Row, text: str) -> str:
    """What bi-encoder's text encoder reads; it knows no examples."""
    return f"{row['prompt']} {text}" if row.get("prompt") else text


def causal_context(row: Row, text: str) -> str:
    """What decoder-kv reads before its labels."""
    return str(row.get("prompt", "")) + examples(row) + text


def causal_labels(labels: Sequence[str]) -> str:
    """decoder-kv's labels: a marker after each, so that it has read the label."""
    return SEPARATOR + "".join(f"{label}{LABEL}" for label in labels) + SEPARATOR
