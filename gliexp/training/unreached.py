"""Parameters that should train and that no gradient ever reaches."""

from __future__ import annotations

import re
from typing import Any

from gliexp.training.bad_step import NAMED, UNREACHED, BadStep

LEAST_STEPS = 5
"""Adapters that start as nothing (LoRA's B is 0) pass no gradient on until a rate above 0 has moved them."""
MOST_STEPS = 100

# Parts that the libraries build and never run: a backbone's pooler, gliclass's temperature without normalize_features,
# the prompt layer of a token decoder, whose path is avoided (docs/decisions.md: full_decoder_context), and markerV1's
# project_first (gliner/modeling/span_rep.py, SpanMarkerV1.forward).
_IDLE = re.compile(r"(^|\.)(pooler\.|logit_scale$|prompt_rep_layer\.|span_rep_layer\.project_first\.)")


class Unreached:
    """Watches the trainable parameters of `model` until the first epoch is over, or MOST_STEPS."""

    def __init__(self, model: Any) -> None:
        self.waiting = {
            name: parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and not _IDLE.search(name)
        }
        self.steps = 0

    def look(self) -> None:
        """Note which parameters have a gradient now; called at every optimizer step."""
        self.steps += 1
        self.waiting = {
            name: parameter
            for name, parameter in self.waiting.items()
            if parameter.grad is None or not parameter.grad.any()
        }

    def noted(self) -> dict[str, Any]:
        """What was seen so far, as JSON values."""
        return {"steps": self.steps, "waiting": list(self.waiting)}

    def take_over(self, noted: dict[str, Any]) -> None:
        """Go on with what another watch of the same model has noted."""
        self.steps = noted["steps"]
        self.waiting = {name: self.waiting[name] for name in noted["waiting"] if name in self.waiting}

    def is_due(self, *, epoch_over: bool) -> bool:
        """Whether enough was seen to judge."""
        return self.steps >= (LEAST_STEPS if epoch_over else MOST_STEPS)

    def judge(self) -> BadStep | None:
        """The bad step where something was never reached."""
        if not self.waiting:
            return None
        names = list(self.waiting)
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        what = f"{len(names)} trainable parameters had no gradient in {self.steps} steps: "
        causes = (
            "a part that the loss does not depend on, gradients cut off on the way (training.gradient_checkpointing "
            "with use_reentrant, a frozen part in between), or no row that exercises the part"
        )
        return BadStep(UNREACHED, what + ", ".join(names[:NAMED]) + more, causes)
