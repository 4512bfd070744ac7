"""Adapters on the tiny variants."""

from __future__ import annotations

from typing import Any

import pytest

from gliexp.models import adapters, gliner

LORA = {"enabled": True, "method": "lora", "r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "bias": "none"}


@pytest.fixture(scope="session")
def adapted(values: Any) -> Any:
    """Function from a variant's name and changes of the peft section to that model under adapters."""

    def of(name: str, *, seed: int = 2, modules: Any = None, **changes: Any) -> adapters.Adapted:
        base = adapters.Base(values(name), 1)
        return adapters.wrap(gliner.build(base.values, seed=1), {**LORA, **changes}, modules, origin=base, seed=seed)

    return of
