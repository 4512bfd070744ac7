"""Adapters folded into their base: one, or several of the same base by weight, through peft's own functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import IA3Config, PeftModel
from safetensors.torch import load_file
from torch import nn

from gliexp.errors import Problem, Refusal
from gliexp.models import anatomy
from gliexp.models.adapters import directory, files, four_bit
from gliexp.models.adapters.wrap import merge
from gliexp.models.pretrained import first_line

COMBINATIONS = (
    "cat svd linear ties ties_svd dare_ties dare_linear dare_ties_svd dare_linear_svd magnitude_prune "
    "magnitude_prune_svd"
).split()
"""peft's ways to add adapters; `cat` is the exact sum."""
NEEDS_DENSITY = ("ties", "dare", "magnitude")
COMBINED = "combined"
ROWS = "trainable_tokens_delta"


def combine(
    sources: Sequence[str | Path],
    weights: Sequence[float] | None = None,
    *,
    combination: str = "cat",
    density: float | None = None,
    base: str | None = None,
    trust_remote_code: bool = False,
) -> Any:
    """The merged model of one or several saved adapters; `weights` are one a source, by default equal shares.

    `combination` is one of peft's, `density` (in 0..1) belongs to those that prune. Heads and rows of prompt tokens are
    averaged by the weights' shares. Raises Refusal for adapters that do not belong together, or that cannot be added.
    """
    places = [files.find(source) for source in sources]
    shares = list(weights or [1 / len(places)] * len(places))
    described = [files.read(place) for place in places]
    _check(places, described, shares, combination, density)
    made = directory.load(places[0], base=base, trust_remote_code=trust_remote_code)
    if len(places) == 1 and weights is None:
        return merge(made.model)
    body = anatomy.of(made.model)
    averaged = _average([load_file(place / files.TRAINED) for place in places], shares)
    directory.fill(body, averaged, "the average")
    for part, holder in body.holders.items():
        if isinstance(holder.model, PeftModel):
            holder.model = four_bit.lifted(holder.model)
            parts = [place / part for place in places]
            rows = _rows(holder.model, parts, shares)
            _add(holder.model, parts, shares, combination, density)
            holder.model = holder.model.merge_and_unload(adapter_names=[COMBINED])
            if rows is not None:
                _write_rows(holder.model, *rows)
    return merge(made.model)


def _check(
    places: Sequence[Path],
    described: Sequence[files.Description],
    weights: Sequence[float],
    combination: str,
    density: float | None,
) -> None:
    problems = []
    if len(weights) != len(places):
        problems.append(Problem("--weights", f"{len(weights)} for {len(places)} adapters", "one each"))
    elif sum(weights) == 0:
        problems.append(Problem("--weights", "they add up to 0", "another sum"))
    if combination not in COMBINATIONS:
        problems.append(Problem("--combination", f"peft has no {combination!r}", ", ".join(COMBINATIONS)))
    elif combination.startswith(NEEDS_DENSITY) and (density is None or not 0 < density <= 1):
        problems.append(Problem("--density", f"{combination} keeps a share of the values", "above 0, at most 1"))
    first = described[0]
    for place, other in zip(places[1:], described[1:], strict=True):
        if (other.hashes, other.variant) != (first.hashes, first.variant):
            problems.append(Problem("adapter", f"{place} belongs to another base than {places[0]}", "the same base"))
        elif (other.method, other.modes) != (first.method, first.modes):
            message = f"{place} is {other.method} and {places[0]} is {first.method}, or on other parts"
            problems.append(Problem("adapter", message, "adapters of one kind"))
    if len(places) > 1 and first.method in ("dora", "adalora", "vera"):
        message = f"{first.method} adapters cannot be added: they are no sum of a base and two factors"
        problems.append(Problem("adapter", message, "lora, rslora, pissa, ia3"))
    if problems:
        raise Refusal(problems)


def _average(tensors: Sequence[dict[str, torch.Tensor]], weights: Sequence[float]) -> dict[str, torch.Tensor]:
    names = tensors[0].keys()
    if any(other.keys() != names or any(other[n].shape != tensors[0][n].shape for n in names) for other in tensors):
        raise Refusal([Problem("adapter", "the adapters trained different heads or layers", "the same architecture")])
    shares = [weight / sum(weights) for weight in weights]
    return {
        name: torch.stack([share * other[name] for share, other in zip(shares, tensors, strict=True)]).sum(dim=0)
        for name in names
    }


def _add(
    model: PeftModel, places: Sequence[Path], weights: Sequence[float], combination: str, density: float | None
) -> None:
    (config,) = model.peft_config.values()
    names = list(model.peft_config)
    try:
        for number, place in enumerate(places[1:], start=1):
            names.append(f"other{number}")
            model.load_adapter(str(place), adapter_name=names[-1])
        how: dict[str, Any] = (
            {} if isinstance(config, IA3Config) else {"combination_type": combination, "density": density}
        )
        model.base_model.add_weighted_adapter(names, list(weights), COMBINED, **how)
        model.base_model.set_adapter(COMBINED)
    except (ValueError, TypeError, RuntimeError, KeyError, AttributeError) as error:
        raise Refusal(
            [Problem("adapter", f"peft cannot add these on the {places[0].name}: {first_line(error)}")]
        ) from error


def _rows(model: PeftModel, places: Sequence[Path], weights: Sequence[float]) -> tuple[list[int], torch.Tensor] | None:
    """Embedding rows that peft trained beside the adapters, and their average; None where there are none."""
    (config,) = model.peft_config.values()
    by_name = getattr(config, "trainable_token_indices", None) or {}
    if not by_name:
        return None
    found = [
        {name: tensor for name, tensor in load_file(place / directory.PEFT_WEIGHTS).items() if name.endswith(ROWS)}
        for place in places
    ]
    ids = next(iter(by_name.values() if isinstance(by_name, dict) else [by_name]))
    return list(ids), next(iter(_average(found, weights).values()))


def _write_rows(backbone: nn.Module, ids: Sequence[int], rows: torch.Tensor) -> None:
    weight = backbone.get_input_embeddings().weight  # type: ignore[operator]
    with torch.no_grad():
        weight[list(ids)] = rows.to(weight)
