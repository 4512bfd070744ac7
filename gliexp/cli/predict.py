"""`predict`: texts in, JSON Lines out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gliexp.cli import words as told
from gliexp.config.report import COMMAND_LINE
from gliexp.errors import Problem, Refusal

if TYPE_CHECKING:
    from gliexp.data.texts import Text

HELP = """\
usage: python -m gliexp predict RUN|MODEL [FILE …] [--text TEXT] [--labels a,b,c] [--relations a,b] [flags]

Finds entities (with character offsets), relations or classes in texts with a run's model, an adapter, or a saved GLiNER
or GLiClass (a directory or a hub repository), and prints one JSON object a text. Long texts are read in chunks that
overlap and merged. Texts come from FILEs, --text, or standard input (a text a line).
A FILE is one text, or the rows of a data file (.jsonl, .csv, .conll …: their text or words).
  --text TEXT        a text; may be repeated
  --lines            each line of a FILE is a text; --whole: standard input is one text
  --labels a,b       what to look for; @FILE holds a label a line. By default what the run was trained on
  --relations a,b    relations to look for, likewise
  --labels-at-once N labels in one question to a classifier; more are asked in parts. By default as it says itself
  --threshold X      0..1; by default the run's own (tuned on dev where it was), else 0.5
  --nested           entities may overlap; --flat: they may not. By default as the run says, else flat
  --batch-size N     texts at once (8)
  --to FILE          where to write in place of standard output
  --trust-remote-code   run code that a repository brings

examples
  python -m gliexp predict outputs/ner/tiny-markerV0-1a2b3c4d5e judgement.txt
  echo "Ada Lovelace was born in London." | python -m gliexp predict owner/model --labels person,location
"""


def run(words: Sequence[str]) -> int:
    """Print or write a line for each text. Raises Refusal for words, texts and models that cannot be used."""
    given = _parser().parse_intermixed_args(list(words))
    labels, relations = told.labels("--labels", given.labels), told.labels("--relations", given.relations)
    threshold = told.number("--threshold", given.threshold, 0, 1)
    batch_size = told.count("--batch-size", given.batch_size)
    at_once = None if given.labels_at_once is None else told.count("--labels-at-once", given.labels_at_once)
    if given.nested and given.flat:
        raise Refusal([Problem("--nested", "--flat is given too", "one of them", COMMAND_LINE)])
    _look(given.files)
    from gliexp.runs.imports import uncollected
    from gliexp.runs.model_source import find

    source = find(given.model)
    with uncollected():  # seconds: only for words that make sense
        from gliexp.runs.predict import predictor
        from gliexp.runs.prepared import quiet_libraries

    quiet_libraries()
    ready = predictor(
        source,
        labels=labels,
        relations=relations,
        threshold=threshold,
        flat_ner=False if given.nested else True if given.flat else None,
        batch_size=batch_size,
        labels_at_once=at_once,
        trust_remote_code=given.trust_remote_code,
    )
    for notice in ready.notices:
        print(f"note: {notice}", file=sys.stderr)
    with _out(given.to) as out, _progress(given.to is not None or not sys.stdout.isatty()) as advance:
        seen = cut = 0
        for found in ready(_texts(given.files, given.text, by_line=given.lines, whole=given.whole)):
            out.write(json.dumps(found, ensure_ascii=False) + "\n")
            seen += 1
            cut += "cut" in found
            advance()
    if not seen:
        print("note: no text was given", file=sys.stderr)
    if cut:
        limit = ready.usage.max_length
        print(f"note: of {cut} texts only the first {limit} tokens were read (labels included)", file=sys.stderr)
    return 0


def _parser() -> told.Parser:
    parser = told.Parser(prog="gliexp predict", add_help=False)
    parser.add_argument("model", metavar="RUN|MODEL")
    parser.add_argument("files", nargs="*", metavar="FILE")
    for name in ("--text", "--labels", "--relations"):
        parser.add_argument(name, action="append", default=[])
    for name in ("--lines", "--whole", "--nested", "--flat", "--trust-remote-code"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--threshold")
    parser.add_argument("--labels-at-once")
    parser.add_argument("--batch-size", default="8")
    parser.add_argument("--to")
    return parser


def _look(files: Sequence[str]) -> None:
    """Refuse files that are not there before a model is opened."""
    missing = [name for name in files if not Path(name).is_file()]
    if missing:
        problems = [Problem("FILE", f"there is no file {name}", where=COMMAND_LINE) for name in missing]
        raise Refusal(problems)


def _texts(files: Sequence[str], given: Sequence[str], *, by_line: bool, whole: bool) -> Iterator[Text]:
    from gliexp.data.texts import Text, of_file, of_lines

    for number, text in enumerate(given, start=1):
        yield Text(text, None, f"--text:{number}", {})
    for name in files:
        yield from of_file(name, by_line=by_line)
    if files or given:
        return
    try:
        if whole:
            yield Text(sys.stdin.read(), None, "stdin", {})
        else:
            yield from of_lines(sys.stdin, "stdin")
    except UnicodeDecodeError as error:
        raise Refusal([Problem("text", f"cannot be read as UTF-8 text: {error}", where="stdin")]) from error


@contextmanager
def _out(name: str | None) -> Iterator[TextIO]:
    if name is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        file = Path(name).open("w", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        message = f"cannot be written: {error.strerror}"
        raise Refusal([Problem("--to", f"{name} {message}", where=COMMAND_LINE)]) from error
    with file:
        yield file


@contextmanager
def _progress(shown: bool) -> Iterator[Callable[[], None]]:
    """Texts done with their rate, on a terminal; where answers go to it themselves, nothing."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("predicting"), TextColumn("{task.completed:,} texts"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as progress:
        task = progress.add_task("", total=None)
        yield lambda: progress.advance(task)
