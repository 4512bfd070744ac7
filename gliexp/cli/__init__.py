"""The command line: one file per verb; `main` is the one place where an error becomes text and an exit code."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType

from gliexp.errors import GliexpError, Problem, Refusal

# Verb → what it does in a few words; the module of the same name has `run(words) -> int`.
VERBS = {
    "train": "compose, check, train, evaluate, save (also without a verb)",
    "merge": "fold a run's adapters into a stock model, or several by weight",
    "check": "look at the config and say what is wrong; changes nothing",
    "data": "look at data files: what is in them, what is wrong, what fits; --fix writes clean copies",
}
_HELP = {"-h", "--help"}


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 refused, 1 failed, 130 interrupted."""
    words = list(sys.argv[1:] if words is None else words)
    sys.excepthook = _scrubbed_traceback
    try:
        return _dispatch(words)
    except GliexpError as error:
        from gliexp.config import secrets

        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            print(secrets.scrub(traceback.format_exc()), file=sys.stderr)
        else:
            print(secrets.scrub(str(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _dispatch(words: list[str]) -> int:
    verb, rest = _split(words)
    if _HELP & set(rest):
        from gliexp.cli import help_page

        print(help_page.text(verb))
        return 0
    module = importlib.import_module(f"gliexp.cli.{verb}")
    return int(module.run(rest))


def _split(words: list[str]) -> tuple[str, list[str]]:
    """The verb and what follows it; no verb means train."""
    if not words or words[0].startswith(("-", "+", "~")) or "=" in words[0]:
        return "train", words
    if words[0] in VERBS:
        return words[0], words[1:]
    from gliexp.config.groups import Groups

    groups = Groups.read().names()
    close = difflib.get_close_matches(words[0], [*VERBS, *groups], n=1)
    near = f"{close[0]}=…" if close and close[0] in groups else "".join(close)
    raise Refusal([Problem(words[0], "unknown verb", allowed=", ".join(VERBS), where="command line", nearest=near)])


def _scrubbed_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The traceback of an error that nobody expected, without tokens."""
    from gliexp.config import secrets

    print(secrets.scrub("".join(traceback.format_exception(kind, error, trace))), file=sys.stderr, end="")
