"""What a run would meet in its first minute, met beforehand: data, tokens, targets, memory, disk, one step."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gliexp.config.compose import Composed
from gliexp.data.head import Heads, heads
from gliexp.data.splits import Splits, load
from gliexp.errors import Problem, Refusal, RunFailed

Say = Callable[[str], None]


def preflight(composed: Composed, say: Say) -> None:
    """Look at everything but the network; `say` gets a line for each part that is right.

    Raises Refusal with all problems that were found: a part that needs another one that failed is left out. Writes
    nothing but temporary files.
    """
    problems: list[Problem] = []
    with tempfile.TemporaryDirectory() as directory:
        head = heads(composed.config.data, Path(directory))
        seen = replace(composed, config=replace(composed.config, data=head.data))
        with _gather(problems, head):
            splits = _data(seen, head, say)
            _labels(seen, splits)
        loaded = not problems
        with _gather(problems, head):
            _outline(seen, say)
        if loaded and not problems:
            with _gather(problems, head):
                _model(seen, splits, say)
    if problems:
        raise Refusal(problems)


@contextmanager
def _gather(problems: list[Problem], head: Heads) -> Iterator[None]:
    """Keep what a part refuses, with the user's own paths, and go on."""
    try:
        yield
    except Refusal as refusal:
        for problem in refusal.problems:
            there = {"message": head.original(problem.message), "where": head.original(problem.where)}
            problems.append(replace(problem, **there))
    except RunFailed as failed:
        problems.append(Problem("step", head.original(str(failed)), "a step that succeeds"))


def _data(composed: Composed, head: Heads, say: Say) -> Splits:
    config = composed.config
    splits = load(config.data, config.run.task, seed=config.run.seed)
    parts = ", ".join(f"{len(getattr(splits, name))} {name}" for name in ("train", "dev", "test"))
    labels = splits.entity_labels or splits.class_labels
    say(
        f"data: {parts} rows, {len(labels)} labels"
        + (f", {len(splits.relation_labels)} relations" if splits.relation_labels else "")
    )
    for path in dict.fromkeys(head.copies.values()):
        say(f"  {path} is huge: only its beginning was read")
    for notice in splits.notices:
        say(f"  {head.original(notice)}")
    return splits


def _labels(composed: Composed, splits: Splits) -> None:
    """Labels that contain a marker of the prompt would be read as two."""
    model = composed.config.model
    markers = [model.ent_token, model.sep_token, model.rel_token, model.label_token, "<<LABEL>>"]
    labels = {*splits.entity_labels, *splits.relation_labels, *splits.class_labels}
    broken = sorted(label for label in labels if any(marker in label for marker in markers))
    if broken:
        message = f"labels contain a marker of the prompt: {', '.join(broken[:5])}"
        raise Refusal([Problem("data", message, f"labels without {', '.join(dict.fromkeys(markers))}")])
    blank = [label for label in labels if not label.strip()]
    if blank:
        raise Refusal([Problem("data", "a label is empty", "labels with a letter")])


def _outline(composed: Composed, say: Say) -> None:
    from gliexp.runs.outline import outline

    found = outline(composed.config)
    for part, size in found.sizes.items():
        say(f"{part.replace('_', ' ')}: {size:,} parameters")
    for part, targets in found.targets.items():
        count = sum(len(names) for names in targets.values())
        say(f"adapters of the {part.replace('_', ' ')}: {count} modules ({', '.join(targets)})")


def _model(composed: Composed, splits: Splits, say: Say) -> None:
    from gliexp.runs import capacity
    from gliexp.runs.families import family
    from gliexp.runs.prepared import quiet_libraries
    from gliexp.runs.trial import trial

    quiet_libraries()
    carried = family(composed.config.run.task)
    built = carried.stages.build_model(composed)
    sizes = built.parameters
    say(f"model: {sizes['total']:,} parameters, {sizes['trainable']:,} of them train")
    _special_tokens(built.model)
    shown = carried.stages.shown(composed, built, splits)
    for notice in (*built.notices, *shown.notices):
        say(f"  {notice}")
    problems: list[Problem] = []
    found = trial(composed, built, shown, carried)
    say(
        f"one step on the CPU: loss {found.loss:.4g}"
        + (f"; dev metrics {_some(found.metrics)}" if found.metrics else "")
    )
    steps = _steps(composed, len(shown.splits.train))
    for line, wrong in (capacity.memory(composed, found.footprint), capacity.disk(composed, found.footprint, steps)):
        say(line)
        problems += wrong
    if problems:
        raise Refusal(problems)


def _special_tokens(model: Any) -> None:
    """Each marker of the prompt must be one token, or labels cannot be found in what the encoder reads."""
    processor = getattr(model, "data_processor", None)
    if processor is None:
        return  # a classifier's inputs are checked when they are built
    from gliexp.models import architecture

    tokenizer = processor.transformer_tokenizer
    for token in architecture.special_tokens(model):
        pieces = tokenizer.tokenize(token)
        if pieces != [token]:
            raise Refusal(
                [Problem("model.ent_token", f"{token} is {len(pieces)} tokens to the tokenizer", "one token")]
            )


def _steps(composed: Composed, rows: int) -> int:
    training = composed.config.training
    if training.max_steps > 0:
        return training.max_steps
    per_step = training.per_device_train_batch_size * training.gradient_accumulation_steps
    return max(1, math.ceil(rows / per_step * training.num_train_epochs))


def _some(names: tuple[str, ...]) -> str:
    shown = [name for name in names if name.endswith(("f1", "accuracy"))][:3] or list(names[:3])
    return ", ".join(shown)
