"""A checkpoint of adapters: an adapter directory, and the exact state that training goes on from.

The two differ where an adapter is not saved as it trains: PiSSA's is for the untouched base, AdaLoRA's is cut to its
ranks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gliexp.models import anatomy
from gliexp.models.adapters import directory, files
from gliexp.models.adapters.wrap import Adapted
from gliexp.models.anatomy import Anatomy

RAW = "resume.safetensors"
ALLOCATION = "allocation"
_AVERAGES = ("ipt", "exp_avg_ipt", "exp_avg_unc")


def write(made: Adapted, target: Path) -> None:
    """Write a checkpoint's part of the files into a directory that exists."""
    body = anatomy.of(made.model)
    save_file(_raw(body), target / RAW)
    for part, allocator in _allocators(body).items():
        averages = {f"{kind}/{n}": t.cpu() for kind in _AVERAGES for n, t in getattr(allocator, kind).items()}
        save_file(averages, target / f"{ALLOCATION}.{part}.safetensors")
        pattern = json.dumps(allocator.peft_config.rank_pattern)
        (target / f"{ALLOCATION}.{part}.json").write_text(pattern, encoding="utf-8")
    directory.write(made, target)


def restore(made: Adapted, source: Path) -> None:
    """Put a checkpoint's state on a model that was adapted in the same way.

    Raises Refusal where it is damaged or belongs to other adapters or another base.
    """
    description = files.read(files.find(source))
    body = anatomy.of(made.model)
    if description.hashes != made.hashes or description.method != made.method:
        raise files.refused(source, "is a checkpoint of another base or method", f"method {description.method}")
    try:
        raw = load_file(source / RAW)
    except (OSError, SafetensorError) as error:
        raise files.refused(source / RAW, f"is damaged: {error}") from error
    expected, found = set(_raw(body)), set(raw)
    if expected != found:
        odd = sorted(expected ^ found)[:3]
        raise files.refused(
            source, f"does not fit these adapters: {', '.join(odd)}", "the peft section it was made with"
        )
    directory.fill(body, raw, str(source))
    directory.fill(body, load_file(source / files.TRAINED), str(source))
    for part, allocator in _allocators(body).items():
        for name, tensor in load_file(source / f"{ALLOCATION}.{part}.safetensors").items():
            kind, _, parameter = name.partition("/")
            getattr(allocator, kind)[parameter] = tensor
        allocator.peft_config.rank_pattern = json.loads((source / f"{ALLOCATION}.{part}.json").read_text("utf-8"))


def _raw(body: Anatomy) -> dict[str, torch.Tensor]:
    """What trains inside of peft's wrappers, by its name in `core`."""
    own = {id(p) for h in body.holders.values() if isinstance(h.model, PeftModel) for p in h.model.parameters()}
    kept = {n: p for n, p in body.core.named_parameters() if id(p) in own and p.requires_grad}
    return {name: parameter.detach().clone().contiguous().cpu() for name, parameter in kept.items()}


def _allocators(body: Anatomy) -> dict[str, Any]:
    """AdaLoRA's allocators of ranks by part; empty for other methods."""
    found: dict[str, Any] = {part: getattr(h.model, "base_model", None) for part, h in body.holders.items()}
    return {part: tuner.rankallocator for part, tuner in found.items() if hasattr(tuner, "rankallocator")}
