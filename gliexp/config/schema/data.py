"""The `data` section: files, their fields, and how examples become training rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gliexp.config.schema.key import SCRIPT, key

FORMATS = tuple("json jsonl csv tsv parquet arrow dataset conll brat docred spert docbin".split())


@dataclass
class Fields:
    """Names of the columns in the data files."""

    tokens: str = key("tokenized_text", "Column with the list of words", SCRIPT)
    text: str = key("text", "Column with the raw text, where there are no words", SCRIPT)
    ner: str = key("ner", "Column with the entity spans", SCRIPT)
    relations: str = key("relations", "Column with the relations", SCRIPT)
    labels: str = key("labels", "Column with the labels of the whole text; rows of entities have none", SCRIPT)


@dataclass
class Columns:
    """What a file of columns (CoNLL, CSV, TSV) does not say about itself."""

    separator: str | None = key(
        None, "What stands between columns; null looks for it, a space means any run of spaces and tabs", SCRIPT
    )
    header: bool | None = key(None, "Whether the first line of CSV or TSV names the columns; null looks", SCRIPT)
    names: list[str] | None = key(
        None, "Names of the columns of CSV or TSV; null takes the header's, or 0, 1, …", SCRIPT
    )
    token: int = key(0, "CoNLL column of the word, from 0; below 0 it counts from the last, -1", SCRIPT)
    tag: int = key(-1, "CoNLL column of the tag, from 0; below 0 it counts from the last, -1", SCRIPT)


@dataclass
class LongDocChunking:
    """Cutting long documents into windows that overlap."""

    enabled: bool = key(False, "Train on windows of long documents, predict in windows, score whole documents", SCRIPT)
    max_words: int = key(200, "Words per window at most; fewer where the tokenizer's limit says so", SCRIPT, minimum=1)
    stride: int = key(
        50, "Words shared by neighbouring windows, at least: no entity up to this width is cut", SCRIPT, minimum=0
    )
    drop_empty_chunks: bool = key(False, "Train without the windows that hold no entity", SCRIPT)
    respect_sentences: bool = key(True, "Windows begin and end at sentence ends where one is near", SCRIPT)


@dataclass
class Data:
    """What is read, and what happens to examples that cannot be used."""

    train_data: Any = key(
        None,
        "Training file or files (paths, patterns, {path, weight}); `sample` is the built-in sample",
        SCRIPT,
        kinds=("str", "list"),
    )
    val_data: Any = key(
        None, "Validation file or files; null takes a tenth of the training rows", SCRIPT, kinds=("str", "list")
    )
    test_data: Any = key(None, "Test file or files; null means none", SCRIPT, kinds=("str", "list"))
    format: str = key("auto", "Form of the files; auto looks into them", SCRIPT, choices=("auto", *FORMATS))
    fields: Fields = field(default_factory=Fields)
    columns: Columns = field(default_factory=Columns)
    tag_names: list[str] | None = key(None, "Names of tags that are numbers, in order from 0", SCRIPT)
    entity_labels: list[str] | None = key(None, "Fixed entity types; null takes those of the training data", SCRIPT)
    relation_labels: list[str] | None = key(None, "Fixed relation types; null takes those of the training data", SCRIPT)
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
    flat_ner: bool = key(True, "Predicted entities may not overlap", SCRIPT)
    on_loss: str = key(
        "warn", "What to do when training cannot use part of the data", SCRIPT, choices=("error", "warn")
    )
    long_doc_chunking: LongDocChunking = field(default_factory=LongDocChunking)
