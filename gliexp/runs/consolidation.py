"""What a classifier is to hold on to while it learns something new, by the config's previous data."""

from __future__ import annotations

from gliexp.config.compose import Composed
from gliexp.data.classes import ClassSampler, offered, usable
from gliexp.data.previous import load_previous
from gliexp.errors import Problem, Refusal
from gliexp.models.class_inputs import ClassInputs, LabelsTooLong
from gliexp.models.gliclass import Classifier
from gliexp.training.class_collator import ClassCollator
from gliexp.training.consolidation import Consolidation, consolidate

KEY = "data.previous_data"


def held(composed: Composed, classifier: Classifier, inputs: ClassInputs) -> Consolidation | None:
    """The weights that earlier rows need, as they are now; None where training.use_ewc is off.

    Raises Refusal for rows that this model cannot read, all of them or the first ten.
    """
    config, settings = composed.config, classifier.model.config
    if not config.training.use_ewc:
        return None
    before = load_previous(config.data, config.run.task, seed=config.run.seed)
    places = before.places["train"]
    kept, _ = usable(before.train, places, before.class_labels, settings.problem_type)
    rows, problems = [before.train[number] for number in kept], list[Problem]()
    for number, row in zip(kept, rows, strict=True):
        try:
            inputs.read(row, offered(row, before.class_labels)[: settings.max_num_classes])
        except LabelsTooLong as error:
            problems.append(Problem(KEY, str(error), "a greater data.max_length, or fewer labels", places[number]))
    if not rows:
        problems.append(Problem(KEY, f"no row can be used with problem_type={settings.problem_type}"))
    if problems:
        raise Refusal(problems[:10])
    labels = ClassSampler(before.class_labels, "all", most=settings.max_num_classes, negative_ratio=1)
    collate = ClassCollator(
        inputs, labels, config.run.seed, problem=settings.problem_type, ignored=settings.ignore_index
    )
    return consolidate(
        classifier.model,
        rows,
        collate,
        strength=config.training.ewc_lambda,
        samples=config.training.ewc_fisher_samples,
        normalize=config.training.ewc_normalize_fisher,
        seed=config.run.seed,
    )
