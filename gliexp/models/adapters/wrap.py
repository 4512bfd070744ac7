"""Puts the adapters of a `peft` section on a model's backbones, and says what they were put on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from peft import PeftModel, get_peft_model, get_peft_model_state_dict
from torch import nn
from transformers.pytorch_utils import Conv1D

from gliexp.errors import Problem, Refusal
from gliexp.models import anatomy, layers, prompt_rows
from gliexp.models.adapters import base, four_bit, methods, targets
from gliexp.models.anatomy import TEXT_ENCODER, Anatomy
from gliexp.models.pretrained import first_line

PARTS = (TEXT_ENCODER, "labels_encoder", "label_decoder")
ADAPTER, FULL, FROZEN = "adapter", "full", "frozen"


@dataclass
class Adapted:
    """A model with adapters: where they are, and what they belong to.

    `targets` is part → short name → modules; `modes` part → adapter, full or frozen; `hashes` part → hash of
    the weights that the adapters were put on. `first` holds, for methods that change these weights at the start
    (PiSSA), the adapters' own first weights, by part. `four_bit` is how the linear layers under adapters are quantised,
    empty where they are plain.
    """

    model: Any
    method: str
    base: base.Base
    modes: dict[str, str]
    heads: str
    targets: dict[str, targets.Targets] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    first: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict)
    four_bit: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, list[str]]:
        """Part → short names of the modules with adapters."""
        return {part: list(found) for part, found in self.targets.items()}


def wrap(
    model: Any,
    section: Mapping[str, Any],
    modules: Mapping[str, Sequence[str]] | None = None,
    *,
    origin: base.Base,
    seed: int = 0,
) -> Adapted:
    """Put the adapters that `section` describes on `model`, in place.

    `section` is the `peft` section, `origin` says how `model` was built. `modules` names the text encoder's modules by
    role ("attention", "mlp"). Each part is what `section` says: under adapters, trained in full, or frozen; heads train
    unless `heads` is frozen. The embedding rows of the model's own prompt tokens train with the text encoder's
    adapters. `seed` decides the adapters' first weights. Raises Refusal for methods, settings or names that do not
    exist, before the model is touched where it can be known.
    """
    name = str(section.get("method") or "lora")
    method = methods.get(name)
    chosen = methods.settings(name, section)
    body = anatomy.of(model)
    modes = {part: str(section.get(part) or ADAPTER) for part in body.holders}
    wrapped = [part for part, mode in modes.items() if mode == ADAPTER]
    if not wrapped:
        raise Refusal(
            [Problem("peft.enabled", "no part of the model is to take an adapter", "adapter for one of them")]
        )
    made = Adapted(model, name, origin, modes, str(section.get("heads") or "full"))
    if method.config is not None:
        made.targets = _targets(body, wrapped, section, modules or {}, method.default_role)
        _check_names(body, wrapped, section, made.targets)
    elif name == methods.PARTIAL:
        _check_layers(body, wrapped, int(section.get("unfreeze_last_n_layers") or 0))
    made.hashes = base.hashes(body)
    if method.four_bit:
        double = section.get("bnb_4bit_use_double_quant")
        made.four_bit = {
            "quant_type": str(section.get("bnb_4bit_quant_type") or "nf4"),
            "double_quant": double if isinstance(double, bool) else True,
        }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for part in wrapped:
            _adapt(body, part, made, chosen, section)
    set_modes(made)
    return made


def _targets(
    body: Anatomy, parts: Sequence[str], section: Mapping[str, Any], modules: Mapping[str, Sequence[str]], role: str
) -> dict[str, targets.Targets]:
    backbones = {part: body.holders[part].model for part in parts}
    found = targets.resolve(backbones, section.get("target_modules"), modules, default=role)
    excluded, numbers = section.get("exclude_modules"), section.get("layers_to_transform")
    return {
        part: targets.in_layers(targets.without(own, excluded), numbers, section.get("layers_pattern"))
        for part, own in found.items()
    }


def _check_names(
    body: Anatomy, parts: Sequence[str], section: Mapping[str, Any], found: Mapping[str, targets.Targets]
) -> None:
    """Names that peft would pass over in silence: patterns of ranks and modules to save that match nothing."""
    problems = []
    full = [name for own in found.values() for names in own.values() for name in names]
    for key in ("rank_pattern", "alpha_pattern"):
        for pattern in section.get(key) or {}:
            if not any(re.match(rf"(.*\.)?({pattern})$", name) for name in full):
                allowed = ", ".join(dict.fromkeys(name for own in found.values() for name in own))
                problems.append(Problem(f"peft.{key}", f"{pattern!r} matches no target", allowed))
    existing = {name for part in parts for name, _ in body.holders[part].model.named_modules() if name}
    for wanted in section.get("modules_to_save") or ():
        if not any(targets.means(wanted, name) for name in existing):
            allowed = "modules of " + ", ".join(parts) + "; heads are always trained and saved"
            problems.append(Problem("peft.modules_to_save", f"{wanted!r} matches no module", allowed))
    if problems:
        raise Refusal(problems)


def _check_layers(body: Anatomy, parts: Sequence[str], number: int) -> None:
    least = min(layers.count(body.holders[part].model) for part in parts)
    if not 1 <= number <= least:
        raise Refusal([Problem("peft.unfreeze_last_n_layers", f"{number} of {least} layers", f"1 to {least}")])


def _adapt(body: Anatomy, part: str, made: Adapted, chosen: Mapping[str, Any], section: Mapping[str, Any]) -> None:
    """One part: its own weights freeze, its adapters and the rows of prompt tokens train."""
    holder, method = body.holders[part], methods.METHODS[made.method]
    backbone: nn.Module = holder.model
    backbone.requires_grad_(False)
    ids = sorted(body.prompt_ids.values()) if part == TEXT_ENCODER else []
    rows = _all_rows(backbone, ids, section.get("trainable_token_indices"))
    if ids and not method.trains_token_rows:
        prompt_rows.put_on(backbone, ids)
    if method.config is None:
        if made.method == methods.PARTIAL:
            for parameter in layers.last_layers(backbone, int(section["unfreeze_last_n_layers"])):
                parameter.requires_grad_(True)
        return
    names = [name for names in made.targets[part].values() for name in names]
    before_packing = four_bit.weights(backbone, names) if made.method == methods.LOFTQ else {}
    if made.four_bit:
        four_bit.quantise(backbone, **made.four_bit)
    own: dict[str, Any] = {
        "target_modules": names,
        "fan_in_fan_out": any(isinstance(module, Conv1D) for module in backbone.modules()),
        "modules_to_save": section.get("modules_to_save"),
    }
    if method.trains_token_rows:
        own["trainable_token_indices"] = rows
    if made.method == methods.IA3:
        own["feedforward_modules"] = _read_scaled(backbone, made.targets[part], section.get("feedforward_modules"))
    before = _weights(backbone, own["target_modules"]) if isinstance(chosen.get("init_lora_weights"), str) else {}
    try:
        holder.model = get_peft_model(backbone, method.config(**{**own, **chosen}))
    except (ValueError, TypeError, ImportError, NotImplementedError, RuntimeError) as error:
        raise Refusal([Problem("peft", f"peft refuses {made.method} on the {part}: {first_line(error)}")]) from error
    four_bit.start_from_loss(holder.model, before_packing)
    after = _weights(holder.model.base_model.model, before)
    if any(not torch.equal(weight, after[name]) for name, weight in before.items()):
        state = get_peft_model_state_dict(holder.model, save_embedding_layers=False)
        made.first[part] = {key: tensor.detach().clone() for key, tensor in state.items() if "lora_" in key}


def _weights(backbone: nn.Module, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """Copies of the modules' own weights, also from under an adapter."""
    modules: dict[str, Any] = dict(backbone.named_modules())
    found = {name: getattr(modules[name], "base_layer", modules[name]) for name in names}
    return {name: module.weight.detach().clone() for name, module in found.items()}


def _all_rows(backbone: nn.Module, ids: Sequence[int], wanted: Any) -> dict[str, list[int]] | None:
    """Embedding name → rows that train: the prompt tokens' and those asked for, under each name of a shared table.

    Left out, the other name of T5's table would go on reading the frozen rows.
    """
    embedding = backbone.get_input_embeddings()  # type: ignore[operator]
    names = sorted({name for name, m in backbone.named_modules(remove_duplicate=False) if m is embedding})
    found = {key: list(ids) for key in names}
    if isinstance(wanted, Mapping):
        found |= {key: sorted({*found.get(key, ids), *numbers}) for key, numbers in wanted.items()}
    elif wanted:
        found = dict.fromkeys(names, sorted({*ids, *wanted}))
    return {key: numbers for key, numbers in found.items() if numbers} or None


def _read_scaled(backbone: nn.Module, chosen: targets.Targets, wanted: Sequence[str] | str | None) -> list[str]:
    """IA3's modules that are rescaled where they read: as asked for, else the last of the feed-forward block."""
    full = [name for names in chosen.values() for name in names]
    if wanted is None:
        default = targets.of_role(backbone, targets.SCALED_INPUT)
        return [name for names in default.values() for name in names if name in full]
    entries = [wanted] if isinstance(wanted, str) else list(wanted)
    lost = [entry for entry in entries if not any(targets.means(entry, name) for name in full)]
    if lost:
        raise Refusal([Problem("peft.feedforward_modules", f"{e!r} is no target", ", ".join(chosen)) for e in lost])
    return [name for name in full if any(targets.means(entry, name) for entry in entries)]


def set_modes(made: Adapted) -> None:
    """Let train what is not under adapters: heads and whole parts as the modes say, and rows of prompt tokens."""
    body = anatomy.of(made.model)
    for part, mode in made.modes.items():
        if mode != ADAPTER:
            body.holders[part].model.requires_grad_(mode == FULL)
    for _, parameter in body.heads():
        parameter.requires_grad_(made.heads == FULL)
    for module in body.core.modules():
        if isinstance(module, prompt_rows.PromptRows):
            module.rows.requires_grad_(True)  # peft froze them with all that is not its own


def is_adapted(model: Any) -> bool:
    """Whether any part of the model carries adapters or trains rows of its own."""
    return any(
        isinstance(module, (PeftModel, prompt_rows.PromptRows))
        for holder in anatomy.of(model).holders.values()
        for module in holder.model.modules()
    )


def merge(model: Any) -> Any:
    """Fold the adapters and rows into the backbones, in place: the stock layout again, with the same predictions."""
    for holder in anatomy.of(model).holders.values():
        if isinstance(holder.model, PeftModel):
            holder.model = four_bit.lifted(holder.model).merge_and_unload()
        prompt_rows.take_off(holder.model)
    return model
