"""`merge`: folds saved adapters into their base and writes a model that the stock library opens."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from gliexp.errors import Problem, Refusal


def run(words: Sequence[str]) -> int:
    """Merge one adapter, or several by weight. Raises Refusal, and RunFailed where the saved model differs."""
    given = _parser().parse_args(list(words))
    weights = _weights(given.weights)
    target = _target(given.sources, given.to)
    from gliexp.runs.merge import merge  # seconds of imports: only for words that make sense

    difference = merge(
        given.sources,
        target,
        weights=weights,
        combination=given.combination,
        density=given.density,
        base=given.base,
        trust_remote_code=given.trust_remote_code,
    )
    print(f"merged into {target}; it reloads in the stock library (greatest difference {difference:.1e})")
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise Refusal([Problem("merge", message, "see python -m gliexp merge --help", "command line")])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="gliexp merge", add_help=False)
    parser.add_argument("sources", nargs="+", metavar="RUN")
    parser.add_argument("--weights")
    parser.add_argument("--combination", default="cat")
    parser.add_argument("--density", type=float)
    parser.add_argument("--base")
    parser.add_argument("--to")
    parser.add_argument("--trust-remote-code", action="store_true")
    return parser


def _weights(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        problem = Problem("--weights", f"does not accept {text!r}", "numbers with commas: 0.7,0.3", "command line")
        raise Refusal([problem]) from error


def _target(sources: Sequence[str], to: str | None) -> Path:
    """Where the model goes: --to, else model/ of the one run that is merged."""
    if to is None and len(sources) == 1 and (Path(sources[0]) / "adapter").is_dir():
        to = str(Path(sources[0]) / "model")
    if to is None:
        raise Refusal([Problem("--to", "where is the merged model to go?", "--to DIRECTORY", "command line")])
    target = Path(to)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refusal([Problem("--to", f"{target} is there already", "a directory that is not", "command line")])
    return target
