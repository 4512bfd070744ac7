"""The `data` section: files, their fields, and how examples become training rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gliexp.config.schema.key import SCRIPT, key


@dataclass
class Fields:
    """Names of the columns in the data files."""

    tokens: str = key("tokenized_text", "Column with the list of words", SCRIPT)
    text: str = key("text", "Column with the raw text, where there are no words", SCRIPT)
    ner: str = key("ner", "Column with the entity spans", SCRIPT)
    relations: str = key("relations", "Column with the relations", SCRIPT)
    all_labels: str = key("all_labels", "Column with the labels that a row offers", SCRIPT)
    true_labels: str = key("true_labels", "Column with those that hold: a list, or label to score", SCRIPT)
    prompt: str = key("prompt", "Column with the row's task description", SCRIPT)
    examples: str = key("examples", "Column with the row's worked examples", SCRIPT)


@dataclass
class LongDocChunking:
    """Cutting long documents into windows."""

    enabled: bool = key(False, "Cut documents into windows before training", SCRIPT)
    max_words: int = key(200, "Words per window", SCRIPT, minimum=1)
    stride: int = key(50, "Words shared by neighbouring windows", SCRIPT, minimum=0)


@dataclass
class Data:
    """What is read, and what happens to examples that cannot be used."""

    train_data: Any = key(
        None, "Training file or files; `sample` is the built-in sample", SCRIPT, kinds=("str", "list")
    )
    val_data: Any = key(None, "Validation file or files; null means none", SCRIPT, kinds=("str", "list"))
    test_data: Any = key(None, "Test file or files; null means none", SCRIPT, kinds=("str", "list"))
    format: str = key(
        "auto", "Form of the files; auto decides by name and content", SCRIPT, choices=("auto", "json", "jsonl")
    )
    fields: Fields = field(default_factory=Fields)
    entity_labels: list[str] | None = key(None, "Fixed entity types; null takes those of the training data", SCRIPT)
    relation_labels: list[str] | None = key(None, "Fixed relation types; null takes those of the training data", SCRIPT)
    class_labels: list[str] | None = key(
        None, "Labels offered where a row names none; null takes those of the training data", SCRIPT
    )
    max_length: int = key(512, "Tokens of one example, its labels included (classification)", SCRIPT, minimum=8)
    label_sampling: str = key(
        "sampled",
        "Labels offered with each row: gold and some others, always all, or mostly all",
        SCRIPT,
        choices=("sampled", "all", "mixed"),
    )
    mention_swap: float = key(
        0.0,
        "Share of the training rows in which mentions give way to others of the same label",
        SCRIPT,
        minimum=0,
        maximum=1,
    )
    threshold: float = key(0.5, "Score from which a span or relation counts as predicted", SCRIPT, minimum=0, maximum=1)
    tune_threshold: bool = key(False, "Take the threshold that is best on dev instead (classification)", SCRIPT)
    flat_ner: bool = key(True, "Predicted entities may not overlap", SCRIPT)
    on_loss: str = key(
        "warn", "What to do when training cannot use part of the data", SCRIPT, choices=("error", "warn")
    )
    long_doc_chunking: LongDocChunking = field(default_factory=LongDocChunking)
