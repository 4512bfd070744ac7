"""The JSON file that a benchmark leaves: when, where and by which command its figures were measured."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let the command line name the file: --json FILE."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")


def write(path: Path | None, figures: Mapping[str, Any]) -> None:
    """The figures with date, command, processor and torch's version, if a file was named."""
    if path is None:
        return
    record = {
        "benchmark": Path(sys.argv[0]).stem,
        "date": date.today().isoformat(),
        "command": " ".join(sys.argv[1:]),
        "machine": processor(),
        "torch": version("torch"),
        **figures,
    }
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def processor() -> str:
    """The processor's model as Linux names it; nothing where it is not said (platform.processor is empty there)."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
