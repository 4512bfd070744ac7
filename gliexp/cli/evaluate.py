"""`evaluate`: how good runs and saved models are on data, alone or side by side."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gliexp.cli import words as told
from gliexp.config.report import COMMAND_LINE
from gliexp.errors import Problem, Refusal

if TYPE_CHECKING:
    from gliexp.config.schema import Config
    from gliexp.runs.evaluate import Results
    from gliexp.runs.model_source import ModelSource

HELP = """\
usage: python -m gliexp evaluate RUN|MODEL … [data.test_data=FILE] [flags] [key=value | group=option …]

Scores models on the same rows with the same labels: a run, an adapter, a saved GLiNER or GLiClass (a directory or a hub
repository). Prints tables, and writes metrics.json and errors.jsonl (each mistake with its sentence).
Without data.test_data the rows are those of the first run's config.
  --labels a,b       what to ask about; @FILE holds a label a line. By default the models' own, else the data's
  --relations a,b    relations, likewise
  --labels-at-once N labels in one question to a classifier; more are asked in parts. By default as it says itself
  --threshold X      0..1, or tune: the best on data.val_data. By default each model's own, else 0.5
  --nested           entities may overlap; --flat: they may not. By default as each run says, else flat
  --batch-size N     rows at once (16)
  --to DIR           where to write; by default outputs/evaluations/<model>-on-<data>
  --json             print metrics.json in place of tables
  -cd DIR            further groups and experiments

examples
  python -m gliexp evaluate outputs/ner/tiny-markerV0-1a2b3c4d5e
  python -m gliexp evaluate RUN_A RUN_B owner/model data.test_data=test.jsonl
"""


def run(words: Sequence[str]) -> int:
    """Print and write the figures. Raises Refusal for words, data and models that cannot be used."""
    given = _parser().parse_intermixed_args(list(words))
    names = [word for word in given.words if not told.is_override(word)]
    overrides = [word for word in given.words if told.is_override(word)]
    tune = given.threshold == "tune"
    threshold = None if tune else told.number("--threshold", given.threshold, 0, 1)
    labels, relations = told.labels("--labels", given.labels), told.labels("--relations", given.relations)
    batch_size = told.count("--batch-size", given.batch_size)
    at_once = None if given.labels_at_once is None else told.count("--labels-at-once", given.labels_at_once)
    if given.nested and given.flat:
        raise Refusal([Problem("--nested", "--flat is given too", "one of them", COMMAND_LINE)])
    if not names:
        raise Refusal([Problem("evaluate", "no model is named", "RUN or MODEL, one or several", COMMAND_LINE)])
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refusal([Problem("evaluate", f"{twice[0]} is named twice", "each model once", COMMAND_LINE)])
    from gliexp.runs.imports import uncollected
    from gliexp.runs.model_source import find

    sources = [find(name) for name in names]
    config = _composed(sources, overrides, given.config_dir)
    with uncollected():  # seconds: only for words that make sense
        from gliexp.runs.evaluate import Asked, evaluate
        from gliexp.runs.prepared import quiet_libraries

    quiet_libraries()
    flat = False if given.nested else True if given.flat else None
    results = evaluate(sources, config, Asked(labels, relations, threshold, tune, flat, batch_size, at_once))
    directory = Path(given.to) if given.to else _default(sources, results)
    _write(results, directory)
    if given.json:
        print(json.dumps(results.document(), ensure_ascii=False, indent=1))
    else:
        from gliexp.cli.evaluate_page import show

        show(results, directory)
    return 0


def _parser() -> told.Parser:
    parser = told.Parser(prog="gliexp evaluate", add_help=False)
    parser.add_argument("words", nargs="*", metavar="RUN|MODEL")
    for name in ("--labels", "--relations"):
        parser.add_argument(name, action="append", default=[])
    for name in ("--nested", "--flat", "--json"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--threshold")
    parser.add_argument("--labels-at-once")
    parser.add_argument("--batch-size", default="16")
    parser.add_argument("--to")
    parser.add_argument("--config-dir", "-cd", action="append", default=[])
    return parser


def _composed(sources: Sequence[ModelSource], overrides: list[str], directories: Sequence[str]) -> Config:
    """The config that says what data there is: the user's, over that of the first run."""
    from gliexp.config.compose import compose

    names_data = any(re.match(r"\+*(data|data\.test_data|experiment)=", word) for word in overrides)
    run = next((source.run for source in sources if source.run), None)
    resolved = None if run is None else run / "config.resolved.yaml"
    if not names_data and (resolved is None or not resolved.is_file()):
        message = "no data to score on, and no model is a run whose data could be taken"
        raise Refusal([Problem("data.test_data", message, "data.test_data=FILE", COMMAND_LINE)])
    if resolved is not None and resolved.is_file() and not any(word.startswith("experiment=") for word in overrides):
        overrides = [f"experiment='{resolved.resolve()}'", *overrides]
    return compose(overrides, directories, environment=False).config


def _default(sources: Sequence[ModelSource], results: Results) -> Path:
    """A name that says what was scored on what; the same command writes to the same place."""
    model = sources[0].run or Path(sources[0].name)
    more = f"-and-{len(sources) - 1}-more" if len(sources) > 1 else ""
    data = results.splits.sources[-1]
    name = f"{model.resolve().name}{more}-on-{Path(data.path.replace(':', '-')).stem}-{data.sha256[:8]}"
    return Path("outputs") / "evaluations" / re.sub(r"[^\w.-]+", "-", name)


def _write(results: Results, directory: Path) -> None:
    from gliexp.runs.record import write_json

    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_json(directory / "metrics.json", results.document())
        with (directory / "errors.jsonl").open("w", encoding="utf-8") as out:
            for model in results.models:
                for mistake in model.mistakes:
                    line = {"model": model.source.name, **mistake}
                    out.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        problem = Problem("--to", f"{directory} cannot be written: {error.strerror}", where=COMMAND_LINE)
        raise Refusal([problem]) from error
