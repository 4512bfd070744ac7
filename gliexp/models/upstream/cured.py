"""How a cure is put on: the object is reborn in a subclass of its library class, and the library stays as it is.

Nothing is patched globally, so a plain `GLiNER.from_pretrained` in the same process is the stock library.
"""

from __future__ import annotations

from functools import cache
from typing import Any


class Cured:
    """Marks an object with cures; `stock` is its library class, `cures` the mixins in front of it."""

    stock: type
    cures: tuple[type, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        # the subclass has no importable name, so pickles (spawned data workers) and copies name what it is made of
        return _blank, (self.stock, self.cures), self.__dict__


@cache
def _subclass(stock: type, cures: tuple[type, ...]) -> type:
    return type(
        stock.__name__, (Cured, *cures, stock), {"stock": stock, "cures": cures, "__module__": stock.__module__}
    )


def _blank(stock: type, cures: tuple[type, ...]) -> Any:
    cls: Any = _subclass(stock, cures)
    return cls.__new__(cls)


def cured(target: Any, *cures: type) -> Any:
    """`target` with the cures' methods in front of its own: a new object on the same attributes, to use in its place.

    (Python refuses to change the class of an instance to one with several bases.) Cures that it has are not repeated.
    """
    stock = target.stock if isinstance(target, Cured) else type(target)
    present = target.cures if isinstance(target, Cured) else ()
    fresh = tuple(cure for cure in cures if cure not in present)
    if not fresh:
        return target
    reborn = _blank(stock, (*fresh, *present))
    reborn.__dict__ = target.__dict__
    return reborn
