"""`import`: an experiment file from a W&B export, another tool's YAML or a saved model's config."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gliexp.errors import Problem, Refusal

HELP = """\
usage: python -m gliexp import FILE [-o conf/experiment/NAME.yaml] [--force]

Makes an experiment of a Weights & Biases export (YAML or JSON), gliner's YAMLs, a LoRA template, a saved
gliner_config.json or config.json of a GLiNER or GLiClass model, an adapter_config.json, or TrainingArguments as
JSON. The experiment holds what differs from the defaults; names that were changed are in its comments, and what has
no place is listed with the reason. Without -o it is printed.
  -o FILE   write it there
  --force   replace a file that is there already and says something else

examples
  python -m gliexp import config.yaml -o conf/experiment/from_wandb.yaml
  python -m gliexp experiment=from_wandb data.train_data=train.jsonl
"""


def run(words: Sequence[str]) -> int:
    """Import one file. Raises Refusal for a file without settings, and for one that would be replaced."""
    given = _parser().parse_args(list(words))
    from gliexp.config.importing import experiment_of, text
    from gliexp.config.importing.reducing import DEFAULT, LEFT_OUT, SET
    from gliexp.config.importing.writing import MARK

    file = Path(given.file).expanduser()
    if file.is_file() and _begins_with(file, MARK):
        written, said = file.read_text(encoding="utf-8"), f"{file} is an imported experiment already"
    else:
        imported = experiment_of(file)
        written = text(imported)
        counts = (imported.count(SET), imported.count(DEFAULT), imported.count(LEFT_OUT))
        said = f"{imported.source.kind}: {counts[0]} set, {counts[1]} as the default, {counts[2]} without a place"
    if given.output is None:
        print(written, end="")
        print(said, file=sys.stderr)
        return 0
    output = Path(given.output)
    _write(output, written, force=given.force)
    print(f"{said}\nwritten to {output}: python -m gliexp check --quick experiment={_named(output)}")
    return 0


def _begins_with(file: Path, mark: str) -> bool:
    with file.open("rb") as handle:
        return handle.read(len(mark.encode())) == mark.encode()


def _write(output: Path, written: str, *, force: bool) -> None:
    if output.exists() and not force and (output.is_dir() or output.read_text(encoding="utf-8") != written):
        message = "is there already and says something else"
        raise Refusal([Problem(str(output), message, "another name, or --force", "command line")])
    if output.suffix not in (".yaml", ".yml"):
        raise Refusal([Problem(str(output), "an experiment is a YAML file", "NAME.yaml", "command line")])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(written, encoding="utf-8")


def _named(output: Path) -> str:
    """How the experiment is named on the command line: by its stem inside conf/experiment, else by its path."""
    from gliexp.config.groups import conf_directory

    inside = output.resolve().parent == (conf_directory() / "experiment").resolve()
    return output.stem if inside else str(output)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise Refusal([Problem("import", message, "see python -m gliexp import --help", "command line")])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="gliexp import", add_help=False)
    parser.add_argument("file")
    parser.add_argument("--output", "-o")
    parser.add_argument("--force", action="store_true")
    return parser
