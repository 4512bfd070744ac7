"""`data`: what is in data files, what is wrong with them, and the settings that fit them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gliexp.errors import Problem, Refusal

if TYPE_CHECKING:
    from gliexp.config.schema import Config
    from gliexp.models.subtokens import SubTokens

HELP = """\
usage: python -m gliexp data [FILE …] [--fix OUT] [--json] [key=value | group=option …]

Audits data files: counts, lengths and span widths, labels, bad rows by line and reason, rows that occur twice or in two
files, nested and overlapping entities, and settings that fit. Without FILE, the files of the config's data section.
Exit code 0, or 2 if a row cannot be used.
  --fix OUT   write the good rows, and those that can be repaired with certainty, as JSON Lines in gliexp's form:
              to the file OUT for one input, into the directory OUT for several
  --json      the whole audit as JSON
  -cd DIR     further groups and experiments
Overrides say how to read (data.format=…, data.fields.tokens=…) and for which model (span_mode=…, model.max_len=…).
Name a backbone (backbone=minilm) to count its sub-tokens too.

examples
  python -m gliexp data train.jsonl dev.jsonl test.jsonl
  python -m gliexp data corpus.jsonl data.fields.ner=spans --fix clean.jsonl
  python -m gliexp data experiment=mine backbone=minilm
"""


def run(words: Sequence[str]) -> int:
    """Audit the files and print what was found; 2 if some row cannot be used and was not repaired, else 0."""
    parser = argparse.ArgumentParser(prog="gliexp data", add_help=False)
    parser.add_argument("--fix", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--config-dir", "-cd", action="append", default=[])
    parser.add_argument("words", nargs="*")
    given = parser.parse_intermixed_args(list(words))
    overrides = [word for word in given.words if _is_override(word)]
    from gliexp.config.compose import compose

    config = compose(overrides, given.config_dir, environment=False).config
    files = [word for word in given.words if not _is_override(word)] or _files_of(config)
    named_backbone = any(word.startswith(("backbone=", "backbone.model_name=")) for word in overrides)
    return audit_files(config, files, given.fix, as_json=given.json, sub_tokens=named_backbone)


def audit_files(config: Config, files: Sequence[str], fix: Path | None, *, as_json: bool, sub_tokens: bool) -> int:
    """The exit code, after printing the audit of `files`; with `fix` their clean copies are written too."""
    from rich.console import Console

    from gliexp.cli.data_page import Page, RowProgress
    from gliexp.data.audit import Audit, audit, format_of
    from gliexp.data.cleaned import Cleaned, destinations
    from gliexp.data.manner import layout, names
    from gliexp.data.reading import reader_of

    fields, tags, laid_out = names(config.data), config.data.tag_names, layout(config.data, "train")
    paths = destinations(files, fix) if fix else []
    copies: list[Cleaned] = []
    counter = _sub_tokens(config) if sub_tokens else None
    found: list[Audit] = []
    refused: list[Problem] = []
    with RowProgress(Console(stderr=True)) as progress:
        for number, name in enumerate(files):
            progress.begin(name)
            try:
                form = format_of(name, config.data.format, laid_out)
                settings: dict[str, Any] = {"layout": laid_out, "tag_names": tags, "count_tokens": counter}
                if not paths:
                    found.append(audit(name, fields, form, on_row=[progress.row], **settings))
                    continue
                with Cleaned(paths[number], reader_of(form, fields, tags)) as copy:
                    found.append(audit(name, fields, form, on_row=[progress.row, copy.row], **settings))
                copies.append(copy)
            except Refusal as refusal:
                refused += refusal.problems
    if refused:
        raise Refusal(refused)
    page = Page(found, copies, config, counter)
    if as_json:
        print(json.dumps(page.document(), ensure_ascii=False, indent=1))
    else:
        page.show(Console(soft_wrap=True))
    left = sum(copy.left for copy in copies) if copies else sum(one.bad_rows for one in found)
    return 2 if left else 0


def _is_override(word: str) -> bool:
    return "=" in word and not Path(word).exists()


def _files_of(config: Config) -> list[str]:
    """The files of the data section; the embedded sample's where that is named."""
    from gliexp.config.sources import SAMPLE, files, sources
    from gliexp.data import sample

    data = config.data
    if data.train_data == SAMPLE:
        return [str(sample.path(split)) for split in ("train", "dev", "test")]
    named = [source for value in (data.train_data, data.val_data, data.test_data) for source in sources(value)]
    return [found.path for source in named for found in files(source) or [source]]


def _sub_tokens(config: Config) -> SubTokens:
    from gliexp.models.subtokens import SubTokens

    return SubTokens.of(config.backbone.model_name, config.backbone.source, config.backbone.revision)
