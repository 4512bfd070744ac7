"""The embedded data set: what a run trains on when it is given none, made by the project's own grammar.

One set serves every GLiNER task: eight entity labels, five relation labels, a quarter in Portuguese, rows without any
entity, names that are a person here and a city there. Classification has rows of its own (sample_topics.py). The
committed files are what `generate` returns for `SEED`; a test holds them equal.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

from gliexp.config.schema.run import CLASSIFICATION_TASKS, GLINER_TASKS
from gliexp.data import sample_templates as templates
from gliexp.data import sample_topics, words
from gliexp.data.sample_slots import Filler
from gliexp.errors import Problem, Refusal

Example = dict[str, Any]

SEED = 20240501
ROWS = {"train": 640, "dev": 80, "test": 120}
TASKS = (*GLINER_TASKS, *CLASSIFICATION_TASKS)
DIRECTORY = Path(__file__).parent / "samples"
LONGEST = 60

_SLOT = re.compile(r"\{(\w+)(?::(\w+))?\}")


def path(split: str, task: str = "ner") -> Path:
    """The committed file of `split` ("train", "dev" or "test")."""
    return DIRECTORY / _subdirectory(task) / f"{split}.jsonl"


def _subdirectory(task: str) -> str:
    return "classification" if task in CLASSIFICATION_TASKS else ""


def generate(task: str, split: str, seed: int = SEED) -> list[Example]:
    """The rows of one split, equal for equal arguments whatever PYTHONHASHSEED says.

    Every GLiNER task gets the same rows in GLiNER's form (some ignore the relations), classification has its own.
    Raises Refusal for an unknown task or split.
    """
    problems = []
    if task not in TASKS:
        problems.append(Problem("task", f"no sample data for {task!r}", allowed=", ".join(TASKS)))
    if split not in ROWS:
        problems.append(Problem("split", f"no sample split {split!r}", allowed=", ".join(ROWS)))
    if problems:
        raise Refusal(problems)
    draw = Random(f"gliexp sample {split} {seed}")
    filler = Filler(draw, unseen=split != "train")
    make = sample_topics.row if task in CLASSIFICATION_TASKS else _row
    return [make(draw, filler) for _ in range(ROWS[split])]


def write(directory: Path = DIRECTORY) -> list[Path]:
    """Write all splits as JSON Lines (UTF-8, one row a line) and return the files."""
    written = []
    for task, split in ((task, split) for task in ("ner", "classification") for split in ROWS):
        target = directory / _subdirectory(task) / f"{split}.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in generate(task, split))
        target.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8"))
        written.append(target)
    return written


def _row(draw: Random, filler: Filler) -> Example:
    """One to four sentences of one language, at most LONGEST words; one row in twelve has no entity at all."""
    portuguese = draw.random() < 0.25
    full = templates.PORTUGUESE if portuguese else templates.ENGLISH
    empty = templates.EMPTY_PORTUGUESE if portuguese else templates.EMPTY_ENGLISH
    sentences = draw.choices((1, 2, 3, 4), weights=(46, 30, 16, 8))[0]
    row: Example = {"tokenized_text": [], "ner": [], "relations": []}
    if draw.random() < 1 / 12:
        _append(row, draw.choice(empty), filler)
        return row
    for _ in range(sentences):
        grown = {key: list(value) for key, value in row.items()}
        _append(grown, draw.choice(full if draw.random() < 0.9 or not row["ner"] else empty), filler)
        if len(grown["tokenized_text"]) > LONGEST:
            break
        row = grown
    return row


def _append(row: Example, template: templates.Template, filler: Filler) -> None:
    """Fill `template` and add its words, entities and relations to `row`, indices shifted to the row's."""
    tokens, entities = row["tokenized_text"], row["ner"]
    index_of: dict[str, int] = {}
    at = 0
    for slot in _SLOT.finditer(template.text):
        tokens.extend(word.text for word in words.split(template.text[at : slot.start()]))
        text, label = filler.fill(slot.group(1))
        start = len(tokens)
        tokens.extend(word.text for word in words.split(text))
        if label is not None:
            index_of[slot.group(2) or f"unnamed {len(entities)}"] = len(entities)
            entities.append([start, len(tokens) - 1, label])
        at = slot.end()
    tokens.extend(word.text for word in words.split(template.text[at:]))
    row["relations"].extend([index_of[head], index_of[tail], label] for head, tail, label in template.relations)
