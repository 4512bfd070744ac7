"""Labels that stand in the prompt by a description, while rows, scores and predictions keep their names.

The stock library does the same at inference where it is handed a mapping in place of a list of labels
(gliner/model.py, _normalize_label_set); for training it has the hook that is used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gliexp.models import architecture

_KEPT = "gliexp_label_descriptions"


def describe(model: Any, descriptions: Mapping[str, str] | None) -> None:
    """Let a GLiNER read these texts for labels, in training and prediction; labels without one are read as they are."""
    texts = dict(descriptions or {})
    processor = model.data_processor
    if not texts or _KEPT in vars(processor):
        return
    setattr(processor, _KEPT, texts)

    def described(labels: Sequence[str]) -> list[str]:
        return [texts.get(label, label) for label in labels]

    if architecture.has_labels_encoder(model):
        tokenize = processor.tokenize_inputs

        def tokenize_inputs(rows: Any, entities: Any = None, *others: Any, **options: Any) -> Any:
            return tokenize(rows, None if entities is None else described(list(entities)), *others, **options)

        processor.tokenize_inputs = tokenize_inputs
    else:
        processor._maybe_remap_entities = described  # gliner/data_processing/processor.py:234: made to be overridden


def descriptions_of(model: Any) -> dict[str, str]:
    """What `describe` was told of a model; nothing of a classifier."""
    processor = getattr(model, "data_processor", None)
    return dict(getattr(processor, _KEPT, {}))
