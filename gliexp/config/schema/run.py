"""The `run` section: what the run is called, where it is written, and its seed."""

from __future__ import annotations

from dataclasses import dataclass

from gliexp.config.schema.key import SCRIPT, key

GLINER_TASKS = ("ner", "biencoder", "decoder", "relex", "streaming")
REINFORCED = "classification_rl"
CLASSIFICATION_TASKS = ("classification", REINFORCED)
TASKS = (*GLINER_TASKS, *CLASSIFICATION_TASKS)


@dataclass
class Run:
    """One run's identity."""

    task: str = key("ner", "What is trained; set by the group `task`", SCRIPT, choices=TASKS)
    name: str | None = key(None, "Name of the run; null takes the experiment's, else backbone and span mode", SCRIPT)
    seed: int = key(42, "Seed of the model's new weights and of all sampling", SCRIPT, minimum=0, maximum=2**32 - 1)
    tags: list[str] = key([], "Free words to find the run by", SCRIPT)
    notes: str = key("", "Free text kept with the run", SCRIPT)
    root: str = key("outputs", "Directory under which run directories are made", SCRIPT)
    rerun: bool = key(False, "In a sweep, run again what is finished under the same signature", SCRIPT)
    fail_fast: bool = key(False, "In a sweep, start nothing more once a member has failed", SCRIPT)
