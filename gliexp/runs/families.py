"""Which modules carry a task through its run: one family a library, and a line here for each task's library."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from gliexp.config.schema.run import CLASSIFICATION_TASKS, REINFORCED


@dataclass(frozen=True)
class Family:
    """`stages` build the model and its trainer, `ending` scores, saves and shows; both have the same functions."""

    library: str
    stages: ModuleType
    ending: ModuleType


def family(task: str) -> Family:
    """The modules of a task. They import torch and the task's library."""
    if task == REINFORCED:
        from gliexp.runs import class_ending, reinforcement

        return Family("gliclass", reinforcement, class_ending)
    if task in CLASSIFICATION_TASKS:
        from gliexp.runs import class_ending, classification

        return Family("gliclass", classification, class_ending)
    from gliexp.runs import entity_ending, stages

    return Family("gliner", stages, entity_ending)
