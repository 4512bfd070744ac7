"""The stages of a GLiClass run that need the model: build it, account for the data, make its trainer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gliclass.training import TrainingArguments
from huggingface_hub import snapshot_download

from gliexp.config import routing
from gliexp.config.compose import Composed
from gliexp.config.schema.classifier import REGRESSION, SEQ2SEQ, SEQ2SEQ_CLS, UNI
from gliexp.data.classes import ClassSampler, offered, usable
from gliexp.data.losses import settle
from gliexp.data.splits import Splits
from gliexp.errors import Problem, Refusal
from gliexp.models import backbone, class_adapters, class_export, gliclass
from gliexp.models.class_inputs import LabelsTooLong
from gliexp.models.gliclass import Classifier
from gliexp.models.parameters import Count
from gliexp.runs.built import Built
from gliexp.runs.shown import Shown
from gliexp.runs.stages import early_stopping
from gliexp.training.arguments import training_arguments
from gliexp.training.class_collator import ClassCollator
from gliexp.training.class_evaluation import ClassEvaluation
from gliexp.training.class_trainer import ClassTrainer

LOCATED = ("encoder_model", "label_model_name")
CUT = "text longer than max_length"
VERIFIED_ROWS = 16
OTHERWISE = (
    "the stock pipeline will score this model otherwise than gliexp: it pools the padding of shorter labels "
    "(bi-encoders, another pooling than first) or takes empty label slots for labels (hopfield on encoder-decoders)"
)


def build_model(composed: Composed) -> Built:
    """Build the model from the config or start from a saved one, freeze and wrap what the config says."""
    config = composed.config
    values = located(routing.route(config).objects["GLiClassModelConfig"], config.backbone.revision)
    trusted = config.backbone.trust_remote_code
    if config.model.from_pretrained:
        classifier = gliclass.load(*saved_model(config.model.from_pretrained))
    else:
        classifier = gliclass.build(values, trust_remote_code=trusted, seed=config.run.seed)
    if not config.model.fine_tune:
        for part in gliclass.backbones(classifier.model).values():
            part.requires_grad_(False)
    notices = []
    if max_length(composed, classifier) < config.data.max_length:
        notices.append(
            f"data.max_length={config.data.max_length} is more than the encoder can number: {classifier.positions()}"
        )
    modules: dict[str, list[str] | str] = {}
    if config.peft.enabled:
        roles = {"attention": config.backbone.attention_modules, "mlp": config.backbone.mlp_modules}
        modules.update(class_adapters.wrap(classifier, vars(config.peft), roles, seed=config.run.seed))
    return Built(classifier, part_sizes(classifier.model), notices, adapter_modules=modules)


def saved_model(source: str) -> tuple[str, str | None]:
    """Directory or repository of a saved model, and its revision where `source` is REPO@REVISION.

    A run directory stands for the model that it saved.
    """
    inside = Path(source) / "model"
    if (inside / "config.json").is_file():
        return str(inside), None
    if Path(source).exists() or "@" not in source:
        return source, None
    repository, revision = source.rsplit("@", 1)
    return repository, revision


def located(values: Mapping[str, Any], revision: str | None = None) -> dict[str, Any]:
    """Values with the names of built-in encoders replaced by their directories.

    A text encoder of the hub is taken at `revision`, if one is given.
    """
    found = dict(values)
    for key in LOCATED:
        if found.get(key):
            found[key] = backbone.locate(found[key], "built_in" if found[key] in backbone.BUILT_IN else "hub")
    if revision is not None and not Path(found["encoder_model"]).exists():
        found["encoder_model"] = snapshot_download(found["encoder_model"], revision=revision)
    return found


def part_sizes(model: Any) -> dict[str, Any]:
    """Numbers of parameters, in all and trainable, and the same for each backbone and the heads."""
    seen: set[int] = set()
    counts = {name: _count(part, seen) for name, part in gliclass.backbones(model).items()}
    counts["heads"] = _count(model, seen)
    return {
        "total": sum(count.total for count in counts.values()),
        "trainable": sum(count.trainable for count in counts.values()),
        "parts": {name: {"total": count.total, "trainable": count.trainable} for name, count in counts.items()},
    }


def _count(module: Any, seen: set[int]) -> Count:
    fresh = [parameter for parameter in module.parameters() if id(parameter) not in seen]
    seen.update(map(id, fresh))
    return Count(sum(p.numel() for p in fresh), sum(p.numel() for p in fresh if p.requires_grad))


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
    inputs = classifier.inputs(max_length(composed, classifier))
    counts, notices, problems = Counter(splits.dropped), list[str](), list[Problem]()
    for split in ("train", "dev", "test"):
        rows, places = getattr(splits, split), splits.places.get(split, [])
        kept, found = usable(rows, places, splits.class_labels, problem)
        rows, places = [rows[number] for number in kept], [places[number] for number in kept]
        setattr(splits, split, rows)
        splits.places[split] = places
        for row, place in zip(rows, places, strict=True):
            asked = _longest(row, splits, classifier) if split == "train" else offered(row, splits.class_labels)
            problems.extend(_too_many(classifier, len(asked), place))
            try:
                cut = inputs.read(row, asked).cut
            except LabelsTooLong as error:
                problems.append(Problem("data.max_length", str(error), "more tokens, fewer or shorter labels", place))
                continue
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
    sets = [offered(row, splits.class_labels) for row in splits.test or splits.dev or splits.train]
    if not class_export.stock_agrees(classifier.model.config, sets):
        notices.append(OTHERWISE)
    for split, unknown in splits.unknown.items():
        named = ", ".join(f"{label} ({count})" for label, count in unknown.most_common(5))
        notices.append(f"{split} has labels that are never offered: {named}")
    return dict(counts), notices


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
        inputs=classifier.inputs(max_length(composed, classifier)),
        labels=splits.class_labels,
        problem=classifier.model.config.problem_type,
        threshold=config.data.threshold,
        tune=config.data.tune_threshold,
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
    config, classifier, splits = composed.config, built.model, shown.splits
    settings = classifier.model.config
    arguments = training_arguments(
        routing.route(config).objects["TrainingArguments"],
        TrainingArguments,
        task=REGRESSION if settings.problem_type == REGRESSION else config.run.task,
        checkpoints=checkpoints,
        has_dev=bool(splits.dev),
    )
    labels = ClassSampler(
        splits.class_labels,
        config.data.label_sampling,
        most=settings.max_num_classes,
        negative_ratio=config.model.max_neg_type_ratio,
    )
    seed = config.training.seed if config.training.data_seed is None else config.training.data_seed
    scoring = evaluation(composed, classifier, splits)
    collator = ClassCollator(scoring.inputs, labels, seed, problem=settings.problem_type, ignored=settings.ignore_index)
    return ClassTrainer(
        classifier,
        arguments,
        rows=splits.train,
        dev_rows=splits.dev or None,
        collator=collator,
        evaluation=scoring,
        places=splits.places.get("train", ()),
        layerwise_lr_decay=config.training.layerwise_lr_decay,
        callbacks=[*callbacks, *early_stopping(composed, bool(splits.dev))],
    )
