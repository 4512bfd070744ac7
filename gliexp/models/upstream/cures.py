"""Which cure goes on which object of which variant: the list to read, and to shorten when upstream mends a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.models import architecture as a
from gliexp.models.upstream.checkpointing import Checkpointing
from gliexp.models.upstream.cured import cured
from gliexp.models.upstream.decoder_labels import EndedLabels, EveryLabel, OrderedBlankLabels
from gliexp.models.upstream.decoder_loss import CoefficientOnce, ReducedDecoderLoss
from gliexp.models.upstream.decoder_spans import SpansAsGenerated
from gliexp.models.upstream.focal_loss import SureGradient
from gliexp.models.upstream.label_smoothing import NamedSmoothing
from gliexp.models.upstream.relation_entities import CountedEntities, IndexedEntities, SafeEmptyPairs
from gliexp.models.upstream.width_weight import GridLabels

EVERY_VARIANT = (
    a.UNI_SPAN,
    a.UNI_TOKEN,
    a.BI_SPAN,
    a.BI_TOKEN,
    a.DECODER_SPAN,
    a.DECODER_TOKEN,
    a.RELEX_SPAN,
    a.RELEX_TOKEN,
    a.STREAMING,
)


MODEL, CORE, PROCESSOR = "", "model", "data_processor"
"""Where a cure goes: the GLiNER itself, its torch module, its data processor."""


@dataclass(frozen=True)
class Cure:
    """A mixin, the object of a GLiNER that takes it, and the variants whose fault it is."""

    mixin: type
    target: str
    variants: tuple[str, ...]


CURES = (
    Cure(Checkpointing, MODEL, EVERY_VARIANT),
    Cure(NamedSmoothing, CORE, (a.BI_SPAN, a.DECODER_SPAN)),
    Cure(SureGradient, CORE, EVERY_VARIANT),
    Cure(GridLabels, CORE, (a.UNI_SPAN, a.RELEX_SPAN, a.STREAMING)),
    Cure(SpansAsGenerated, CORE, (a.DECODER_SPAN, a.DECODER_TOKEN)),
    Cure(ReducedDecoderLoss, CORE, (a.DECODER_SPAN, a.DECODER_TOKEN)),
    Cure(CoefficientOnce, CORE, (a.DECODER_TOKEN,)),
    Cure(SafeEmptyPairs, CORE, (a.RELEX_SPAN, a.RELEX_TOKEN)),
    Cure(EndedLabels, PROCESSOR, (a.DECODER_SPAN, a.DECODER_TOKEN)),
    Cure(EveryLabel, PROCESSOR, (a.DECODER_SPAN,)),
    Cure(OrderedBlankLabels, PROCESSOR, (a.DECODER_TOKEN,)),
    Cure(CountedEntities, PROCESSOR, (a.RELEX_TOKEN,)),
    Cure(IndexedEntities, PROCESSOR, (a.RELEX_SPAN,)),
)


def applicable(model: Any) -> tuple[Cure, ...]:
    """The cures for the model's variant."""
    return tuple(cure for cure in CURES if a.variant(model) in cure.variants)


def apply_all(model: Any) -> Any:
    """The model with every cure of its variant on it: use what is returned in its place. Idempotent."""
    chosen = applicable(model)
    for target in (CORE, PROCESSOR):
        mixins = [cure.mixin for cure in chosen if cure.target == target]
        setattr(model, target, cured(getattr(model, target), *mixins))
    return cured(model, *[cure.mixin for cure in chosen if cure.target == MODEL])
