"""Seconds of imports without the collections that Python makes on the way.

torch, transformers and the library make millions of objects that stay: to look through them again and again for
garbage is a quarter of what their import takes, and later as much in every full collection.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

HEAVY = "gliner", "gliclass"
"""Libraries of which one is among the imports."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Import within the block; collections pause, and what there is afterwards is not looked at again.

    Where the libraries are imported already there is nothing to gain, and what the process holds is left alone.
    """
    if not gc.isenabled() or any(name in sys.modules for name in HEAVY):
        yield
        return
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
