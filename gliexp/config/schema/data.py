"""The `data` section: files, their fields, and how examples become training rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gliexp.config.schema.key import GLICLASS_TRAIN, SCRIPT, key

TUNE = "tune"
"""data.threshold: the best on dev."""
THRESHOLD = 0.5
"""What counts until a threshold is tuned."""
FORMATS = tuple("json jsonl csv tsv parquet arrow dataset conll brat docred spert docbin".split())


@dataclass
class Fields:
    """Names of the columns in the data files."""

    tokens: str = key("tokenized_text", "Column with the list of words", SCRIPT)
    text: str = key("text", "Column with the raw text, where there are no words", SCRIPT)
    ner: str = key("ner", "Column with the entity spans", SCRIPT)
    relations: str = key("relations", "Column with the relations", SCRIPT)
    labels: str = key("labels", "Column with the labels of the whole text; rows of entities have none", SCRIPT)
    all_labels: str = key("all_labels", "Column with the labels that a row offers", SCRIPT)
    true_labels: str = key("true_labels", "Column with those that hold: a list, or label to score", SCRIPT)
    prompt: str = key("prompt", "Column with the row's task description", SCRIPT)
    examples: str = key("examples", "Column with the row's worked examples", SCRIPT)


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
    token: int = key(0, "Column of the word where a line is a word, from 0; below 0 from the last, -1", SCRIPT)
    tag: int = key(-1, "Column of the tag where a line is a word, from 0; below 0 from the last, -1", SCRIPT)
    sentence: str | None = key(
        None, "Column of CSV or TSV that names the sentence of a row's word; null looks for it", SCRIPT
    )
    labels_separator: str | None = key(
        None, "What stands between several labels in one cell (classification); null takes it as one label", SCRIPT
    )


def _share(default: float, description: str) -> Any:
    return key(default, description, GLICLASS_TRAIN, minimum=0, maximum=1)


@dataclass
class Augmentation:
    """gliclass's AugmentationConfig: shares of the training rows that are shown in another way."""

    enabled: bool = key(False, "Change training rows of classification, by (seed, epoch, row)", GLICLASS_TRAIN)
    random_label_removal_prob: float = _share(0.15, "Share of rows asked about fewer labels")
    random_label_addition_prob: float = _share(0.10, "Share of rows asked about labels of other rows too")
    random_text_addition_prob: float = _share(0.05, "Share of rows with another row's text beside their own")
    random_add_description_prob: float = _share(0.25, "Share of rows with descriptions of labels beside their text")
    random_add_synonyms_prob: float = _share(0.10, "Share of rows whose labels go by other names")
    random_add_examples_prob: float = _share(0.25, "Share of rows with worked examples")
    max_num_examples: int = key(5, "Rows that examples are chosen from, at most", GLICLASS_TRAIN, minimum=1)


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
    retention: Any = key(
        None,
        "Files that are scored before, during and after training and not trained on, to see what is forgotten",
        SCRIPT,
        kinds=("str", "list"),
    )
    test_data: Any = key(None, "Test file or files; null means none", SCRIPT, kinds=("str", "list"))
    previous_data: Any = key(
        None,
        "File or files that a saved classifier learned before, for training.use_ewc",
        SCRIPT,
        kinds=("str", "list"),
    )
    license: str | None = key(None, "Licence of the data, as the Hub spells it; the model card says it", SCRIPT)
    format: str = key("auto", "Form of the files; auto looks into them", SCRIPT, choices=("auto", *FORMATS))
    fields: Fields = field(default_factory=Fields)
    columns: Columns = field(default_factory=Columns)
    tag_names: list[str] | None = key(None, "Names of tags that are numbers, in order from 0", SCRIPT)
    entity_labels: list[str] | None = key(None, "Fixed entity types; null takes those of the training data", SCRIPT)
    relation_labels: list[str] | None = key(None, "Fixed relation types; null takes those of the training data", SCRIPT)
    class_labels: list[str] | None = key(
        None, "Labels offered where a row names none; null takes those of the training data", SCRIPT
    )
    label_names: Any = key(
        None, "Other names for labels of the files ({PER: person}), taken when they are read", SCRIPT, kinds=("dict",)
    )
    label_descriptions: Any = key(
        None,
        "What a GLiNER reads for a label ({person: a human being}); for data.augmentation of a classifier, label to "
        "{descriptions: [...], synonyms: [...]}",
        SCRIPT,
        kinds=("dict",),
    )
    max_length: int = key(512, "Tokens of one example, its labels included (classification)", SCRIPT, minimum=8)
    labels_at_once: int | None = key(
        None,
        "Labels that one question holds at most when a classifier is scored or predicts; more are asked in parts. null "
        "asks about all at once",
        SCRIPT,
        minimum=1,
    )
    label_sampling: str = key(
        "sampled",
        "Labels offered with each row: its own and some others (sampled), all in a new order each time (all), all in "
        "their own order (fixed), or fixed for half of the rows and random parts for the others (mixed)",
        SCRIPT,
        choices=("sampled", "all", "fixed", "mixed"),
    )
    mention_swap: float = key(
        0.0,
        "Share of the training rows in which mentions give way to others of the same label",
        SCRIPT,
        minimum=0,
        maximum=1,
    )
    threshold: Any = key(
        THRESHOLD,
        "Score from which a span, relation or class counts as predicted; tune takes the one that is best on dev",
        SCRIPT,
        minimum=0,
        maximum=1,
        kinds=("float", "str"),
    )
    flat_ner: bool = key(True, "Predicted entities may not overlap", SCRIPT)
    on_loss: str = key(
        "warn", "What to do when training cannot use part of the data", SCRIPT, choices=("error", "warn")
    )
    cache: bool = key(True, "Keep the rows of large files, so that they are read and checked once", SCRIPT)
    cache_dir: str | None = key(
        None, "Directory for them; null means data/ in $GLIEXP_CACHE or ~/.cache/gliexp", SCRIPT
    )
    augmentation: Augmentation = field(default_factory=Augmentation)
    long_doc_chunking: LongDocChunking = field(default_factory=LongDocChunking)


def fixed_threshold(data: Data) -> float:
    """The threshold that is named, or the one that counts until another is tuned."""
    return THRESHOLD if data.threshold == TUNE else float(data.threshold)
