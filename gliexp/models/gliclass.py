"""Builds, loads and saves GLiClass models, with the library's faults cured on the instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from gliclass import GLiClassModel, GLiClassModelConfig
from huggingface_hub import snapshot_download
from peft import PeftModel
from safetensors import SafetensorError
from transformers import AutoTokenizer

from gliexp.config.schema.classifier import BI, DECODER_KV, FUSED, SEQ2SEQ, SEQ2SEQ_CLS
from gliexp.errors import Problem, Refusal, RunFailed
from gliexp.models import class_anatomy, pretrained
from gliexp.models.anatomy import Anatomy
from gliexp.models.atomic_directory import atomic_directory
from gliexp.models.class_anatomy import backbones
from gliexp.models.class_inputs import ClassInputs
from gliexp.models.class_prompts import EXAMPLE, LABEL, SEPARATOR, SPECIAL_TOKENS
from gliexp.models.prompt_rows import PromptRows
from gliexp.models.upstream import remote_code
from gliexp.models.upstream.gliclass import shared_embeddings
from gliexp.models.upstream.gliclass.cures import apply_all
from gliexp.models.upstream.special_rows import scatter_rows

NOT_OF_THE_LIBRARY = ("_attn_implementation",)
MEASURED = ("vocab_size", "class_token_index", "text_token_index", "example_token_index", "sep_token_index")
NEED_DECODER = (SEQ2SEQ, SEQ2SEQ_CLS)


@dataclass
class Classifier:
    """A GLiClass model with its tokenizers; bi-encoders have one for labels."""

    model: Any
    tokenizer: Any
    labels_tokenizer: Any = None

    def inputs(self, max_length: int, labels_at_once: int | None = None) -> ClassInputs:
        """What turns rows into tensors for this model."""
        config = self.model.config
        return ClassInputs(
            config.architecture_type,
            self.tokenizer,
            self.labels_tokenizer,
            config.prompt_first,
            max_length,
            labels_at_once,
        )

    def anatomy(self) -> Anatomy:
        """Its parts, by the names that GLiNER's have."""
        return class_anatomy.of(self.model, self.tokenizer)

    def positions(self) -> int:
        """Tokens that the text backbone can number; relative positions and decoders count as what they say."""
        text = self.model.config.encoder_config.get_text_config()
        limits = [getattr(text, "max_position_embeddings", None), self.tokenizer.model_max_length]
        relative = getattr(text, "relative_attention", False)
        known = [int(limit) for limit in (limits[1:] if relative else limits) if limit]
        return min(known, default=1 << 30)


def build(values: Mapping[str, Any], *, trust_remote_code: bool = False, seed: int) -> Classifier:
    """A fresh GLiClass on pretrained backbones, on CPU, in float32 and eval mode; the same weights for the same seed.

    `values` are GLiClassModelConfig fields; `encoder_model` and `label_model_name` are directories or repositories,
    `encoder_config` and `label_model_config` override settings of theirs. Raises Refusal for what cannot be built.
    """
    remote_code.never_ask()
    chosen = {key: value for key, value in values.items() if key not in NOT_OF_THE_LIBRARY and key not in MEASURED}
    bi = chosen["architecture_type"] in (BI, FUSED)
    if not bi:
        chosen |= {"label_model_name": None, "label_model_config": None}
    options = {"trust_remote_code": trust_remote_code}
    text = pretrained.backbone_config(
        chosen["encoder_model"], chosen.get("encoder_config"), key="model.encoder_config", **options
    )
    _check_backbone(chosen, text)
    text._attn_implementation = values.get("_attn_implementation")
    chosen["encoder_config"] = text
    if bi:
        chosen["label_model_config"] = pretrained.backbone_config(
            chosen["label_model_name"], chosen.get("label_model_config"), key="model.label_model_config", **options
        )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        classifier = _assembled(chosen, options, seed)
    apply_all(classifier.model)
    classifier.model.eval()
    return classifier


def _check_backbone(chosen: Mapping[str, Any], text: Any) -> None:
    """Refuse a backbone that cannot play the part; which ones can is the library's choice."""
    architecture, problems = chosen["architecture_type"], []
    if architecture in NEED_DECODER and not text.is_encoder_decoder:
        message = f"{architecture} cannot use {chosen['encoder_model']}, a {text.model_type} without a decoder"
        problems.append(Problem("model.architecture_type", message, "a T5 or BART, or another architecture"))
    if architecture == DECODER_KV and text.model_type not in ("qwen3", "qwen3_5", "qwen3_5_text", "embedding_gemma2"):
        message = f"decoder-kv cannot use {chosen['encoder_model']}, a {text.model_type}"
        problems.append(Problem("model.architecture_type", message, "Qwen3, Qwen3.5 or EmbeddingGemma 2"))
    if chosen.get("scorer_type") == "cross-attn" and text.hidden_size % chosen.get("scorer_num_heads", 16):
        message = f"{chosen.get('scorer_num_heads', 16)} does not divide the encoder's width {text.hidden_size}"
        problems.append(Problem("model.scorer_num_heads", message, "a divisor of it"))
    if problems:
        raise Refusal(problems)


def _assembled(chosen: dict[str, Any], options: Mapping[str, Any], seed: int) -> Classifier:
    tokenizer = AutoTokenizer.from_pretrained(chosen["encoder_model"], **options)
    if chosen["architecture_type"] == DECODER_KV:
        chosen["sep_token_index"] = len(tokenizer)  # the scorer reads it when it is made; measured below
    try:
        model = GLiClassModel(GLiClassModelConfig(**chosen))
    except (ValueError, TypeError, ImportError, KeyError, AssertionError) as error:
        raise Refusal([Problem("model", f"cannot be built: {pretrained.first_line(error)}")]) from error
    sources = {"label_encoder": ("label_model_name", "label_model_config")}
    for part, backbone in backbones(model).items():
        name, config = sources.get(part, ("encoder_model", "encoder_config"))
        loaded = pretrained.load_weights(
            backbone, chosen[name], getattr(model.config, config), key=f"model.{name}", **options
        )
        setattr(model.model, part, loaded)
    labels_tokenizer = None
    if model.config.architecture_type in (BI, FUSED):
        labels_tokenizer = AutoTokenizer.from_pretrained(chosen["label_model_name"], **options)
    _add_special_tokens(model, tokenizer, seed)
    return Classifier(model, tokenizer, labels_tokenizer)


def _add_special_tokens(model: Any, tokenizer: Any, seed: int) -> None:
    """Add the prompt's tokens with one distinct embedding row each; a plain bi-encoder's text has no prompt."""
    if model.config.architecture_type == BI:
        return
    known = tokenizer.get_vocab()
    fresh = [token for token in SPECIAL_TOKENS if token not in known]
    tokenizer.add_tokens(list(SPECIAL_TOKENS), special_tokens=True)
    (backbone,) = [part for name, part in backbones(model).items() if name != "label_encoder"]
    rows = backbone.get_input_embeddings().num_embeddings  # type: ignore[operator]
    if len(tokenizer) > rows:
        model.resize_token_embeddings(len(tokenizer))
    ids = {token: int(tokenizer.convert_tokens_to_ids(token)) for token in SPECIAL_TOKENS}
    scatter_rows(backbone.get_input_embeddings(), [ids[token] for token in fresh], seed)  # type: ignore[operator]
    model.config.class_token_index, model.config.text_token_index = ids[LABEL], ids[SEPARATOR]
    model.config.example_token_index = ids[EXAMPLE]
    if model.config.architecture_type == DECODER_KV:
        model.config.sep_token_index = model.model.sep_token_id = ids[SEPARATOR]


def load(
    source: str | Path,
    revision: str | None = None,
    *,
    key: str = "model.from_pretrained",
    trust_remote_code: bool = False,
) -> Classifier:
    """A saved GLiClass (a directory or a hub repository), cured, on CPU in eval mode.

    Raises Refusal, about the config's `key`, when there is none, it is damaged, or it brings code that is not trusted.
    """
    remote_code.never_ask()
    directory = Path(source)
    if not directory.is_dir():
        try:
            directory = Path(snapshot_download(str(source), revision=revision))
        except (OSError, ValueError) as error:
            raise _refused(key, source, f"cannot be fetched: {pretrained.first_line(error)}") from error
    code = remote_code.needed_by(directory)
    if code and not trust_remote_code:
        allowed = "backbone.trust_remote_code=true, if you trust its authors"
        raise Refusal([Problem(key, f"{source} asks to run code of its own ({', '.join(code)})", allowed)])
    try:
        model, told = GLiClassModel.from_pretrained(str(directory), output_loading_info=True)
        tokenizer = AutoTokenizer.from_pretrained(str(directory), trust_remote_code=trust_remote_code)
        labels_tokenizer = None
        if model.config.architecture_type in (BI, FUSED):
            labels_tokenizer = AutoTokenizer.from_pretrained(
                model.config.label_model_name, trust_remote_code=trust_remote_code
            )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError, SafetensorError) as error:
        raise _refused(key, source, f"cannot be loaded: {pretrained.first_line(error)}") from error
    lost = sorted(name for name in told["missing_keys"] if not name.endswith("embed_tokens.weight"))
    if lost:
        raise _refused(key, source, f"lacks {len(lost)} tensors of its architecture: {', '.join(lost[:3])}")
    apply_all(model)
    model.eval()
    return Classifier(model, tokenizer, labels_tokenizer)


def _refused(key: str, source: object, message: str) -> Refusal:
    return Refusal([Problem(key, f"{source} {message}", "a saved GLiClass")])


def save(classifier: Classifier, directory: str | Path) -> Path:
    """Write the stock library's layout, whole or not at all; an existing directory is replaced.

    Raises RunFailed for a model with adapters, which must be merged first.
    """
    model = classifier.model
    if any(isinstance(module, (PeftModel, PromptRows)) for module in model.modules()):
        raise RunFailed(f"cannot save {directory}: the model carries adapters; merge them first")
    with atomic_directory(directory) as fresh:
        model.save_pretrained(fresh, state_dict=shared_embeddings.written_out(model))
        classifier.tokenizer.save_pretrained(fresh)
    return Path(directory)
