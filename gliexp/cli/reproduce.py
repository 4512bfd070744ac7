"""`reproduce`: runs a bad step again, from the bundle that a run kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gliexp.errors import Problem, Refusal

HELP = """\
usage: python -m gliexp reproduce RUN/bad_steps/step-N

Builds the run's model, puts in the weights, inputs and random state that the run kept of a bad step, and runs that step
again: the loss, the gradient norm, and the module whose output first was not finite. Exit code 0 if the fault is there
again, 1 if the step passes now (other libraries, another device, mended code).
"""


def run(words: Sequence[str]) -> int:
    """Run the step again and print what it does. Raises Refusal, and RunFailed where the fault does not come again."""
    if len(words) != 1 or words[0].startswith("-"):
        allowed = "python -m gliexp reproduce RUN/bad_steps/step-N"
        raise Refusal([Problem("reproduce", "takes the directory of one bundle", allowed, "command line")])
    directory = Path(words[0])
    if not directory.is_dir():
        raise Refusal([Problem(words[0], "no such directory", "RUN/bad_steps/step-N", "command line")])
    from gliexp.runs.reproduce import reproduce  # seconds of imports: only for a bundle that is there

    print("\n".join(reproduce(directory)))
    return 0
