"""Builds, loads and saves GLiNER models, with the library's faults cured on the instance."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from gliner import GLiNER
from gliner.model import BaseGLiNER
from huggingface_hub.errors import StrictDataclassError
from peft import PeftModel
from safetensors import SafetensorError

from gliexp.errors import Problem, Refusal, RunFailed
from gliexp.models import architecture, configuration, pretrained, saved
from gliexp.models.atomic_directory import atomic_directory
from gliexp.models.parameters import freeze
from gliexp.models.positions import limit_tokenizers
from gliexp.models.prompt_rows import PromptRows
from gliexp.models.upstream import remote_code
from gliexp.models.upstream.cures import apply_all
from gliexp.models.upstream.invisible_words import VisibleWords
from gliexp.models.upstream.special_rows import scatter_rows

_INDICES = {"ent_token": "class_token_index", "label_token": "class_token_index", "rel_token": "rel_token_index"}


@dataclass(frozen=True)
class Backbone:
    """A part whose weights come from elsewhere: where the config keeps its name and its nested config."""

    part: str
    name_key: str
    config_key: str


TEXT = Backbone("text_encoder", "model_name", "encoder_config")
CAUSAL_TEXT = Backbone("text_encoder", "model_name", "decoder_config")
LABELS = Backbone("labels_encoder", "labels_encoder", "labels_encoder_config")
DECODER = Backbone("label_decoder", "labels_decoder", "labels_decoder_config")


def build(values: Mapping[str, Any], *, trust_remote_code: bool = False, seed: int) -> BaseGLiNER:
    """A fresh GLiNER on pretrained backbones, on CPU, in float32 and eval mode; the same weights for the same seed.

    `values` are GLiNERConfig attributes and the relation, decoder, bi-encoder and streaming extensions; `model_name`,
    `labels_encoder` and `labels_decoder` are directories or repositories. Keys that the chosen architecture does not
    take are left out of the saved config. `encoder_config` and its like override settings of the pretrained config.
    `fine_tune: false` freezes the encoders. Raises Refusal for what cannot be built.
    """
    remote_code.never_ask()
    cls = configuration.gliner_class(values)
    chosen = configuration.settings(values, cls.config_class)  # type: ignore[attr-defined]
    backbones = _backbones(cls, chosen)
    for backbone in backbones:
        chosen[backbone.config_key] = pretrained.backbone_config(
            chosen[backbone.name_key],
            chosen.get(backbone.config_key),
            key=f"model.{backbone.config_key}",
            trust_remote_code=trust_remote_code,
        )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _untrained(cls, chosen)
        holders = architecture.holders(model)
        for backbone in backbones:
            holder = holders[backbone.part]
            config = getattr(model.config, backbone.config_key)
            holder.model = pretrained.load_weights(
                holder.model,
                chosen[backbone.name_key],
                config,
                key=f"model.{backbone.name_key}",
                trust_remote_code=trust_remote_code,
            )
            setattr(model.config, backbone.config_key, holder.model.config)
        _add_special_tokens(model, seed)
    model = apply_all(model)
    limit_tokenizers(model)
    if values.get("fine_tune") is False:
        freeze(model)
    model.eval()
    return model


def _backbones(cls: type, chosen: Mapping[str, Any]) -> list[Backbone]:
    if "decoder_config" in configuration.keys_of(cls.config_class):  # type: ignore[attr-defined]
        return [CAUSAL_TEXT]
    return [TEXT, *(part for part in (LABELS, DECODER) if part.name_key in chosen)]


def _untrained(cls: type, chosen: Mapping[str, Any]) -> Any:
    try:
        return cls.load_from_config(  # type: ignore[attr-defined]
            dict(chosen), backbone_from_pretrained=False, resize_token_embeddings=False
        )
    except (OSError, ValueError, TypeError, ImportError, StrictDataclassError) as error:
        raise Refusal([Problem("model", f"cannot be built: {pretrained.first_line(error)}")]) from error


def _add_special_tokens(model: Any, seed: int) -> None:
    """Add the prompt tokens and one distinct embedding row each; bi-encoders have no prompt and get none."""
    names = architecture.special_tokens(model)
    if not names:
        return
    tokenizer = model.data_processor.transformer_tokenizer
    vocabulary = tokenizer.get_vocab()
    fresh = [name for name in names if name not in vocabulary]
    model._resize_token_embeddings(model, model.config, tokenizer, True)
    ids = architecture.special_token_ids(model)
    # the library counts back from the vocabulary's end, which is wrong when the backbone knew a token already
    for key, index in _INDICES.items():
        if getattr(model.config, key, None) in ids and hasattr(model.config, index):
            setattr(model.config, index, ids[getattr(model.config, key)])
    if fresh:
        scatter_rows(architecture.text_encoder(model).get_input_embeddings(), [ids[name] for name in fresh], seed)  # type: ignore[operator]


def load(source: str | Path, revision: str | None = None, *, trust_remote_code: bool = False) -> BaseGLiNER:
    """A saved GLiNER (safetensors or pytorch_model.bin; a directory or a hub repository), cured, on CPU in eval mode.

    Raises Refusal when there is none, when it is damaged or incomplete (weights missing from the file would otherwise
    stay random, in silence), or when it holds what could run code.
    """
    remote_code.never_ask()
    directory = saved.locate(source, revision)
    saved.check(directory, trust_remote_code=trust_remote_code)
    file = saved.weights_file(directory)
    try:
        model: Any = GLiNER.from_pretrained(str(directory))
        stored = BaseGLiNER._load_state_dict(file).keys()
    except pickle.UnpicklingError as error:
        raise saved.refused(file, f"is unsafe or damaged: {pretrained.first_line(error)}", "safetensors") from error
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError, SafetensorError) as error:
        raise saved.refused(directory, f"cannot be loaded: {pretrained.first_line(error)}") from error
    missing = sorted(set(model.model.state_dict()) - set(stored))
    if missing:
        shown = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        raise saved.refused(file, f"lacks {len(missing)} tensors of its architecture: {shown}", "a merged, whole model")
    model = apply_all(model)
    limit_tokenizers(model)
    model.eval()
    return model


def save(model: Any, directory: str | Path) -> Path:
    """Write the stock library layout with safetensors, whole or not at all; an existing directory is replaced.

    Raises RunFailed for a model with adapters, whose weights the library would reload at random, without an error.
    """
    if any(isinstance(module, (PeftModel, PromptRows)) for module in model.modules()):
        raise RunFailed(f"cannot save {directory}: the model carries adapters; merge them first")
    with atomic_directory(directory) as fresh:
        model.save_pretrained(fresh, safe_serialization=True)
    return Path(directory)


@dataclass(frozen=True)
class Disagreement:
    """A setting that was asked for and is otherwise in the saved model."""

    key: str
    wanted: Any
    saved: Any


def disagreements(model: Any, wanted: Mapping[str, Any]) -> list[Disagreement]:
    """Keys of `wanted` that the model's saved config answers differently, by name; the saved value is the live one.

    Null values ask for nothing. Of nested configs only the keys that are given are compared.
    """
    found = []
    for key in sorted(configuration.every_key() & wanted.keys() - configuration.MEASURED_KEYS):
        live = getattr(model.config, key, None)
        if wanted[key] is not None and not _agrees(wanted[key], live):
            found.append(Disagreement(key, wanted[key], live))
    return found


def _agrees(wanted: Any, live: Any) -> bool:
    if isinstance(wanted, Mapping):
        known = live if isinstance(live, Mapping) else getattr(live, "to_dict", dict)()
        return all(name in known and _agrees(value, known[name]) for name, value in wanted.items())
    if isinstance(wanted, (list, tuple)):
        return isinstance(live, (list, tuple)) and list(wanted) == list(live)
    return bool(wanted == live)


class TrainingCollator:
    """The library's collator with labels, for explicit types: collator(rows, entity_types=[[…] per row], …)."""

    def __init__(self, model: Any) -> None:
        self.collator = model._create_data_collator()
        self.relations = architecture.has_relations(model)
        self.visible = VisibleWords(model.data_processor.transformer_tokenizer)

    def __call__(
        self,
        rows: Sequence[Mapping[str, Any]],
        entity_types: Sequence[Sequence[str]],
        relation_types: Sequence[Sequence[str]] | None = None,
    ) -> dict[str, Any]:
        """Tensors of a batch. One list of types a row; a row without types gets the library's empty placeholder type.

        `relation_types` is for relation models, where a row without any offers none.
        """
        # of empty lists alone the library makes a class axis of size 0, which its losses cannot reshape
        types: dict[str, Any] = {"entity_types": [list(names) or [""] for names in entity_types]}
        if self.relations:
            offered = relation_types if relation_types is not None else [()] * len(rows)
            types["relation_types"] = [list(names) for names in offered]
        seen = [{**row, "tokenized_text": self.visible(row["tokenized_text"])} for row in rows]
        batch: dict[str, Any] = self.collator(seen, **types)
        return batch


def training_collator(model: Any) -> TrainingCollator:
    """The collator that training uses with `model`; see TrainingCollator for its call."""
    return TrainingCollator(model)
