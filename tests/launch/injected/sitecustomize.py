"""Imported by every Python that has this directory on its path: a fault of rank 1 where it writes its first checkpoint.

FAULT says which: raise, SIGKILL, or SIGTERM for the process that started it.
"""

import os
import signal
import sys


def at_checkpoint(event: str, arguments: tuple) -> None:
    if event != "open" or not str(arguments[0]).endswith("progress-1.json") or "r" in str(arguments[1] or "r"):
        return
    fault = os.environ["FAULT"]
    if fault == "raise":
        raise RuntimeError("injected")
    os.kill(os.getpid() if fault == "SIGKILL" else os.getppid(), signal.Signals[fault])


if os.environ.get("RANK") == "1" and "FAULT" in os.environ:
    sys.addaudithook(at_checkpoint)
