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

from gliexp.models import gliclass, lora_targets
from gliexp.models.class_prompts import SPECIAL_TOKENS
from gliexp.models.gliclass import Classifier

HEADS_FILE = "heads.safetensors"


def wrap(
    classifier: Classifier, lora: Mapping[str, Any], modules: Mapping[str, Sequence[str]], *, seed: int = 0
) -> dict[str, list[str] | str]:
    """Freeze the backbones under LoRA, in place, and return part → module names.

    `lora` holds LoraConfig's settings; `modules` names the text encoder's modules by role. The rows of the prompt's
    tokens train too. Raises Refusal for module names that exist nowhere.
    """
    core, parts = classifier.model.model, gliclass.backbones(classifier.model)
    text = [name for name in parts if name != "label_encoder"]
    roles = dict.fromkeys(text, modules)
    targets: dict[str, list[str] | str] = {}
    for name, backbone in parts.items():
        targets |= lora_targets.resolve({name: backbone}, lora.get("target_modules"), roles.get(name, {}))
    settings = {key: value for key, value in lora.items() if key != "target_modules"}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name, backbone in parts.items():
            rows = _prompt_rows(classifier, backbone) if name in text else None
            config = LoraConfig(**settings, target_modules=targets[name], trainable_token_indices=rows)
            setattr(core, name, get_peft_model(backbone, config))
    for _, parameter in gliclass.heads(classifier.model):
        parameter.requires_grad_(True)
    return targets


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
