"""Rows of exactly so many words and labels, joined from the embedded sample: for measuring how cost grows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).resolve().parents[2] / "gliexp" / "data" / "samples" / "train.jsonl"


def labels(number: int) -> list[str]:
    """So many labels of one word each, words of the sample in the order in which they appear.

    Raises ValueError for more than it has.
    """
    words = (word.lower() for row in _sample() for word in row["tokenized_text"] if word.isalpha() and len(word) > 4)
    found = list(dict.fromkeys(words))
    if number > len(found):
        raise ValueError(f"the sample has {len(found)} words that may serve as labels, not {number}")
    return found[:number]


def entity_rows(number: int, words: int, offered: Sequence[str]) -> list[dict[str, Any]]:
    """`number` rows of `words` words: sample rows one behind the other, cut, whose entities bear `offered` labels.

    What the sample calls a label is one of `offered` throughout; entities that the cut meets are left out.
    """
    sample = _sample()
    names = sorted({entity[2] for row in sample for entity in row["ner"]})
    renamed = {name: offered[place % len(offered)] for place, name in enumerate(names)}
    made, place = [], 0
    for _ in range(number):
        text: list[str] = []
        spans: list[list[Any]] = []
        while len(text) < words:
            row = sample[place % len(sample)]
            place += 1
            shift = len(text)
            text += row["tokenized_text"]
            spans += [[start + shift, end + shift, renamed[label]] for start, end, label in row["ner"]]
        kept = [span for span in spans if span[1] < words]
        made.append({"tokenized_text": text[:words], "ner": kept, "ner_labels": list(offered)})
    return made


def class_rows(number: int, words: int, offered: Sequence[str]) -> list[dict[str, Any]]:
    """The same texts as strings, each with one of the labels."""
    return [
        {
            "text": " ".join(row["tokenized_text"]),
            "true_labels": [offered[place % len(offered)]],
            "all_labels": list(offered),
        }
        for place, row in enumerate(entity_rows(number, words, offered))
    ]


def _sample() -> list[dict[str, Any]]:
    return [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
