"""A model card from what a run wrote: no figure in it that the run did not measure, no row of its data, no path."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.models.usage import Usage
from gliexp.runs.headline import OF_CLASSES, OF_ENTITIES
from gliexp.runs.hub import snippet

NAMES = OF_ENTITIES | OF_CLASSES
EXAMPLES = 8  # labels named in the card's text; all of them are in its table


class Result(NamedTuple):
    """One figure of one split, with its interval in words where one was measured."""

    split: str
    key: str
    name: str
    value: float
    interval: str


def card(run: Path, repository: str) -> str:
    """The text of README.md for `repository`, of a run that is done."""
    record = _json(run / "run.json")
    metrics = _json(run / "metrics.json")
    config = yaml.safe_load((run / "config.resolved.yaml").read_text(encoding="utf-8"))
    usage = Usage.read(run / "model") or Usage.read(run / "adapter") or Usage()
    split = "test" if "test" in metrics else "eval"
    figures = metrics.get(split) or {}
    results = list(_results(metrics))
    classifies = record["task"] in CLASSIFICATION_TASKS
    labels = usage.class_labels if classifies else (*usage.entity_labels, *usage.relation_labels)
    per_label = figures.get("cls_per_label" if classifies else "ner_per_label") or {}
    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, keep_trailing_newline=True
    ).get_template("card.md.jinja")
    return page.render(
        header=_header(record, results, config, repository).strip(),
        title=repository.rsplit("/", 1)[-1],
        library_name="GLiClass" if classifies else "GLiNER",
        purpose=snippet.PURPOSES[record["task"]],
        base=_base(config),
        peft=config["peft"]["method"] if config["peft"]["enabled"] else None,
        snippet=snippet.text(record["task"], repository, usage, merged=(run / "model").is_dir()),
        labels=_some(labels),
        threshold=figures.get("threshold", usage.threshold),
        results=results,
        has_intervals=any(row.interval for row in results),
        per_label=per_label,
        per_label_split=_SPLITS[split],
        data=[{**file, "name": Path(str(file["path"])).name} for file in record["data"]],
        licence=record.get("license"),
        dropped=_dropped(record.get("dropped") or {}),
        command=_command(record["overrides"]),
        parameters=_parameters(record["parameters"]),
        signature=record["signature"],
        commit=record["git_commit"],
        seconds=round(record["seconds"]),
        device=record["device"],
        versions=", ".join(f"{name} {number}" for name, number in record["versions"].items()),
    )


_SPLITS = {"eval": "dev", "test": "test"}


def _results(metrics: Mapping[str, Any]) -> Iterator[Result]:
    for split, name in _SPLITS.items():
        figures = metrics.get(split) or {}
        intervals = figures.get("intervals") or {}
        for key, words in NAMES.items():
            if isinstance(figures.get(key), (int, float)):
                low_high = intervals.get(key)
                text = f"{low_high[0]:.3f} to {low_high[1]:.3f}" if low_high else ""
                yield Result(name, key, words, float(figures[key]), text)


def _header(record: Mapping[str, Any], results: list[Result], config: Mapping[str, Any], repository: str) -> str:
    """The card's YAML, with the figures in the Hub's model-index form."""
    classifies = record["task"] in CLASSIFICATION_TASKS
    kind = "text-classification" if classifies else "token-classification"
    measured = [
        EvalResult(
            task_type=kind,
            dataset_type=_set_name(record),
            dataset_name=_set_name(record),
            dataset_split={"dev": "validation"}.get(row.split, row.split),
            metric_type=row.key,
            metric_name=row.name,
            metric_value=round(row.value, 4),
        )
        for row in results
    ]
    data = ModelCardData(
        library_name="gliclass" if classifies else "gliner",
        pipeline_tag="zero-shot-classification" if classifies else "token-classification",
        base_model=_hub_name(_base(config)),
        license=record.get("license"),
        tags=["gliexp", "gliclass" if classifies else "gliner", record["task"], *record["tags"]],
        model_name=repository.rsplit("/", 1)[-1] if measured else None,
        eval_results=measured or None,
    )
    return str(data.to_yaml())


def _set_name(record: Mapping[str, Any]) -> str:
    """What to call the data: the name of the training file, or of its folder where the file is called train."""
    path = Path(str(record["data"][0]["path"]).removeprefix("hub:"))
    return path.parent.name if path.stem == "train" and path.parent.name else path.stem or str(path)


def _base(config: Mapping[str, Any]) -> str | None:
    """The model or backbone that training started from; of a local one the name alone."""
    model = config["model"]
    named = str(model.get("from_pretrained") or model.get("encoder_model") or model.get("model_name") or "")
    return (named if _hub_name(named) else Path(named).name) or None


def _hub_name(named: str | None) -> str | None:
    """The name of a hub repository, without its revision; None for directories and built-in backbones."""
    bare = (named or "").partition("@")[0]
    return bare if bare.count("/") == 1 and not bare.startswith((".", "/", "~")) and not Path(bare).exists() else None


def _some(labels: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{label}`" for label in labels[:EXAMPLES])
    return shown + (f" and {len(labels) - EXAMPLES} more" if len(labels) > EXAMPLES else "")


def _dropped(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{reason}: {count}" for reason, count in counts.items())


def _command(overrides: Sequence[str]) -> str:
    """What to type, with the last part alone of paths that only this machine has."""
    return shlex.join(["python", "-m", "gliexp", *(_ABSOLUTE.sub(r"\1", word) for word in overrides)])


_ABSOLUTE = re.compile(r"(?<![\w.])[/~](?:[^\s,\]}'\"/]*/)+([^\s,\]}'\"/]+)")


def _parameters(counts: Mapping[str, Any]) -> str:
    return f"{counts['trainable']:,} of {counts['total']:,} parameters were trained."


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
