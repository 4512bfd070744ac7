"""`check`: says what is wrong before anything is trained, and changes nothing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gliexp.config import presence
from gliexp.config.compose import Composed, compose
from gliexp.config.routing import route
from gliexp.errors import Problem, Refusal

HELP = """\
usage: python -m gliexp check [--quick] [--online] [-cd DIR] [key=value | group=option …]

Says what is wrong before a run, all at once; changes nothing. Exit code 0, or 2 with every problem named.
Looks at the config, the files, every row of the data (of huge files the beginning), the labels and the room that they
leave for text, the tokenizer's special tokens, the modules that adapters would take, trainable parameters, the memory
of a step against the device, free disk against the checkpoints, and makes one real step and one evaluation on the CPU.
  --quick   the config alone, in under a second; files and packages that are missing here are only mentioned
  --online  the hub and the trackers too: is the token valid, may the repository be written, are the backbones there
"""


def run(words: Sequence[str]) -> int:
    """Check and print what is right; Refusal names all that is not."""
    given = _parser().parse_intermixed_args(list(words))
    composed = compose(given.overrides, given.config_dir, environment=not given.quick)
    print("\n".join(lines(composed)), flush=True)
    if given.quick:
        for problem in presence.problems(composed.config, composed.report):
            print(f"  not on this machine: {problem}")
        return 0
    problems: list[Problem] = []
    if given.online:
        from gliexp.runs.access import access

        problems += access(composed, _say)
    from gliexp.runs.preflight import preflight

    try:
        preflight(composed, _say)
    except Refusal as refusal:
        problems += refusal.problems
    if problems:
        raise Refusal(problems)
    print("ready to train")
    return 0


def lines(composed: Composed) -> list[str]:
    """What the check of the config found, one line each."""
    config = composed.config
    chosen = " ".join(f"{group}={option}" for group, option in composed.chosen.items() if option is not None)
    found = [f"ok: {config.run.task} {composed.name} ({chosen})", *(f"  note: {text}" for text in composed.notices)]
    inert = [item.key for item in route(config).inert]
    found.append(
        f"  {len(inert)} keys have no effect with this task and span mode; none of them is set unless noted above"
    )
    return found


def _say(line: str) -> None:
    print(line, flush=True)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise Refusal([Problem("check", message, "see python -m gliexp check --help", "command line")])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="gliexp check", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--online", action="store_true")
    parser.add_argument("--config-dir", "-cd", action="append", default=[])
    parser.add_argument("overrides", nargs="*")
    return parser
