"""Muon for the weight matrices of transformer layers, AdamW for everything else, as one optimizer.

torch.optim.Muon takes matrices only. Its step is scaled to AdamW's size, so that the same rates serve both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim import AdamW, Muon, Optimizer

from gliexp.training.optimizer import ParameterGroup


class MuonWithAdamW(Optimizer):
    """Steps groups of matrices by Muon and the others by AdamW; schedulers see all groups, in the order given."""

    def __init__(self, groups: Sequence[ParameterGroup], *, betas: tuple[float, float], eps: float) -> None:
        super().__init__([group.as_torch() for group in groups], {})
        self.kinds = [group.matrices for group in groups]
        self.options = {"betas": betas, "eps": eps}
        self._share()

    def _share(self) -> None:
        """Inner optimizers over the same group dicts and the same state, so that rates and checkpoints reach them."""
        matrices = [group for group, kind in zip(self.param_groups, self.kinds, strict=True) if kind]
        others = [group for group, kind in zip(self.param_groups, self.kinds, strict=True) if not kind]
        self.inner: list[Optimizer] = []
        if matrices:
            self.inner.append(Muon(_copies(matrices), adjust_lr_fn="match_rms_adamw"))
        if others:
            self.inner.append(AdamW(_copies(others), **self.options))  # type: ignore[arg-type]
        for optimizer, own in zip(self.inner, [g for g in (matrices, others) if g], strict=True):
            for mine, theirs in zip(own, optimizer.param_groups, strict=True):
                mine.update({key: value for key, value in theirs.items() if key not in mine})
            optimizer.param_groups = own
            optimizer.state = self.state

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of both."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for optimizer in self.inner:
            optimizer.step()
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a checkpoint's state and rates."""
        super().load_state_dict(state_dict)
        self._share()


def _copies(groups: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"params": group["params"], "lr": group["lr"], "weight_decay": group["weight_decay"]} for group in groups]
