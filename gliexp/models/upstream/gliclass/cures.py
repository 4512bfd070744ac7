"""Which cure goes on which object of which GLiClass architecture."""

from __future__ import annotations

from typing import Any

from gliexp.config.schema.classifier import BI, DECODER_KV, FUSED, SEQ2SEQ, SEQ2SEQ_CLS, UNI
from gliexp.models.upstream.cured import cured
from gliexp.models.upstream.gliclass.losses import RealLabelLoss, RealLabelRowLoss
from gliexp.models.upstream.gliclass.masks import LabelEncoderMasks, PromptMasks, TextBesideLabels
from gliexp.models.upstream.gliclass.pooling import MaskedPooling
from gliexp.models.upstream.gliclass.scorers import RealLabels, RealWords
from gliexp.models.upstream.gliclass.shared_embeddings import tie

CORES: dict[str, tuple[type, ...]] = {
    UNI: (RealLabelLoss, PromptMasks),
    BI: (RealLabelLoss, LabelEncoderMasks),
    FUSED: (RealLabelLoss, LabelEncoderMasks),
    SEQ2SEQ: (RealLabelLoss, TextBesideLabels),
    SEQ2SEQ_CLS: (RealLabelLoss, TextBesideLabels),
    DECODER_KV: (RealLabelRowLoss,),
}
"""Mixins of the torch module by architecture."""

SCORERS: dict[str, type] = {"hopfield": RealLabels, "cross-attn": RealWords}


def apply_all(model: Any) -> Any:
    """The GLiClassModel with every cure of its architecture on it, in place. Idempotent."""
    config = model.config
    core = cured(model.model, *CORES[config.architecture_type])
    if config.architecture_type != DECODER_KV:
        if not isinstance(core.pooler, MaskedPooling):
            core.pooler = MaskedPooling(config.pooling_strategy)
        if config.scorer_type in SCORERS:
            core.scorer = cured(core.scorer, SCORERS[config.scorer_type])
    model.model = core
    tie(model)
    return model
