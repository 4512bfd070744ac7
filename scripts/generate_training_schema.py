"""Writes gliexp/config/schema/training_arguments.py from the installed gliner.training.TrainingArguments.

Run it after an upgrade of transformers or gliner (tests/config/test_training_schema.py says when):
    python scripts/generate_training_schema.py
"""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "gliexp" / "config" / "schema" / "training_arguments.py"

# Where gliexp's default is not the library's: the field mapping of the specification names these.
OUR_DEFAULTS: dict[str, Any] = {
    "weight_decay": 0.01,
    "others_weight_decay": 0.01,
    "warmup_ratio": 0.05,
    "hub_private_repo": False,
    "logging_steps": 10,
}

# What gliner's own fields mean (the library gives them no help text), and what is meant otherwise here.
DESCRIPTIONS = {
    "optim": "Optimizer.",
    "cache_dir": "Directory for downloaded models.",
    "others_lr": "Learning rate of everything but the encoder; null takes learning_rate.",
    "others_weight_decay": "Weight decay of everything but the encoder, with others_lr.",
    "focal_loss_alpha": "Weight of positives in the focal loss; below 0 switches it off.",
    "focal_loss_gamma": "Focus of the loss on hard examples.",
    "rel_focal_loss_alpha": "The same for relations; null takes focal_loss_alpha.",
    "rel_focal_loss_gamma": "The same for relations; null takes focal_loss_gamma.",
    "focal_loss_prob_margin": "Margin by which probabilities of negatives are shifted.",
    "label_smoothing": "Smoothing of the 0/1 targets.",
    "loss_reduction": "How the elements of the loss are joined.",
    "negatives": "Share of negative elements that enter the loss, with masking.",
    "masking": "How those negatives are chosen.",
    "loss_type": "Kind of loss.",
    "use_span_width_weight": "Weigh spans by their width.",
    "dice_gamma": "Exponent of the dice loss.",
    "warmup_ratio": "Share of the steps for warm-up, where warmup_steps is 0.",
    "disable_tqdm": "No progress bar while training; null and false show one on a terminal.",
    "output_dir": "Directory of checkpoints; null is checkpoints/ in the run directory.",
}

INTERVALS = ("no", "steps", "epoch")
CHOICES: dict[str, tuple[Any, ...]] = {
    "logging_strategy": INTERVALS,
    "eval_strategy": INTERVALS,
    "save_strategy": (*INTERVALS, "best"),
    "hub_strategy": ("end", "every_save", "checkpoint", "all_checkpoints"),
    "loss_reduction": ("sum", "mean"),
    "masking": ("none", "global", "label", "span"),
    "loss_type": ("focal", "dice"),
    "include_num_input_tokens_seen": ("all", "non_padding", "no", True, False),
}

# (minimum, maximum, above, below)
Range = tuple["float | None", "float | None", "float | None", "float | None"]
AT_LEAST_0: Range = (0, None, None, None)
AT_LEAST_1: Range = (1, None, None, None)
SHARE: Range = (0, 1, None, None)
BELOW_1: Range = (0, None, None, 1)
RANGES: dict[str, Range] = {
    "num_train_epochs": (None, None, 0, None),
    "max_steps": (-1, None, None, None),
    "adam_epsilon": (None, None, 0, None),
    "focal_loss_alpha": (-1, 1, None, None),
    "rel_focal_loss_alpha": (-1, 1, None, None),
    "logging_steps": (None, None, 0, None),
    "eval_steps": (None, None, 0, None),
    "save_steps": (None, None, 0, None),
    "ddp_timeout": AT_LEAST_1,
    "seed": (0, 2**32 - 1, None, None),
    "data_seed": (0, 2**32 - 1, None, None),
    **dict.fromkeys(
        (
            "learning_rate",
            "others_lr",
            "weight_decay",
            "others_weight_decay",
            "warmup_steps",
            "max_grad_norm",
            "focal_loss_gamma",
            "rel_focal_loss_gamma",
            "dice_gamma",
            "eval_delay",
            "dataloader_num_workers",
        ),
        AT_LEAST_0,
    ),
    **dict.fromkeys(
        (
            "per_device_train_batch_size",
            "per_device_eval_batch_size",
            "gradient_accumulation_steps",
            "eval_accumulation_steps",
            "torch_empty_cache_steps",
            "dataloader_prefetch_factor",
            "ddp_bucket_cap_mb",
            "save_total_limit",
        ),
        AT_LEAST_1,
    ),
    **dict.fromkeys(("warmup_ratio", "focal_loss_prob_margin", "negatives"), SHARE),
    **dict.fromkeys(("adam_beta1", "adam_beta2", "label_smoothing", "label_smoothing_factor"), BELOW_1),
}

PLAIN = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "str | None": "str | None",
    "int | None": "int | None",
    "float | None": "float | None",
    "bool | None": "bool | None",
    "list[str]": "list[str]",
    "list[str] | None": "list[str] | None",
}
# The YAML shapes of fields whose Python type is a union that a typed config cannot hold.
OPEN_KINDS = {"dict": "dict", "str": "str", "list": "list", "bool": "bool", "Literal[False]": "bool"}
HEADER = '''"""Every field of gliner.training.TrainingArguments. From scripts/generate_training_schema.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config.schema.key import GLINER_TRAIN, HF_TRAIN, key


@dataclass
class TrainingArguments:
    """The library's training arguments: names as there, defaults as there unless the specification gives another."""

'''


def type_text(annotation: Any) -> str:
    """An annotation as it is written in source."""
    text = (
        annotation.__name__ if isinstance(annotation, type) and not hasattr(annotation, "__args__") else str(annotation)
    )
    return text.replace("typing.", "").replace("NoneType", "None")


def schema_type(text: str) -> tuple[str, tuple[str, ...]]:
    """The type to declare and, for an open one, its YAML shapes."""
    if text in PLAIN:
        return PLAIN[text], ()
    # Enumerations of transformers are accepted by value.
    if re.fullmatch(r"transformers\.trainer_utils\.\w+ \| str", text):
        return "str", ()
    kinds = [kind for word, kind in OPEN_KINDS.items() if word in text] or ["dict"]
    return "Any", tuple(kinds)


def one_line(help_text: str, limit: int = 100) -> str:
    """The first sentences of a help text that fit into one line; a longer first one ends at its last whole clause."""
    text = " ".join(help_text.replace("%%", "%").split())
    sentences = re.split(r"(?<=[.!?]) ", text)
    line = sentences[0]
    for sentence in sentences[1:]:
        if len(line) + len(sentence) + 1 > limit:
            break
        line = f"{line} {sentence}"
    if len(line) > limit:
        clause = re.split(r"[,;(:] ?[^,;(:]*$", line[:limit])[0]
        line = clause if len(clause) > limit // 3 else line[:limit].rsplit(" ", 1)[0]
    return line.rstrip(". ")


def library_default(field: dataclasses.Field[Any]) -> Any:
    """A field's default, also where a factory makes it."""
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else None


OWN_OPTIMIZERS = ("muon",)  # gliexp/training/muon.py; transformers has none of that name


def closed_choices() -> dict[str, tuple[Any, ...]]:
    """The closed sets, with those that only the library knows."""
    from transformers.trainer_utils import SchedulerType
    from transformers.training_args import OptimizerNames

    return {
        **CHOICES,
        "optim": (*(name.value for name in OptimizerNames), *OWN_OPTIMIZERS),
        "lr_scheduler_type": tuple(name.value for name in SchedulerType),
    }


def declaration(field: dataclasses.Field[Any], domain: str, choices: dict[str, tuple[Any, ...]]) -> str:
    """One line of the generated class."""
    declared, kinds = schema_type(type_text(field.type))
    default = OUR_DEFAULTS.get(field.name, library_default(field))
    if declared.startswith("float") and isinstance(default, int):
        default = float(default)
    description = one_line(DESCRIPTIONS.get(field.name) or field.metadata["help"])
    extras: dict[str, Any] = {}
    closed = choices.get(field.name) or tuple(field.metadata.get("choices") or ())
    if closed:
        extras["choices"] = closed
    bounds = zip(("minimum", "maximum", "above", "below"), RANGES.get(field.name, (None,) * 4), strict=True)
    extras.update({word: bound for word, bound in bounds if bound is not None})
    if kinds:
        extras["kinds"] = kinds
    if field.name.endswith("_token"):
        extras["secret"] = True
    arguments = "".join(f", {word}={value!r}" for word, value in extras.items())
    return f"    {field.name}: {declared} = key({default!r}, {description!r}, {domain}{arguments})\n"


def render() -> str:
    """The generated module's text, before ruff has laid it out."""
    import transformers
    from gliner.training import TrainingArguments

    # gliner overrides optim; it stays a field of HF.
    from_hf = {field.name for field in dataclasses.fields(transformers.TrainingArguments)}
    choices = closed_choices()
    lines = (
        declaration(field, "HF_TRAIN" if field.name in from_hf else "GLINER_TRAIN", choices)
        for field in dataclasses.fields(TrainingArguments)
    )
    return HEADER + "".join(lines)


def main() -> None:
    """Write the module and lay it out with ruff."""
    TARGET.write_text(render(), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", str(TARGET)], check=True)


if __name__ == "__main__":
    main()
