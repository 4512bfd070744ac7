"""The `--help` page: short, from the files of conf/ alone, so that it is there at once."""

from __future__ import annotations

import importlib
import textwrap

from gliexp.cli import MODULES, VERBS
from gliexp.config.groups import Groups

_MERGE = """\
usage: python -m gliexp merge RUN… [--to DIR] [--weights A,B] [--combination NAME] [--density D] [--base DIR]

Folds the adapters of a run (or an adapter directory, or a checkpoint) into the model they were trained on, writes it in
the stock library's format and checks that it reloads. Several runs on one base are added by weight.
  --to           directory to write; by default model/ of the one run
  --weights      one number a run; equal shares by default
  --combination  how peft adds them: cat (the exact sum), svd, linear, ties, dare_ties …
  --density      share of values that ties, dare and magnitude_prune keep
  --base         where the base is now, if it has moved
"""

_PAGE = """\
gliexp trains GLiNER and GLiClass models from composed configs.

usage: python -m gliexp [verb] [key=value | group=option …] [flags]

verbs
{verbs}

groups (group=option; the default first)
{groups}

keys (section.key=value; `--cfg job` shows all)
  run  backbone  model  peft  data  training  rl  tracking  launch

flags (those of Hydra)
  --cfg job        show the composed config     --resolve  with its values      -p SECTION  only one section
  -m, --multirun   one run for each of a,b,c    --info     how it was composed  --hydra-help
  -cd DIR          further groups, experiments  -cn NAME   another primary config

examples
  python -m gliexp                                        a small run on built-in data, no network
  python -m gliexp task=relex peft=lora backbone=minilm
  python -m gliexp data.train_data=train.jsonl data.val_data=dev.jsonl backbone=deberta_v3_small
  python -m gliexp experiment=path/to/mine.yaml training.num_train_epochs=5
  python -m gliexp -m span_mode=marker_v0,token_level run.seed=1,2,3
  python -m gliexp check --quick experiment=mine

Every key with its type, default and meaning: gliexp/config/schema/. Decisions and reasons: docs/decisions.md.
"""

_OWN_PAGES = ("check", "data", "evaluate", "explain", "export", "import", "predict", "push", "reproduce", "runs")
"""Verbs whose module holds its page."""
_DEFAULTS = {"task": "ner", "backbone": "tiny", "span_mode": "marker_v0", "optimizer": "adamw", "data": "sample"}


def text(verb: str = "train") -> str:
    """The page of a verb."""
    if verb == "merge":
        return _MERGE.rstrip()
    if verb in _OWN_PAGES:
        page: str = importlib.import_module(f"gliexp.cli.{MODULES.get(verb, verb)}").HELP
        return page.rstrip()
    verbs = "\n".join(f"  {name:<9} {what}" for name, what in VERBS.items())
    return _PAGE.format(verbs=verbs, groups="\n".join(_group_lines())).rstrip()


def _group_lines() -> list[str]:
    groups = Groups.read()
    lines = []
    for group in groups.names():
        first = _DEFAULTS.get(group)
        options = sorted(groups.options(group), key=lambda option: (option not in (first, "none", "default"), option))
        shown = ", ".join(options) or "a name in conf/experiment, or the path of a YAML file"
        lines.append(textwrap.fill(shown, 116, initial_indent=f"  {group:<11}", subsequent_indent=" " * 13))
    return lines
