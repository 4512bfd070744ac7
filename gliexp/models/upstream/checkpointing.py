"""Gradient checkpointing on a GLiNER, which transformers' trainer asks the outer model for."""

from __future__ import annotations

from typing import Any

from gliexp.models import architecture


class Checkpointing:
    """Cures BaseGLiNER, which has no gradient_checkpointing_enable (gliner/model.py:386).

    Trainer calls it when `gradient_checkpointing: true` (transformers/trainer.py:1408) and fails. It is passed on to
    every transformers backbone inside; GLiNER's own heads keep their activations.
    """

    supports_gradient_checkpointing = True

    def gradient_checkpointing_enable(
        self, gradient_checkpointing_kwargs: dict[str, Any] | None = None, **options: Any
    ) -> None:
        """Recompute the backbones' layers in the backward pass, without reentrance unless it is asked for."""
        settings = {"use_reentrant": False, **(gradient_checkpointing_kwargs or {})}
        for holder in architecture.holders(self).values():
            holder.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=settings, **options)

    def gradient_checkpointing_disable(self) -> None:
        """Keep all activations again."""
        for holder in architecture.holders(self).values():
            holder.model.gradient_checkpointing_disable()

    @property
    def is_gradient_checkpointing(self) -> bool:
        """Whether any backbone recomputes its layers."""
        return any(
            getattr(module, "gradient_checkpointing", False)
            for holder in architecture.holders(self).values()
            for module in holder.model.modules()
        )
