"""An object in a tensor's place, which makes the tensor only when it must."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._pytree import tree_map

OPERATORS = "add radd sub rsub mul rmul truediv rtruediv matmul rmatmul neg getitem len gt lt ge le".split()


class Deferred:
    """Stands for a tensor that is not made yet: whatever a subclass does not know, the made tensor does."""

    def vectors(self) -> torch.Tensor:
        """The tensor."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.vectors(), name)

    @classmethod
    def __torch_function__(cls, function: Any, _types: Any, given: Any = (), named: Any = None) -> Any:
        given, named = tree_map(
            lambda value: value.vectors() if isinstance(value, Deferred) else value, (given, named or {})
        )
        return function(*given, **named)


def _operator(name: str) -> Any:
    return lambda self, *others: getattr(self.vectors(), name)(*others)


for _name in OPERATORS:
    setattr(Deferred, f"__{_name}__", _operator(f"__{_name}__"))
