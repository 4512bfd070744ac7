"""What each training row costs the model, so that batches can be made of rows of like cost.

Sub-tokens are those of the row's words and of the longest prompt that it may be given. Work is counted in
multiplications of a forward pass: the encoder's weights per sub-token and its attention per pair of them, the heads per
span, or per word and label, and per pair of entities. Only how rows compare matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from gliexp.config.schema.classifier import BI, FUSED, SEQ2SEQ, SEQ2SEQ_CLS
from gliexp.data.classes import ClassSampler
from gliexp.data.labels import LabelSampler, Offered
from gliexp.data.rows import Rows, lengths
from gliexp.models import anatomy, architecture
from gliexp.models import class_prompts as prompts
from gliexp.models.anatomy import TEXT_ENCODER
from gliexp.models.class_anatomy import backbones
from gliexp.models.class_inputs import ClassInputs
from gliexp.models.subtokens import UNLIMITED, SubTokens
from gliexp.training.batches import Costs

Numbers = npt.NDArray[np.int64]

TEXTS = 1000
"""Texts that are tokenised at once."""


def by_length(rows: Sequence[Mapping[str, Any]]) -> Costs:
    """Words of each row, or characters of each text that is classified: what is known without a tokenizer."""
    found = lengths(rows)
    return Costs(found, found)


def of_entities(rows: Sequence[Mapping[str, Any]], model: Any, labels: LabelSampler) -> Costs:
    """The costs of rows with entities, and of their relations where the model has such."""
    rows, settings = Rows.of(rows), model.config  # type: ignore[arg-type]
    tokenizer = model.data_processor.transformer_tokenizer
    counter, encoder = SubTokens(tokenizer), _Encoder.of(anatomy.of(model).holders[TEXT_ENCODER].model)
    words = np.maximum(rows.lengths, 1).astype(np.int64)  # stored in 32 bits, which products leave
    read = np.minimum(words, settings.max_len)
    numbers, sets = rows.labels
    offers = [labels.most(one.example()) for one in sets]
    prompt, asked = np.zeros(len(sets), np.int64), np.zeros(len(sets), np.int64)
    for number in np.unique(numbers).tolist():
        prompt[number], asked[number] = _prompt(model, counter, offers[number]), len(offers[number].entity)
    text = -(-rows.word_sums(counter.costs) * read // words)
    tokens = np.minimum(text + prompt[numbers], min(int(tokenizer.model_max_length), UNLIMITED))
    core = model.model
    if hasattr(core, "span_rep_layer") and settings.span_mode != "token_level":
        heads = read * settings.max_width * _weights(core.span_rep_layer)
    else:
        heads = read * asked[numbers] * _weights(getattr(core, "scorer", None))
    if architecture.has_relations(model):
        entities = np.bincount(rows.spans().row, minlength=len(rows))
        heads = heads + entities * entities * _weights(getattr(core, "pair_rep_layer", None))
    return Costs((encoder.work(tokens) + heads).tolist(), tokens.tolist())


def of_classes(rows: Sequence[Mapping[str, Any]], classifier: Any, inputs: ClassInputs, labels: ClassSampler) -> Costs:
    """The costs of texts that are classified; labels that another encoder reads are not counted."""
    counter = SubTokens(inputs.tokenizer)
    encoder = _Encoder.of(next(iter(backbones(classifier.model).values())))
    found = np.zeros(len(rows), np.int64)
    for start in range(0, len(rows), TEXTS):
        part = [rows[number] for number in range(start, min(start + TEXTS, len(rows)))]
        texts = [f"{row.get('prompt') or ''} {row['text']}{prompts.examples(row)}" for row in part]
        for place, ids in enumerate(inputs.tokenizer(texts, verbose=False)["input_ids"], start):
            found[place] = len(ids) + _class_prompt(inputs.architecture, counter, labels.most(rows[place]))
    tokens = np.minimum(found, inputs.max_length)
    return Costs(encoder.work(tokens).tolist(), tokens.tolist())


def _class_prompt(architecture: str, counter: SubTokens, labels: Sequence[str]) -> int:
    """Sub-tokens that labels take beside the text, a marker each and a separator; models/class_prompts.py."""
    if architecture in (BI, SEQ2SEQ, SEQ2SEQ_CLS):
        return 0
    return len(labels) + 1 + (0 if architecture == FUSED else counter(labels))


@dataclass(frozen=True)
class _Encoder:
    """An encoder's weights beside its embeddings, its width and its layers."""

    weights: int
    width: int
    layers: int

    @classmethod
    def of(cls, backbone: nn.Module) -> _Encoder:
        settings: Any = backbone.config
        settings = settings.get_text_config()
        embedding = backbone.get_input_embeddings()  # type: ignore[operator]
        weights = _weights(backbone) - embedding.weight.numel()
        return cls(weights, int(settings.hidden_size), int(settings.num_hidden_layers))

    def work(self, tokens: Numbers) -> Numbers:
        """Multiplications of one row: scores and sums of attention are a width each for every pair of sub-tokens."""
        return tokens * self.weights + 2 * self.layers * self.width * tokens * tokens


def _weights(module: nn.Module | None) -> int:
    return 0 if module is None else sum(parameter.numel() for parameter in module.parameters())


def _prompt(model: Any, counter: SubTokens, offered: Offered) -> int:
    """Sub-tokens beside the text's: the prompt and the tokenizer's own; a bi-encoder's text has no prompt."""
    words: list[str] = []
    if not architecture.has_labels_encoder(model):
        (words,), _ = model.data_processor.prepare_inputs(
            [[]], [list(offered.entity)], relations=[list(offered.relation)]
        )
    return counter(words) + counter.own
