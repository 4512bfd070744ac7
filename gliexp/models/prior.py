"""A fresh model starts by thinking that entities are rare.

With thousands of candidate spans a row and a handful of entities, an even start makes the first steps pay for thousands
of false alarms, and in a short training that is most of what is learned. The bias of the scores is set so that a fresh
model says `probability` instead (Lin et al., Focal Loss for Dense Object Detection, arXiv 1708.02002, section 4.1).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn


def set_prior(model: Any, probability: float, seed: int) -> bool:
    """Shift the scores of an untrained GLiNER by logit(`probability`), in place; False where it has no bias for it.

    Token models have a bias on each score. Span models score by a dot product of span and label: both get a constant
    along one random direction (from `seed`), of opposite sign. The span layers query, mlp, cat and conv have no output
    bias that would serve.
    """
    logit = math.log(probability / (1 - probability))
    core = model.model
    with torch.no_grad():
        if hasattr(core, "scorer"):
            core.scorer.out_mlp[-1].bias.add_(logit)
            return True
        marker = getattr(getattr(core, "span_rep_layer", None), "span_rep_layer", None)
        span: Any = getattr(marker, "out_project", None)
        label: Any = getattr(core, "prompt_rep_layer", None)
        if not isinstance(span, nn.Sequential) or not isinstance(label, nn.Sequential):
            return False
        generator = torch.Generator().manual_seed(seed)
        of_span: torch.Tensor = span[-1].bias  # type: ignore[assignment]
        of_label: torch.Tensor = label[-1].bias  # type: ignore[assignment]
        direction = nn.functional.normalize(torch.randn(len(of_span), generator=generator), dim=0)
        constant = math.sqrt(abs(logit)) * direction
        of_span += constant
        of_label += math.copysign(1.0, logit) * constant
    return True
