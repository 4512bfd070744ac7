"""The lines of Python in a model card that load the model and ask it something."""

from __future__ import annotations

from collections.abc import Sequence

from gliexp.models.usage import Usage

TEXT = "Ana Lima works for Helix Labs in Porto."
"""A sentence of ours: a card shows no row of anybody's data."""
SHOWN = 6  # labels in the snippet
PURPOSES = {
    "ner": "named entities",
    "biencoder": "named entities (bi-encoder)",
    "decoder": "named entities with generated labels",
    "relex": "named entities and relations",
    "streaming": "named entities in a stream of text",
    "classification": "zero-shot classification",
    "classification_rl": "zero-shot classification",
}


def text(task: str, repository: str, usage: Usage, *, merged: bool) -> str:
    """Lines that run as they are where the library is installed.

    `merged` says that a model in the stock library's layout was saved; an adapter alone is opened by gliexp.
    """
    if not merged:
        return _adapter(repository)
    if usage.class_labels or task.startswith("classification"):
        return _classes(repository, usage)
    return _entities(task, repository, usage)


def _entities(task: str, repository: str, usage: Usage) -> str:
    lines = [
        "from gliner import GLiNER",
        "",
        f'model = GLiNER.from_pretrained("{repository}")',
        f"labels = {_listed(usage.entity_labels or ('person', 'organization', 'location'))}",
    ]
    if task == "relex":
        return "\n".join(
            [
                *lines,
                f"relations = {_listed(usage.relation_labels or ('works for',))}",
                f'entities, related = model.inference(["{TEXT}"], labels, relations, threshold={usage.threshold})',
                "for relation in related[0]:",
                "    print(relation)",
            ]
        )
    flat = "" if usage.flat_ner else ", flat_ner=False"
    return "\n".join(
        [
            *lines,
            f'for entity in model.predict_entities("{TEXT}", labels, threshold={usage.threshold}{flat}):',
            '    print(entity["text"], "=>", entity["label"])',
        ]
    )


def _classes(repository: str, usage: Usage) -> str:
    """Asked in the parts in which the run was scored, where it was (data.labels_at_once)."""
    asked = [f'for found in pipeline("{TEXT}", labels, threshold={usage.threshold})[0]:']
    indent = "    "
    if usage.labels_at_once is not None:
        most = usage.labels_at_once
        asked = [
            f"for start in range(0, len(labels), {most}):",
            f'    for found in pipeline("{TEXT}", labels[start : start + {most}], threshold={usage.threshold})[0]:',
        ]
        indent *= 2
    return "\n".join(
        [
            "from gliclass import GLiClassModel, ZeroShotClassificationPipeline",
            "from transformers import AutoTokenizer",
            "",
            f'model = GLiClassModel.from_pretrained("{repository}")',
            f'tokenizer = AutoTokenizer.from_pretrained("{repository}")',
            f"pipeline = ZeroShotClassificationPipeline(model, tokenizer, max_length={usage.max_length}, "
            'classification_type="multi-label", device="cpu")',
            f"labels = {_listed(usage.class_labels or ('work', 'travel'))}",
            *asked,
            f'{indent}print(found["label"], found["score"])',
        ]
    )


def _adapter(repository: str) -> str:
    return "\n".join(
        [
            "from huggingface_hub import snapshot_download",
            "from gliexp.models import adapters",
            "",
            f'made = adapters.load(snapshot_download("{repository}"))  # the base is fetched, the adapter put on it',
            "model = adapters.merge(made.model)",
        ]
    )


def _listed(labels: Sequence[str]) -> str:
    return "[" + ", ".join(repr(label) for label in labels[:SHOWN]) + "]"
