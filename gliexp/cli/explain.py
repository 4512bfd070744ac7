"""`explain`: where each value came from, where it goes, and whether it does anything."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from gliexp.errors import Problem, Refusal

HELP = """\
usage: python -m gliexp explain [KEY | SECTION | 'PATTERN' …] [key=value | group=option …] [--json]
       python -m gliexp explain --diff EXPERIMENT EXPERIMENT [KEY …] [key=value …] [--json]

Shows of each key its value, the layers it came through with file and line, the object and attribute it reaches, and
whether it has an effect under this task, or why not. Nothing named means every key; one key is shown in full.
  --diff A B  the keys that two experiments (names or YAML files) give different values, and which place gives them
  --set       only the keys that something else than the schema sets
  --json      everything, as JSON
  -cd DIR     further groups and experiments

examples
  python -m gliexp explain training.warmup_ratio
  python -m gliexp explain peft task=relex peft=lora
  python -m gliexp explain 'training.*lr*' backbone=minilm --json
  python -m gliexp explain --diff legal_pt mine.yaml
"""


def run(words: Sequence[str]) -> int:
    """Explain keys, or compare two experiments. Raises Refusal for unknown keys and for configs that are refused."""
    given = _parser().parse_intermixed_args(list(words))
    overrides = [word for word in given.words if "=" in word or word.startswith("~")]
    from gliexp.cli import explain_page
    from gliexp.config.compose import compose
    from gliexp.config.explain import difference, explain
    from gliexp.config.groups import Groups
    from gliexp.config.selection import select

    directories = [Path(directory).resolve() for directory in given.config_dir]
    keys = select([word for word in given.words if word not in overrides], Groups.read(directories))
    if given.diff is not None:
        left, right = (
            compose([f"experiment={name}", *overrides], directories, environment=False) for name in given.diff
        )
        differences = difference(left, right, keys)
        if given.json:
            print(_json([found.document() for found in differences]))
        else:
            explain_page.differences(differences, given.diff)
        return 0
    composed = compose(overrides, directories, environment=False)
    found = explain(composed, keys)
    if given.set:
        found = [one for one in found if len(one.layers) > 1]
    if given.json:
        print(_json([one.document() for one in found]))
    elif len(found) == 1:
        explain_page.one(found[0])
    else:
        explain_page.table(found)
    return 0


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, default=str)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise Refusal([Problem("explain", message, "see python -m gliexp explain --help", "command line")])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="gliexp explain", add_help=False)
    parser.add_argument("--diff", nargs=2)
    parser.add_argument("--set", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--config-dir", "-cd", action="append", default=[])
    parser.add_argument("words", nargs="*")
    return parser
