"""`python -m gliexp.launch.rank FILE`: one of a run's processes. FILE holds the composed run; nothing is composed here.

What ends it is left beside FILE for whoever started it.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from gliexp.config import secrets
from gliexp.errors import GliexpError, Pruned
from gliexp.launch.orders import Orders, ending


def follow(orders: Orders) -> tuple[int, dict[str, Any] | None]:
    """Train as ordered; the exit code, and the metrics where it is 0. An error is left in `ending` and never raised."""
    from gliexp.launch.job import set_environment
    from gliexp.launch.start import run

    rank = int(os.environ.get("RANK", "0"))
    secrets.adopt(os.environ)
    set_environment(orders.composed)
    try:
        return 0, run(orders.composed, orders.directory, trial=orders.trial).metrics
    except KeyboardInterrupt:
        error, kind, code = "ended by the user", "KeyboardInterrupt", 130
    except GliexpError as raised:
        error, kind, code = str(raised), type(raised).__name__, raised.exit_code
        cause = raised.__cause__
        if cause is not None and (rank or "SUBMITIT_EXECUTOR" in os.environ):  # the first writes it into train.log
            traceback.print_exception(cause)
        if isinstance(raised, Pruned):
            code = 0
    except Exception as raised:  # noqa: BLE001 - told to the process that started this one
        traceback.print_exc()
        error, kind, code = f"{type(raised).__name__}: {raised}", type(raised).__name__, 1
    told = {"error": secrets.scrub(error), "kind": kind, "code": code}
    file = ending(orders.directory, rank)
    fresh = file.with_name(f".{file.name}")
    fresh.write_text(json.dumps(told), encoding="utf-8")
    fresh.replace(file)
    return code, None


def end_with(parent: int) -> None:
    """Have this process told to stop (SIGTERM) when the one that started it is gone, however that ended (Linux)."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        sys.exit(143)


if __name__ == "__main__":
    if os.environ.get("RANK", "0") != "0":
        logging.basicConfig(level=logging.WARNING)
    if "GLIEXP_PARENT" in os.environ:
        end_with(int(os.environ["GLIEXP_PARENT"]))
    code, _ = follow(Orders.read(Path(sys.argv[1])))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a process that failed is not to wait for the others' connections to close
