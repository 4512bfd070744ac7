"""`runs`: what was run, how it ended, what won and why."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from gliexp.errors import Problem, Refusal
from gliexp.runs import catalog, headline, listing
from gliexp.runs.entry import Entry
from gliexp.runs.selection import chosen, known_key, ordered
from gliexp.runs.settings import by_setting

HELP = """\
usage: python -m gliexp runs [DIR …] [--where COND …] [--sort KEY] [--metric KEY …] [--seeds] [--limit N]
                        [--csv | --json | --html]
       python -m gliexp runs show RUN [--json]
       python -m gliexp runs diff RUN RUN [--json]

Lists the runs under DIR (outputs/ and multirun/ by default): status, the overrides that differ, figures, time; below
them mean ± standard deviation of settings that ran with several seeds. Directories that are half written, damaged or of
another version are listed as such; a run whose process is gone is `dead`. `show` tells all about one run, `diff` what
is not the same in two: config, data, versions, metrics. RUN is a directory, a signature or a directory's name.
  --where COND   KEY=VALUE, or != < <= > >= ~ (regular expression) in place of =; several must all hold
  --sort KEY     figures best first, all else ascending; --sort=-KEY turns it; by default the headline figure on dev
  --metric KEY   figures to show in place of the headline ones (test.ner_macro_f1; without a split, that of dev)
  --seeds        one line a setting: mean ± standard deviation over its seeds
  --limit N      the first N only
  --csv --json   all of it, for other programs
  --html         a page: what won, which keys mattered, curves; of sweeps the same as their sweep.html
KEY is status, task, name, signature, path, started, seconds, error, remarks, tags, a figure or an override.

examples
  python -m gliexp runs
  python -m gliexp runs multirun/ner/grid --where status=done --where training.learning_rate>=1e-4 --sort seconds
  python -m gliexp runs multirun --html > runs.html
  python -m gliexp runs diff 2bed694b34 multirun/ner/grid/3
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise Refusal([Problem("runs", message, "see python -m gliexp runs --help", "command line")])


def run(words: Sequence[str]) -> int:
    """List runs, show one or compare two, as the words say. Raises Refusal."""
    if words and words[0] in ("show", "diff"):
        return {"show": _show, "diff": _diff}[words[0]](words[1:])
    parser = _Parser(prog="gliexp runs", add_help=False)
    parser.add_argument("directories", nargs="*")
    parser.add_argument("--where", action="append", default=[])
    parser.add_argument("--sort")
    parser.add_argument("--metric", action="append", default=[])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seeds", action="store_true")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true")
    form.add_argument("--json", action="store_true")
    form.add_argument("--html", action="store_true")
    given = parser.parse_intermixed_args(list(words))
    if given.limit is not None and given.limit < 1:
        raise Refusal([Problem("--limit", f"does not accept {given.limit}", "at least 1", "command line")])
    roots = catalog.roots(given.directories)
    entries = chosen(catalog.entries(roots), given.where)
    figures = [known_key(key, entries, "--metric") for key in given.metric]
    figure = figures[0] if figures else headline.ranking(entries)
    by = given.sort or figure
    entries = (ordered(entries, by) if by else entries)[: given.limit]
    figures = figures or headline.shown(entries)
    _put(given, entries, figure, figures)
    return 0


def _put(given: argparse.Namespace, entries: Sequence[Entry], figure: str | None, figures: Sequence[str]) -> None:
    if given.json:
        print(listing.as_json(entries, figure))
    elif given.csv and given.seeds:
        listing.write_settings_csv(by_setting(entries, figure), sys.stdout)
    elif given.csv:
        listing.write_csv(entries, sys.stdout)
    elif given.html:
        from gliexp.runs.sweep_page import page  # matplotlib

        title = ", ".join(given.directories or catalog.ROOTS)
        ranked = [] if figure is None else [figure, *(name for name in figures if name != figure)]
        print(page(f"runs in {title}", entries, ranked, Path.cwd(), objectives=figures if given.metric else ()))
    else:
        from gliexp.cli import runs_page

        print("\n".join(runs_page.run_lines(entries, figure, figures, seeds=given.seeds)))


def _show(words: Sequence[str]) -> int:
    parser = _Parser(prog="gliexp runs show", add_help=False)
    parser.add_argument("run")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_intermixed_args(list(words))
    entry = catalog.one(given.run)
    if given.json:
        found = {"path": str(entry.path), "status": entry.status, "remarks": list(entry.remarks)}
        print(json.dumps({**found, "record": entry.record, "metrics": entry.metrics}, indent=1, ensure_ascii=False))
        return 0
    from gliexp.cli import runs_page

    print("\n".join(runs_page.one_run_lines(entry)))
    return 0


def _diff(words: Sequence[str]) -> int:
    parser = _Parser(prog="gliexp runs diff", add_help=False)
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_intermixed_args(list(words))
    from gliexp.runs.comparison import differences

    first, second = catalog.one(given.first), catalog.one(given.second)
    found = differences(first, second)
    if given.json:
        rows = [{**asdict(difference), "change": difference.change} for difference in found]
        print(json.dumps(rows, indent=1, ensure_ascii=False, default=str))
        return 0
    from gliexp.cli import runs_page

    print("\n".join(runs_page.difference_lines(first, second, found)))
    return 0
