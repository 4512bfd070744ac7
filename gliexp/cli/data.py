"""`data`: what is in data files, what is wrong with them, and the settings that fit them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.errors import Problem, Refusal

if TYPE_CHECKING:
    from gliexp.config.schema import Config
    from gliexp.models.subtokens import SubTokens

HELP = """\
usage: python -m gliexp data [FILE …] [--fix OUT | --labels N] [--json] [key=value | group=option …]

Audits data files: counts, lengths and span widths, labels, bad rows by line and reason, rows that occur twice or in two
files, nested and overlapping entities, and settings that fit. Without FILE, the files of the config's data section.
Files of classification are known by their labels of whole texts, or by task=classification.
Exit code 0, or 2 if a row cannot be used.
  --fix OUT   write the good rows, and those that can be repaired with certainty, as JSON Lines in gliexp's form:
              to the file OUT for one input, into the directory OUT for several
  --json      the whole audit as JSON
  --labels N  instead of the audit, the labels that the first N training rows are asked about in the first epoch
  --epoch E   in epoch E (from 0)
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
    parser.add_argument("--labels", type=int)
    parser.add_argument("--epoch", type=int, default=0)
    parser.add_argument("--config-dir", "-cd", action="append", default=[])
    parser.add_argument("words", nargs="*")
    given = parser.parse_intermixed_args(list(words))
    overrides = [word for word in given.words if _is_override(word)]
    from gliexp.config.compose import compose

    named = [word for word in given.words if not _is_override(word)]
    if given.labels is not None:
        if given.labels < 1 or given.epoch < 0:
            raise Refusal(
                [Problem("--labels", f"{given.labels} rows, epoch {given.epoch}", "1 row or more, epoch 0 or more")]
            )
        overrides += [f"data.train_data={json.dumps(named)}"] if named else []
        config = compose(overrides, given.config_dir, environment=False).config
        return show_labels(config, given.labels, given.epoch, as_json=given.json)
    config = compose(overrides, given.config_dir, environment=False).config
    files = named or _files_of(config)
    if named and not any(word.startswith("task=") for word in overrides) and classifies(config, named[0]):
        print("read as task=classification: its rows have labels of whole texts", file=sys.stderr)
        config = compose([*overrides, "task=classification"], given.config_dir, environment=False).config
    named_backbone = any(word.startswith(("backbone=", "backbone.model_name=")) for word in overrides)
    return audit_files(config, files, given.fix, as_json=given.json, sub_tokens=named_backbone)


def show_labels(config: Config, count: int, epoch: int, *, as_json: bool) -> int:
    """Print what the first `count` training rows hold and are asked about in `epoch`; 0."""
    from gliexp.data.offers import first_offers

    for offer in first_offers(config, count, epoch):
        if as_json:
            print(json.dumps(offer._asdict(), ensure_ascii=False))
            continue
        print(f"{offer.place}: holds {', '.join(offer.gold) or 'nothing'}")
        print(f"  asked about {', '.join(offer.entity)}")
        if offer.relation:
            print(f"  and relations {', '.join(offer.relation)}")
    return 0


def audit_files(config: Config, files: Sequence[str], fix: Path | None, *, as_json: bool, sub_tokens: bool) -> int:
    """The exit code, after printing the audit of `files`; with `fix` their clean copies are written too."""
    from rich.console import Console

    from gliexp.cli.data_page import Page, RowProgress
    from gliexp.data import classes
    from gliexp.data.audit import Audit, audit, format_of
    from gliexp.data.class_audit import ClassAudit
    from gliexp.data.cleaned import Cleaned, destinations
    from gliexp.data.manner import layout, names
    from gliexp.data.reading import reader_of

    fields, tags, laid_out = names(config.data), config.data.tag_names, layout(config.data, "train")
    paths = destinations(files, fix) if fix else []
    own = classes.reader(config.data) if config.run.task in CLASSIFICATION_TASKS else None
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
                settings["label_names"] = config.data.label_names
                if own is not None:
                    settings |= {"own_reader": own, "found": ClassAudit(name, form)}
                if not paths:
                    found.append(audit(name, fields, form, on_row=[progress.row], **settings))
                    continue
                with Cleaned(paths[number], own or reader_of(form, fields, tags, config.data.label_names)) as copy:
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


def classifies(config: Config, path: str) -> bool:
    """Whether the first row of a file has labels of its whole text, and no entities."""
    from gliexp.data.audit import format_of
    from gliexp.data.manner import layout, names
    from gliexp.data.reading import checked, reader_of, refuse_file
    from gliexp.data.row import WholeText

    laid_out = layout(config.data, "train")
    if refuse_file(Path(path), config.data.format, laid_out) is not None:
        return False  # the audit says why
    form = format_of(path, config.data.format, laid_out)
    first = next(iter(checked(path, reader_of(form, names(config.data), config.data.tag_names), form, laid_out)), None)
    return first is not None and isinstance(first.outcome, WholeText)


def _is_override(word: str) -> bool:
    return "=" in word and not Path(word).exists()


def _files_of(config: Config) -> list[str]:
    """The files of the data section; the embedded sample's where that is named."""
    from gliexp.config.sources import SAMPLE, files, sources
    from gliexp.data import sample

    data = config.data
    if data.train_data == SAMPLE:
        return [str(sample.path(split, config.run.task)) for split in ("train", "dev", "test")]
    named = [source for value in (data.train_data, data.val_data, data.test_data) for source in sources(value)]
    return [found.path for source in named for found in files(source) or [source]]


def _sub_tokens(config: Config) -> SubTokens:
    from gliexp.models.subtokens import SubTokens

    return SubTokens.of(config.backbone.model_name, config.backbone.source, config.backbone.revision)
