"""The index of all config keys, read once from the schema, and the nearest valid name to a wrong one."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

from gliexp.config.schema import Config
from gliexp.config.schema.key import Limits

# Names that people bring from gliner's own YAMLs, other trainers and older templates, and ours for them.
FOREIGN_NAMES = {
    "lr": "training.learning_rate",
    "lr_encoder": "training.learning_rate",
    "lr_others": "training.others_lr",
    "epochs": "training.num_train_epochs",
    "num_epochs": "training.num_train_epochs",
    "num_steps": "training.max_steps",
    "steps": "training.max_steps",
    "batch_size": "training.per_device_train_batch_size",
    "train_batch_size": "training.per_device_train_batch_size",
    "eval_batch_size": "training.per_device_eval_batch_size",
    "eval_every": "training.eval_steps",
    "scheduler_type": "training.lr_scheduler_type",
    "optimizer": "training.optim",
    "weight_decay_encoder": "training.weight_decay",
    "weight_decay_other": "training.others_weight_decay",
    "loss_alpha": "training.focal_loss_alpha",
    "loss_gamma": "training.focal_loss_gamma",
    "loss_prob_margin": "training.focal_loss_prob_margin",
    "prev_path": "model.from_pretrained",
    "pretrained": "model.from_pretrained",
    "val_data_dir": "data.val_data",
    "dev_data": "data.val_data",
    "eval_data": "data.val_data",
    "root_dir": "run.root",
    "description": "run.notes",
    "wandb_project": "tracking.project",
    "lora_r": "peft.r",
    "rank": "peft.r",
    "alpha": "peft.lora_alpha",
    "lora_target_modules": "peft.target_modules",
    "use_lora": "peft.enabled",
    "gradient_accumulation": "training.gradient_accumulation_steps",
    "grad_clip": "training.max_grad_norm",
    "workers": "training.dataloader_num_workers",
    "_attn_implementation": "model.attn_implementation",
}
FOREIGN_SECTIONS = {"lora": "peft", "environment": "training", "trainer": "training", "dataset": "data"}


@dataclass(frozen=True)
class Key:
    """One leaf of the config: dotted path, type as written, default, description, domain and limits."""

    path: str
    hint: Any
    default: Any
    description: str
    domain: str
    limits: Limits

    @property
    def type_text(self) -> str:
        """The type in words a YAML writer knows."""
        if self.limits.kinds:
            words = " or ".join(
                {
                    "str": "text",
                    "dict": "a mapping",
                    "list": "a list",
                    "bool": "true or false",
                    "int": "a whole number",
                }[kind]
                for kind in self.limits.kinds
            )
            return f"{words} or null"
        text = self.hint.__name__ if isinstance(self.hint, type) and "[" not in str(self.hint) else str(self.hint)
        for python, words in (
            ("dict[str, typing.Any]", "a mapping"),
            ("list[str]", "a list of text"),
            ("list[float]", "a list of numbers"),
            ("float", "a number"),
            ("bool", "true or false"),
            ("int", "a whole number"),
            ("str", "text"),
            ("typing.Optional[", ""),
            ("None", "null"),
            (" | ", " or "),
        ):
            text = text.replace(python, words)
        return text.rstrip("]")

    @property
    def allowed(self) -> str:
        """What the key accepts, in words."""
        limits = self.limits.text()
        if self.limits.choices:
            return limits
        return f"{self.type_text}, {limits}" if limits else self.type_text


@cache
def index() -> dict[str, Key]:
    """All leaves by dotted path, in the schema's order."""
    return {key.path: key for key in _leaves(Config, "")}


def _leaves(section: type, prefix: str) -> Iterable[Key]:
    hints = get_type_hints(section)
    for field in dataclasses.fields(section):
        path = f"{prefix}{field.name}"
        if dataclasses.is_dataclass(hints[field.name]):
            yield from _leaves(hints[field.name], f"{path}.")
            continue
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        metadata = field.metadata
        yield Key(path, hints[field.name], default, metadata["description"], metadata["domain"], metadata["limits"])


@cache
def sections() -> frozenset[str]:
    """Dotted paths of everything that has keys below it."""
    return frozenset(".".join(path.split(".")[:depth]) for path in index() for depth in range(1, path.count(".") + 1))


def owner(path: str) -> Key | None:
    """The leaf that a path names, or the open mapping that it lies inside; None for an unknown path."""
    parts = path.split(".")
    for depth in range(len(parts), 1, -1):
        found = index().get(".".join(parts[:depth]))
        if found is not None:
            inside = depth < len(parts)
            return found if not inside or "dict" in (*found.limits.kinds, str(found.hint)[:4]) else None
    return None


def nearest(path: str, groups: Iterable[str] = ()) -> str:
    """The closest valid key or group to a wrong name; empty where nothing is close."""
    leaf = path.rsplit(".", 1)[-1].lstrip("+~")
    section = path.split(".", 1)[0] if "." in path else ""
    home = FOREIGN_SECTIONS.get(section, section)
    for candidate in (f"{home}.{leaf}", f"{home}.{home}_{leaf}"):
        if candidate in index():
            return candidate
    if leaf in FOREIGN_NAMES:
        return FOREIGN_NAMES[leaf]
    same_leaf = [known for known in index() if known.rsplit(".", 1)[-1] == leaf]
    if same_leaf:
        # "traning.seed" means training's, not the first section that has a seed
        likeness = {known: difflib.SequenceMatcher(None, known.split(".")[0], section).ratio() for known in same_leaf}
        return max(same_leaf, key=lambda known: likeness[known])
    candidates = [*index(), *groups]
    close = difflib.get_close_matches(path, candidates, n=1, cutoff=0.75)
    if close:
        return close[0]
    by_leaf = {known.rsplit(".", 1)[-1]: known for known in reversed(candidates)}
    close = difflib.get_close_matches(leaf, by_leaf, n=1, cutoff=0.7)
    return by_leaf[close[0]] if close else ""
