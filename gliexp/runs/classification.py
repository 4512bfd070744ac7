"""The stages of a GLiClass run that need the model: build it, account for the data, make its trainer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gliclass.training import TrainingArguments

from gliexp.config import routing
from gliexp.config.compose import Composed
from gliexp.config.schema.classifier import BI, MULTI, REGRESSION, SEQ2SEQ, SEQ2SEQ_CLS, UNI
from gliexp.config.schema.data import TUNE, fixed_threshold
from gliexp.data.augmentation import augmenter
from gliexp.data.classes import ClassSampler, offered, usable
from gliexp.data.losses import settle
from gliexp.data.rows import chosen
from gliexp.data.splits import Splits
from gliexp.errors import Problem, Refusal
from gliexp.models import class_export, classify, parameters
from gliexp.models.class_inputs import LabelsTooLong
from gliexp.models.gliclass import Classifier
from gliexp.runs import base, consolidation, ways
from gliexp.runs.built import Built
from gliexp.runs.shown import Shown
from gliexp.runs.stages import early_stopping
from gliexp.training.arguments import training_arguments
from gliexp.training.class_collator import ClassCollator
from gliexp.training.class_evaluation import ClassEvaluation
from gliexp.training.class_trainer import ClassTrainer

CUT = "text longer than max_length"
VERIFIED_ROWS = 16
ROOM = "more tokens, fewer or shorter labels"
ASKED_ROOM = f"{ROOM}, or data.labels_at_once, which asks in parts"
LABELS_BEYOND = 2
"""Times as many labels as in training from which scores are doubtful. CLINC150, trained on 25 and asked about 150: mean
average precision 0.54 at once, 0.74 in parts of 25 (docs/recipes/intents.md)."""
OTHERWISE = (
    "the stock pipeline will score this model otherwise than gliexp: it pools the padding of shorter labels "
    "(bi-encoders, another pooling than first) or takes empty label slots for labels (hopfield on encoder-decoders)"
)


def build_model(composed: Composed) -> Built:
    """Build the model from the config, start from a saved one or go on with adapters; freeze and wrap what it says."""
    config = composed.config
    if config.peft.enabled and config.peft.init_from is not None:
        adapted = base.continued(config)
        ways.take(config, adapted.model)
        return Built(adapted.model, parameters.sizes(adapted.model), _shortened(composed, adapted.model), adapted)
    origin = base.of(config)
    classifier = origin.build(config.backbone.trust_remote_code)
    if not config.model.fine_tune:
        parameters.freeze(classifier)
    wrapped = base.wrapped(config, classifier, origin)
    ways.take(config, classifier)
    return Built(classifier, parameters.sizes(classifier), _shortened(composed, classifier), wrapped)


def _shortened(composed: Composed, classifier: Classifier) -> list[str]:
    """A notice where texts are cut shorter than the config says."""
    wanted = composed.config.data.max_length
    if max_length(composed, classifier) == wanted:
        return []
    return [f"data.max_length={wanted} is more than the encoder can number: {classifier.positions()}"]


def max_length(composed: Composed, classifier: Classifier) -> int:
    """Tokens of one example: what the config says, at most what the encoder can number."""
    return min(composed.config.data.max_length, classifier.positions())


def losses(composed: Composed, built: Built, splits: Splits) -> tuple[dict[str, int], list[str]]:
    """What this model cannot use of the data: counts by reason, and notices that name places.

    Rows that the problem type cannot use are taken out of `splits`. Raises Refusal where labels do not fit at all, and
    under data.on_loss=error where training rows lose something.
    """
    classifier: Classifier = built.model
    problem = classifier.model.config.problem_type
    inputs = classifier.inputs(max_length(composed, classifier), composed.config.data.labels_at_once)
    counts, notices, problems = Counter(splits.dropped), list[str](), list[Problem]()
    most = dict.fromkeys(("train", "dev", "test"), 0)
    for split in ("train", "dev", "test"):
        rows, places = getattr(splits, split), splits.places.get(split, [])
        kept, found = usable(rows, places, splits.class_labels, problem)
        rows, places = chosen(rows, kept), chosen(places, kept)
        setattr(splits, split, rows)
        splits.places[split] = places
        for row, place in zip(rows, places, strict=True):
            asked = _longest(row, splits, classifier) if split == "train" else offered(row, splits.class_labels)
            whole = split == "train" or inputs.labels_at_once is None
            try:
                parts = [asked] if whole else classify.parts(inputs, row, asked)
                cut = max(inputs.read(row, part).cut for part in parts)
            except LabelsTooLong as error:
                problems.append(Problem("data.max_length", str(error), ROOM if split == "train" else ASKED_ROOM, place))
                continue
            most[split] = max(most[split], *map(len, parts))
            problems.extend(_too_many(classifier, max(map(len, parts)), place))
            if cut:
                found.add(CUT, place)
        if problems:
            continue
        counts.update({f"{split}: {reason}": count for reason, count in found.counts.items()})
        summary = settle(found, composed.config.data.on_loss if split == "train" else "warn")
        if summary:
            notices.append(f"{split}, cannot be used in full:\n{summary}")
    if problems:
        raise Refusal([*problems[:10], *_rest(problems[10:])])
    if not splits.train:
        raise Refusal([Problem("data.train_data", f"no row can be used with problem_type={problem}")])
    notices += _crowds(classifier, most)
    sets = [offered(row, splits.class_labels) for row in splits.test or splits.dev or splits.train]
    if not class_export.stock_agrees(classifier.model.config, sets):
        notices.append(OTHERWISE)
    for split, unknown in splits.unknown.items():
        named = ", ".join(f"{label} ({count})" for label, count in unknown.most_common(5))
        notices.append(f"{split} has labels that are never offered: {named}")
    return dict(counts), notices


def _crowds(classifier: Classifier, most: Mapping[str, int]) -> list[str]:
    """A notice where far more labels stand in a question of dev or test than in any of training; see LABELS_BEYOND."""
    if classifier.model.config.architecture_type == BI:  # its labels do not meet
        return []
    beyond = [f"{split} {most[split]}" for split in ("dev", "test") if most[split] > LABELS_BEYOND * most["train"]]
    if not beyond:
        return []
    return [
        f"a question holds up to {most['train']} labels in training, and more where the model is scored "
        f"({', '.join(beyond)}): classifiers are seldom right about so many at once; "
        f"data.labels_at_once={most['train']} asks in parts"
    ]


def shown(composed: Composed, built: Built, splits: Splits) -> Shown:
    """The splits without the rows that cannot be used, and what is lost; see `losses`."""
    dropped, notices = losses(composed, built, splits)
    return Shown(splits, dropped=dropped, notices=notices)


def _rest(problems: Sequence[Problem]) -> list[Problem]:
    return [Problem("data", f"{len(problems)} more such rows, not shown")] if problems else []


def _longest(row: Mapping[str, Any], splits: Splits, classifier: Classifier) -> list[str]:
    """The longest labels that a training row may be asked about at once, its own true ones among them."""
    gold = list(row["true"])
    others = [label for label in offered(row, splits.class_labels) if label not in row["true"]]
    room = max(0, classifier.model.config.max_num_classes - len(gold))
    return gold + sorted(others, key=len, reverse=True)[:room]


def _too_many(classifier: Classifier, count: int, place: str) -> list[Problem]:
    """A problem where a model with a fixed number of label slots is asked about more labels."""
    config = classifier.model.config
    slots = config.max_num_classes if config.architecture_type in (SEQ2SEQ, SEQ2SEQ_CLS) else count
    if config.architecture_type == UNI and config.max_labels_alloc != "dynamic":
        slots = config.max_num_classes if config.max_labels_alloc == "fixed" else config.max_labels_alloc
    if count <= slots:
        return []
    return [Problem("model.max_num_classes", f"{count} labels, but the model has {slots} slots", f"{count}", place)]


def evaluation(composed: Composed, classifier: Classifier, splits: Splits) -> ClassEvaluation:
    """How this run's splits are scored."""
    config = composed.config
    return ClassEvaluation(
        inputs=classifier.inputs(max_length(composed, classifier), config.data.labels_at_once),
        labels=splits.class_labels,
        problem=classifier.model.config.problem_type,
        threshold=fixed_threshold(config.data),
        tune=config.data.threshold == TUNE,
        batch_size=config.training.per_device_eval_batch_size,
    )


def make_trainer(
    composed: Composed,
    built: Built,
    shown: Shown,
    checkpoints: Path,
    callbacks: Sequence[Any],
) -> ClassTrainer:
    """The trainer of this run, on the collator and label policy that the config names."""
    arguments = training_arguments(
        argument_values(composed),
        TrainingArguments,
        task=REGRESSION if built.model.model.config.problem_type == REGRESSION else composed.config.run.task,
        checkpoints=checkpoints,
        has_dev=bool(shown.splits.dev),
    )
    parts = trainer_parts(composed, built, shown.splits, callbacks)
    return ClassTrainer(built.model, arguments, **parts)


def argument_values(composed: Composed) -> dict[str, Any]:
    """The library's training arguments as routed; save_optimizer_state is what the HF Trainer calls save_only_model."""
    values = routing.route(composed.config).objects["TrainingArguments"]
    return values | {"save_only_model": values["save_only_model"] or not values["save_optimizer_state"]}


def trainer_parts(
    composed: Composed,
    built: Built,
    splits: Splits,
    callbacks: Sequence[Any],
    collator: type[ClassCollator] = ClassCollator,
) -> dict[str, Any]:
    """Keyword arguments of ClassTrainer beside the model and the library's arguments."""
    config, settings = composed.config, built.model.model.config
    labels = ClassSampler(
        splits.class_labels,
        config.data.label_sampling,
        most=settings.max_num_classes,
        negative_ratio=config.model.max_neg_type_ratio,
    )
    seed = config.training.seed if config.training.data_seed is None else config.training.data_seed
    scoring = evaluation(composed, built.model, splits)
    return {
        "rows": splits.train,
        "dev_rows": splits.dev or None,
        "collator": collator(
            scoring.inputs,
            labels,
            seed,
            problem=settings.problem_type,
            ignored=settings.ignore_index,
            augment=augmenter(
                config.data,
                splits.train,
                splits.class_labels,
                most=settings.max_num_classes,
                keeps_true=settings.problem_type != MULTI,
            ),
        ),
        "evaluation": scoring,
        "places": splits.places.get("train", ()),
        "adapted": built.adapted,
        "consolidation": consolidation.held(composed, built.model, scoring.inputs),
        "recurrent_lr": config.training.recurrent_lr,
        "layerwise_lr_decay": config.training.layerwise_lr_decay,
        "max_batch_tokens": config.training.max_batch_tokens,
        "callbacks": [*callbacks, *early_stopping(composed, bool(splits.dev))],
    }
