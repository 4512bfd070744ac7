"""Which cheaper ways a run takes, and how a model is given them."""

from __future__ import annotations

from dataclasses import dataclass

from gliner.modeling.scorers import Scorer
from gliner.modeling.span_rep import SpanMarkerV0
from torch import nn

from gliexp.models.algebra import WordwiseScorer, WordwiseSpanMarker
from gliexp.models.fast.dropout import CheapDropout
from gliexp.models.fast.linear import OneDnnLinear, is_faster
from gliexp.models.fast.packed import pack
from gliexp.models.fast.spans import FoldedSpanMarker
from gliexp.models.fast.words import PackedScorer

HEADS: dict[type, type] = {
    SpanMarkerV0: FoldedSpanMarker,
    WordwiseSpanMarker: FoldedSpanMarker,
    Scorer: PackedScorer,
    WordwiseScorer: PackedScorer,
}

AUTO, TORCH, ONEDNN = "auto", "torch", "onednn"


@dataclass(frozen=True)
class Ways:
    """The choices of the `training` section; see its keys of the same names."""

    matrix_library: str = AUTO
    cheap_dropout: bool = True
    unpadded: bool = True
    folded_heads: bool = True


def take(model: nn.Module, ways: Ways) -> None:
    """Give every module of the model its cheaper way, in place; adapters that it wears are among them.

    Modules of any other class than torch's own (quantised layers, an adapter's wrapper) are passed over.
    """
    multiplied = ways.matrix_library == ONEDNN or (ways.matrix_library == AUTO and is_faster())
    for module in model.modules():
        if multiplied and type(module) is nn.Linear:
            module.__class__ = OneDnnLinear
        elif ways.cheap_dropout and type(module) is nn.Dropout:
            module.__class__ = CheapDropout
        elif ways.folded_heads and type(module) in HEADS:
            module.__class__ = HEADS[type(module)]
        elif ways.unpadded:
            pack(module)
