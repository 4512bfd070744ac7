"""`push`: puts an earlier run's model on the Hub, with a card written from the run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from gliexp.config.report import COMMAND_LINE
from gliexp.errors import Problem, Refusal

HELP = """\
usage: python -m gliexp push RUN [--to OWNER/NAME] [--private] [--revision BRANCH] [--dry-run]

Uploads what a finished run saved (model, adapter, config, figures) with a model card written from the run.
  --to         the repository; by default training.hub_model_id of the run
  --private    make it private, if it is made now
  --revision   the branch to write to; it is made where it is not there
  --dry-run    show what would be uploaded, and the card; nothing leaves the machine

The token is that of `hf auth login`, or HF_TOKEN in the environment. An upload that breaks off is tried again for a
minute and a half; repeat the command later and it goes on with the files that are missing.

examples
  python -m gliexp push outputs/ner/tiny-markerV0-1a2b3c4d5e --to me/my-model --dry-run
  python -m gliexp push outputs/ner/tiny-markerV0-1a2b3c4d5e --to me/my-model --private
"""


def run(words: Sequence[str]) -> int:
    """Upload, or say what would be. Raises Refusal, and UploadFailed where the Hub does not take it."""
    given = _parser().parse_args(list(words))
    directory = Path(given.run)
    name = given.to or _repository_of(directory)
    _check(directory, name)
    from huggingface_hub import get_token  # a second of imports: only for words that make sense

    from gliexp.runs.hub import publishing
    from gliexp.runs.hub.card import card
    from gliexp.runs.hub.repository import Repository

    if given.dry_run:
        files = publishing.files_of(directory)
        for place, file in sorted(files.items()):
            size = f"{file.stat().st_size:>13,} bytes" if file.is_file() else "  (see below)"
            print(f"{size}  {place}")
        print(f"\nREADME.md of {name}:\n\n{card(directory, name)}")
        return 0
    target = Repository(name, get_token(), private=given.private, revision=given.revision).made()
    print(publishing.push(directory, target))
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise Refusal([Problem("push", message, "see python -m gliexp push --help", COMMAND_LINE)])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="gliexp push", add_help=False)
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--to")
    parser.add_argument("--private", action="store_true")
    parser.add_argument("--revision")
    parser.add_argument("--dry-run", action="store_true")
    return parser


def _repository_of(directory: Path) -> str:
    """The repository that the run's own config names, or nothing."""
    file = directory / "config.resolved.yaml"
    if not file.is_file():
        return ""
    import yaml

    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    return str((found.get("training") or {}).get("hub_model_id") or "")


def _check(directory: Path, name: str) -> None:
    problems = []
    if not (directory / "run.json").is_file():
        problems.append(Problem("push", f"{directory} has no run.json", "a run's directory", COMMAND_LINE))
    else:
        status = json.loads((directory / "run.json").read_text(encoding="utf-8")).get("status")
        if status != "done":
            problems.append(Problem("push", f"{directory} is {status}", "a run that is done", COMMAND_LINE))
    if not name:
        problems.append(Problem("--to", "which repository? The run names none", "--to OWNER/NAME", COMMAND_LINE))
    if problems:
        raise Refusal(problems)
