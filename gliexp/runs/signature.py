"""A short name for "the same experiment": same settings, same data, same libraries, same signature.

It hashes the resolved config and not the overrides, so their order does not matter and an edited default does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

LIBRARIES = ("gliexp", "gliner", "gliclass", "torch", "transformers", "peft", "accelerate", "tokenizers")
LENGTH = 10  # hex digits: 40 bits, a collision among a million runs has odds of one in two

COSMETIC = frozenset(
    {
        "run.name",
        "run.notes",
        "run.tags",
        "run.root",
        "data.license",
        "run.rerun",
        "run.fail_fast",
        "data.train_data",  # the contents are hashed, so moved files keep their signature
        "data.val_data",
        "data.test_data",
        "data.previous_data",
        "data.cache",
        "data.cache_dir",
        "training.output_dir",
        "training.run_name",
        "training.report_to",
        "training.project",
        "training.trackio_space_id",
        "training.disable_tqdm",
        "training.resume_from_checkpoint",
        "training.resume_anyway",
        "training.push_to_hub",
        "training.save_total_limit",
        "training.dataloader_num_workers",
        "training.dataloader_prefetch_factor",
        "training.dataloader_persistent_workers",
        "training.dataloader_pin_memory",
    }
)
ONE_PROCESS = {"launch.processes": 1, "launch.nodes": 1}
"""More processes take a larger batch a step, which changes the result; one writes the same signature as ever."""
COSMETIC_PREFIXES = ("tracking.", "launch.", "training.hub_", "training.log", "training.ddp_")


def versions() -> dict[str, str]:
    """Installed versions of the libraries that a result depends on; absent ones are left out."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def leaves(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested config as {dotted key: value}; lists and empty mappings count as values."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat |= leaves(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def is_cosmetic(key: str) -> bool:
    """Whether a key's value changes no result."""
    return key in COSMETIC or key.startswith(COSMETIC_PREFIXES)


def signature(config: Mapping[str, Any], data_hashes: Mapping[str, str], libraries: Mapping[str, str]) -> str:
    """Hex digest of what determines the result: config leaves that are not cosmetic, data hashes, versions."""
    settings = leaves(config)
    decisive = {key: value for key, value in settings.items() if not is_cosmetic(key)}
    decisive |= {key: settings[key] for key, one in ONE_PROCESS.items() if settings.get(key, one) != one}
    document = {"config": decisive, "data": dict(data_hashes), "versions": dict(libraries)}
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
