"""Low-rank adapters on the backbones of a GLiClass: put on, saved, merged. The heads always train.

Each backbone is wrapped by itself. Saved like that and not merged, a GLiClass loses weights on reload without an error,
so the adapters are folded in before the model is saved, and kept beside it in peft's own layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from torch import nn

from gliexp.models import gliclass
from gliexp.models.adapters import methods, targets
from gliexp.models.anatomy import TEXT_ENCODER
from gliexp.models.class_prompts import SPECIAL_TOKENS
from gliexp.models.gliclass import Classifier

LABEL_ENCODER = "label_encoder"
HEADS_FILE = "heads.safetensors"


def wrap(
    classifier: Classifier, section: Mapping[str, Any], modules: Mapping[str, Sequence[str]], *, seed: int = 0
) -> dict[str, list[str]]:
    """Freeze the backbones under LoRA, in place, and return part → module names.

    `section` is the `peft` section with a method of the LoRA family; `modules` names the text encoder's modules by
    role. The rows of the prompt's tokens train too. Raises Refusal for module names that exist nowhere.
    """
    core, parts = classifier.model.model, gliclass.backbones(classifier.model)
    settings = methods.settings(str(section["method"]), section)
    found: dict[str, list[str]] = {}
    for name, backbone in parts.items():
        part = "labels_encoder" if name == LABEL_ENCODER else TEXT_ENCODER
        (own,) = targets.resolve({part: backbone}, section.get("target_modules"), modules).values()
        own = targets.without(own, section.get("exclude_modules"))
        own = targets.in_layers(own, section.get("layers_to_transform"), section.get("layers_pattern"))
        found[name] = [full for names in own.values() for full in names]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name, backbone in parts.items():
            rows = None if name == LABEL_ENCODER else _prompt_rows(classifier, backbone)
            saved = section.get("modules_to_save")
            config = LoraConfig(
                **settings, target_modules=found[name], trainable_token_indices=rows, modules_to_save=saved
            )
            setattr(core, name, get_peft_model(backbone, config))
    for _, parameter in gliclass.heads(classifier.model):
        parameter.requires_grad_(True)
    return {name: sorted({".".join(full.split(".")[-2:]) for full in names}) for name, names in found.items()}


def _prompt_rows(classifier: Classifier, backbone: nn.Module) -> dict[str, list[int]] | None:
    known = classifier.tokenizer.get_vocab()
    ids = sorted(known[token] for token in SPECIAL_TOKENS if token in known)
    if not ids:
        return None
    embedding = backbone.get_input_embeddings()  # type: ignore[operator]
    # with every name of a shared table, or the other name would go on reading the frozen rows
    names = {name for name, module in backbone.named_modules(remove_duplicate=False) if module is embedding}
    return dict.fromkeys(sorted(names), ids)


def save_adapter(classifier: Classifier, directory: Path) -> Path:
    """Write the adapters (one peft directory a part) and the heads."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, part in gliclass.backbones(classifier.model).items():
        if isinstance(part, PeftModel):
            part.save_pretrained(directory / name, save_embedding_layers=False)
    heads = {name: parameter.detach().contiguous().cpu() for name, parameter in gliclass.heads(classifier.model)}
    save_file(heads, directory / HEADS_FILE)
    return directory


def merge(classifier: Classifier) -> Classifier:
    """Fold the adapters into the backbones, in place: the stock layout again, with the same predictions."""
    for name, part in gliclass.backbones(classifier.model).items():
        if isinstance(part, PeftModel):
            setattr(classifier.model.model, name, part.merge_and_unload())
    return classifier
