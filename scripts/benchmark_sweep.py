"""What a member of a sweep costs beside a command of its own: the same short run, in processes by turns.

    python scripts/benchmark_sweep.py [--members 8] [--rounds 3] [override …]

A round runs one command, then one sweep of so many members over seeds. A member costs what the sweep takes beyond the
command, shared among the members beyond the first. Seconds are the processor's, of the command and all it starts.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from statistics import median

from bench import record

SHORT = ("training=debug", "launch.threads=1")


def main(words: Sequence[str] | None = None) -> None:
    """Measure by turns and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=8, help="two at least")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("overrides", nargs="*")
    record.add_option(parser)
    given = parser.parse_args(words)
    if given.members < 2:
        parser.error("--members: two at least")
    seeds = ",".join(str(seed) for seed in range(1, given.members + 1))
    rounds = []
    for number in range(1, given.rounds + 1):
        alone = _seconds(["run.seed=1", *given.overrides])
        sweep = _seconds(["-m", f"run.seed={seeds}", *given.overrides])
        member = (sweep - alone) / (given.members - 1)
        rounds.append({"alone": alone, "sweep": sweep, "member": member, "ratio": alone / member})
        print(f"round {number}: a command {alone:.2f} s, a sweep of {given.members} {sweep:.2f} s", flush=True)
    figures = {name: median(one[name] for one in rounds) for name in rounds[0]}
    told = "a command {alone:.2f} s, a member of a sweep {member:.2f} s: {ratio:.1f} times less"
    print(told.format(**figures))
    record.write(given.json, {"members": given.members, **figures, "rounds": rounds})


def _seconds(words: Sequence[str]) -> float:
    """Processor seconds of a gliexp command in a directory of its own; SystemExit with what a failed one said."""
    before = _children()
    with tempfile.TemporaryDirectory(prefix="gliexp-bench-") as root:
        command = [sys.executable, "-m", "gliexp", *words, *SHORT]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
