"""The `backbone` section: which pretrained encoder, and what is known to work with it."""

from __future__ import annotations

from dataclasses import dataclass

from gliexp.config.schema.key import HF_TRANSFORMER, PEFT, SCRIPT, key


@dataclass
class Backbone:
    """One encoder with its companions, learning rates and LoRA targets."""

    name: str = key("tiny", "Short name of the backbone", SCRIPT)
    model_name: str = key("tiny", "Text encoder: a built-in name, a hub repository or a directory", HF_TRANSFORMER)
    source: str = key("built_in", "Where it comes from", SCRIPT, choices=("built_in", "hub"))
    revision: str | None = key(None, "Branch, tag or commit of the hub repository", HF_TRANSFORMER)
    trust_remote_code: bool = key(False, "Allow code that the hub repository brings", HF_TRANSFORMER)
    attn_implementation: str | None = key(
        None,
        "Attention kernel; null leaves the choice to transformers",
        HF_TRANSFORMER,
        choices=("eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention"),
    )
    hidden_size: int = key(512, "Width of the encoder; the heads take the same", HF_TRANSFORMER, minimum=2)
    dropout: float = key(0.4, "Dropout of the heads on this encoder", SCRIPT, minimum=0, below=1)
    identity_start: bool = key(True, "Whether its vectors mean something before training", SCRIPT)
    num_train_epochs: float = key(3.0, "Epochs of the recipe on this encoder", SCRIPT, above=0)
    batch_size: int = key(8, "Rows per step and device of the recipe on this encoder", SCRIPT, minimum=1)
    labels_encoder: str | None = key(None, "Label encoder for task=biencoder", HF_TRANSFORMER)
    labels_decoder: str | None = key(None, "Label generator for task=decoder", HF_TRANSFORMER)
    causal: str | None = key(None, "Causal text backbone for task=streaming", HF_TRANSFORMER)
    learning_rate: float = key(1e-5, "Encoder's rate when training from a bare backbone", SCRIPT, minimum=0)
    others_lr: float = key(5e-5, "Rate of the heads when training from a bare backbone", SCRIPT, minimum=0)
    finetune_learning_rate: float = key(5e-6, "Encoder's rate after model.from_pretrained", SCRIPT, minimum=0)
    finetune_others_lr: float = key(1e-5, "Rate of the heads after model.from_pretrained", SCRIPT, minimum=0)
    adapter_learning_rate: float = key(5e-4, "Rate of adapters on this encoder", SCRIPT, minimum=0)
    attention_modules: list[str] = key([], "Module names of the attention projections, for LoRA", PEFT)
    mlp_modules: list[str] = key([], "Module names of the feed-forward layers, for LoRA", PEFT)
