"""The command line: one file per verb; `main` is the one place where an error becomes text and an exit code."""

from __future__ import annotations

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
    "evaluate": "score runs or saved models on data, several side by side",
    "predict": "find entities, relations or classes in texts, as JSON Lines",
    "push": "put a run's model on the Hub, with a card written from the run",
    "merge": "fold a run's adapters into a stock model, or several by weight",
    "export": "write a model as ONNX, checked against the model itself",
    "check": "look at config, data and model, make one step, and say what is wrong; changes nothing",
    "explain": "where each value came from, where it goes, and whether it does anything",
    "reproduce": "run a bad step again, from the bundle that a run kept of it",
    "import": "an experiment file from a W&B export, gliner's YAMLs or a saved model's config",
    "data": "look at data files: what is in them, what is wrong, what fits; --fix writes clean copies",
    "jobs": "how submitted jobs stand; jobs log, jobs cancel, jobs retry",
    "runs": "list runs and sweeps, the best first; runs show, runs diff",
}
MODULES = {"import": "importing"}  # a word of Python's own cannot name a module
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
    except BrokenPipeError:  # `… | head`: nobody reads on, and Python would complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _dispatch(words: list[str]) -> int:
    verb, rest = _split(words)
    if _HELP & set(rest):
        from gliexp.cli import help_page

        print(help_page.text(verb))
        return 0
    module = importlib.import_module(f"gliexp.cli.{MODULES.get(verb, verb)}")
    return int(module.run(rest))


def _split(words: list[str]) -> tuple[str, list[str]]:
    """The verb and what follows it; no verb means train."""
    if not words or words[0].startswith(("-", "+", "~")) or "=" in words[0]:
        return "train", words
    if words[0] in VERBS:
        return words[0], words[1:]
    from gliexp.config.groups import Groups
    from gliexp.config.nearest import nearest_verb

    near = nearest_verb(words[0], VERBS, Groups.read())
    raise Refusal([Problem(words[0], "unknown verb", allowed=", ".join(VERBS), where="command line", nearest=near)])


def _scrubbed_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The traceback of an error that nobody expected, without tokens."""
    from gliexp.config import secrets

    print(secrets.scrub("".join(traceback.format_exception(kind, error, trace))), file=sys.stderr, end="")
