"""Saves what was trained beside the frozen weights, and puts it back on the base that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch import nn

from gliexp.data.file_hash import file_hash
from gliexp.errors import Problem, Refusal
from gliexp.models import anatomy, prompt_rows
from gliexp.models.adapters import files, four_bit, methods, residual
from gliexp.models.adapters.base import Base, hashes
from gliexp.models.adapters.wrap import Adapted, set_modes
from gliexp.models.anatomy import TEXT_ENCODER, Anatomy
from gliexp.models.atomic_directory import atomic_directory
from gliexp.models.pretrained import first_line

PEFT_WEIGHTS = "adapter_model.safetensors"


def save(made: Adapted, directory: str | Path) -> Path:
    """Write `directory` whole or not at all: one peft adapter a part, everything else that trained, the tokenizer.

    The parts are directories that `PeftModel.from_pretrained(backbone, …)` reads as well.
    """
    with atomic_directory(directory) as fresh:
        fresh.mkdir()
        write(made, fresh)
    return Path(directory)


def write(made: Adapted, target: Path) -> None:
    """Write the files of `save` into a directory that exists (a checkpoint's)."""
    body = anatomy.of(made.model)
    for part, holder in body.holders.items():
        if isinstance(holder.model, PeftModel):
            residual.save(holder.model, target / part, made.first.get(part), made.base.name)
    save_file(trained(body), target / files.TRAINED)
    body.config.to_json_file(str(target / body.config_file))
    body.tokenizer.save_pretrained(str(target / "tokenizer"))
    written = [file for file in sorted(target.rglob("*")) if file.suffix in (".safetensors", ".json")]
    ours = [file for file in written if file.parent == target or file.parent.name in body.holders]
    files.Description(
        method=made.method,
        variant=body.variant,
        modes=made.modes,
        heads=made.heads,
        targets=made.targets,
        hashes=made.hashes,
        base=made.base.as_json(),
        four_bit=made.four_bit,
        files={
            file.relative_to(target).as_posix(): file_hash(file)
            for file in ours
            if file.name in (PEFT_WEIGHTS, "adapter_config.json", files.TRAINED)
        },
    ).write(target)


def trained(body: Anatomy) -> dict[str, torch.Tensor]:
    """Name in `core` → weights that peft does not save: all heads, rows of prompt tokens, layers that were unfrozen."""
    names = dict(body.heads())
    for prefix, module in body.core.named_modules():
        if isinstance(module, prompt_rows.PromptRows):
            names[f"{prefix}.rows"] = module.rows
    plain = {id(p) for h in body.holders.values() if not isinstance(h.model, PeftModel) for p in h.model.parameters()}
    names |= {n: p for n, p in body.core.named_parameters() if id(p) in plain and p.requires_grad}
    return {name: parameter.detach().clone().contiguous().cpu() for name, parameter in names.items()}


def load(
    source: str | Path, *, base: str | None = None, trainable: bool = False, trust_remote_code: bool = False
) -> Adapted:
    """The model of an adapter directory (or of a run that has one): its base, its adapters and its heads, in eval mode.

    `base` is where the base is now, if it has moved: a saved model for one that was fine-tuned, else a text encoder.
    Raises Refusal when the directory is damaged or holds pickles, both before any model is built, and when the base is
    not the one that the adapters were trained on.
    """
    directory = files.find(source)
    description = files.read(directory)
    origin = origin_of(description, base)
    model = origin.build(trust_remote_code)
    body = anatomy.of(model)
    found = hashes(body)
    wrong = sorted(part for part, wanted in description.hashes.items() if found.get(part) != wanted)
    if body.variant != description.variant or wrong:
        message = f"belongs to another base than {origin.name}"
        detail = (
            f"{body.variant}, was {description.variant}" if not wrong else f"the weights of {', '.join(wrong)} differ"
        )
        raise files.refused(
            directory, f"{message}: {detail}", f"the base it was trained on, {Base(**description.base).name}"
        )
    methods.check_four_bit(description.method)
    _put_on(body, directory, description, trainable)
    made = Adapted(
        model,
        description.method,
        origin,
        description.modes,
        description.heads,
        description.targets,
        dict(description.hashes),
        four_bit=description.four_bit,
    )
    if trainable:
        set_modes(made)
    fill(body, _tensors(directory / files.TRAINED), str(directory))
    body.core.eval()
    return made


def origin_of(description: files.Description, moved: str | None = None) -> Base:
    """The base that a description names, at the place it has moved to."""
    base = Base(**description.base)
    return base if moved is None else base.moved(moved)


def _put_on(body: Anatomy, directory: Path, description: files.Description, trainable: bool) -> None:
    method = methods.METHODS[description.method]
    for part, mode in description.modes.items():
        if mode != "adapter":
            continue
        holder = body.holders[part]
        holder.model.requires_grad_(False)
        if part == TEXT_ENCODER and body.prompt_ids and not method.trains_token_rows:
            prompt_rows.put_on(holder.model, sorted(body.prompt_ids.values()))
        if description.four_bit:
            four_bit.quantise(holder.model, **description.four_bit)
        if (directory / part).is_dir():
            try:
                holder.model = PeftModel.from_pretrained(holder.model, str(directory / part), is_trainable=trainable)
            except (ValueError, TypeError, RuntimeError, KeyError, OSError) as error:
                raise files.refused(directory / part, f"cannot be put on the {part}: {first_line(error)}") from error


def fill(body: Anatomy, tensors: Mapping[str, torch.Tensor], place: str) -> None:
    """Copy tensors into the parameters of the same names. Raises Refusal for names and shapes that are not there."""
    own: dict[str, nn.Parameter] = dict(body.core.named_parameters())
    wrong = [name for name, tensor in tensors.items() if name not in own or own[name].shape != tensor.shape]
    if wrong:
        allowed = f"an adapter of {body.variant}"
        raise Refusal([Problem(files.KEY, f"{place} does not fit this model: {', '.join(wrong[:3])}", allowed)])
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)


def _tensors(file: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(file)
    return found
