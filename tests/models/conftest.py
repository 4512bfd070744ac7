"""Random 2-layer backbones with tiny vocabularies, built once a session, and the variants made on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from gliner import GLiNER
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    BartConfig,
    BartModel,
    BertConfig,
    BertModel,
    DebertaV2Config,
    DebertaV2Model,
    GPT2Config,
    GPT2LMHeadModel,
    ModernBertConfig,
    ModernBertModel,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
    T5Model,
)

from gliexp.models import gliner

from . import classifiers

HIDDEN = 32
WORDS = (
    "alice bob carol works at acme in paris london with the of and founded lives near runs a big company person "
    "organization location place city other entity employed by located founder ##s ##ed ##ing ##er ."
).split()
ROWS: list[dict[str, Any]] = [
    {
        "tokenized_text": "alice works at acme in paris".split(),
        "ner": [[0, 0, "person"], [3, 3, "organization"], [5, 5, "location"]],
        "relations": [[0, 1, "employed by"], [1, 2, "located in"]],
    },
    {
        "tokenized_text": "bob founded the big company acme".split(),
        "ner": [[0, 0, "person"], [2, 5, "organization"]],
        "relations": [[0, 1, "founder of"]],
    },
    {"tokenized_text": "carol lives near london .".split(), "ner": [[0, 0, "person"], [3, 3, "location"]]},
    {"tokenized_text": "the city runs".split(), "ner": []},
]
ENTITY_TYPES = ["person", "organization", "location"]
RELATION_TYPES = ["employed by", "located in", "founder of"]


@pytest.fixture(autouse=True, scope="session")
def single_thread() -> None:
    torch.set_num_threads(1)


def _wordpiece() -> PreTrainedTokenizerFast:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [letter for c in "abcdefghijklmnopqrstuvwxyz" for letter in (c, f"##{c}")]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys([*special, *WORDS, *letters, "<", ">"]))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=128,
    )


def _bytes() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*alphabet, "<|end|>"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<|end|>", eos_token="<|end|>", bos_token="<|end|>", model_max_length=512
    )


@pytest.fixture(scope="session")
def backbones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Family → directory of a random backbone with its tokenizer."""
    torch.manual_seed(0)  # the weights are the same whichever tests came before
    root: Path = tmp_path_factory.mktemp("backbones")
    words, letters = _wordpiece(), _bytes()
    size = {"vocab_size": len(words), "hidden_size": HIDDEN, "num_hidden_layers": 2, "num_attention_heads": 2}
    wide = {**size, "intermediate_size": 64, "max_position_embeddings": 128}
    ends = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    causal = GPT2Config(
        vocab_size=len(letters), n_embd=HIDDEN, n_layer=2, n_head=2, n_positions=512, bos_token_id=256, eos_token_id=256
    )
    built = {
        "bert": (BertModel(BertConfig(**wide)), words),
        "deberta": (
            DebertaV2Model(DebertaV2Config(**wide, relative_attention=True, pos_att_type=["p2c", "c2p"])),
            words,
        ),
        "modernbert": (ModernBertModel(ModernBertConfig(**wide, **ends)), words),
        "t5": (
            T5EncoderModel(
                T5Config(vocab_size=len(words), d_model=HIDDEN, d_kv=16, d_ff=64, num_layers=2, num_heads=2)
            ),
            words,
        ),
        "gpt2": (GPT2LMHeadModel(causal), letters),
        "seq2seq": (
            T5Model(T5Config(vocab_size=len(words), d_model=HIDDEN, d_kv=16, d_ff=64, num_layers=2, num_heads=2)),
            words,
        ),
        "bart": (
            BartModel(
                BartConfig(
                    vocab_size=len(words),
                    d_model=HIDDEN,
                    encoder_layers=2,
                    decoder_layers=2,
                    encoder_attention_heads=2,
                    decoder_attention_heads=2,
                    encoder_ffn_dim=64,
                    decoder_ffn_dim=64,
                    max_position_embeddings=128,
                    pad_token_id=0,
                    bos_token_id=2,
                    eos_token_id=3,
                    decoder_start_token_id=2,
                )
            ),
            words,
        ),
        "qwen3": (
            Qwen3Model(
                Qwen3Config(**wide, num_key_value_heads=2, head_dim=16, pad_token_id=0, bos_token_id=2, eos_token_id=3)
            ),
            words,
        ),
    }
    for name, (model, tokenizer) in built.items():
        model.save_pretrained(root / name)
        tokenizer.save_pretrained(root / name)
    return {name: str(root / name) for name in built}


SPAN_MODES = [
    "marker",
    "markerV0",
    "markerV1",
    "markerV2",
    "query",
    "mlp",
    "cat",
    "conv_conv",
    "conv_max",
    "conv_mean",
    "conv_sum",
    "conv_share",
]


def _variants() -> dict[str, dict[str, Any]]:
    token = {"span_mode": "token_level"}
    made: dict[str, dict[str, Any]] = {f"uni_{mode}": {"span_mode": mode} for mode in SPAN_MODES}
    made |= {
        "uni_token": token,
        "uni_token_spans": {**token, "represent_spans": True},
        "uni_deberta": {"model_name": "deberta", "hidden_size": 24},
        "uni_modernbert": {"model_name": "modernbert", "fuse_layers": True},
        "uni_t5": {"model_name": "t5"},
        "bi_span": {"labels_encoder": "bert"},
        "bi_fused": {"labels_encoder": "deberta", "post_fusion_schema": "l2l-l2t-t2t", "hidden_size": 24},
        "bi_token": {**token, "labels_encoder": "bert"},
        "bi_token_spans": {**token, "labels_encoder": "bert", "represent_spans": True},
        "decoder_span": {"labels_decoder": "gpt2", "decoder_mode": "span"},
        "decoder_span_bare": {"labels_decoder": "gpt2", "decoder_mode": "span", "full_decoder_context": False},
        "decoder_token": {**token, "labels_decoder": "gpt2", "decoder_mode": "span"},
        "streaming": {"model_type": "gliner_streaming_span", "model_name": "gpt2", "span_mode": "markerV2"},
    }
    for layer in ("none", "dot", "mlp", "bilinear", "gcn"):
        made[f"relex_span_{layer}"] = {"relations_layer": layer}
        made[f"relex_token_{layer}"] = {**token, "relations_layer": layer}
    for layer in ("UM", "TransE", "DistMult", "ComplEx"):
        made[f"relex_span_{layer}"] = {"relations_layer": "dot", "triples_layer": layer}
        made[f"relex_token_{layer}"] = {**token, "relations_layer": "none", "triples_layer": layer}
    return made


VARIANTS = _variants()
SETTINGS = {"hidden_size": HIDDEN, "max_width": 4, "dropout": 0.1, "num_rnn_layers": 1, "span_mode": "markerV0"}
BACKBONES = ("model_name", "labels_encoder", "labels_decoder")


@pytest.fixture(scope="session")
def values(backbones: dict[str, str]) -> Any:
    """Function from a variant's name, and settings on top, to the values that `build` takes."""

    def of(name: str, **changes: Any) -> dict[str, Any]:
        chosen = {"model_name": "bert", **SETTINGS, **VARIANTS[name], **changes}
        if name == "streaming":
            chosen["num_rnn_layers"] = 0
        return {key: backbones.get(v, v) if key in BACKBONES else v for key, v in chosen.items()}

    return of


OPTIONS = {
    "alpha": -1.0,
    "gamma": 0.0,
    "rel_alpha": -1.0,
    "rel_gamma": 0.0,
    "prob_margin": 0.0,
    "label_smoothing": 0.0,
    "reduction": "mean",
    "negatives": 1.0,
    "masking": "none",
    "loss_type": "focal",
    "use_span_width_weight": False,
    "dice_gamma": 1.0,
}
"""What the library's trainer hands to every forward call."""


@pytest.fixture(scope="session")
def collated() -> Any:
    """Function from a model to a batch of ROWS with the labels that training would offer, one row without any."""

    def of(model: Any, rows: list[dict[str, Any]] = ROWS) -> dict[str, Any]:
        entity = [ENTITY_TYPES if row["ner"] else [] for row in rows]
        relation = [RELATION_TYPES if row.get("relations") else [] for row in rows]
        return gliner.training_collator(model)(rows, entity_types=entity, relation_types=relation)

    return of


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Function from a model to the plain library's reload of it: the same weights without cures."""

    def of(model: Any) -> Any:
        return GLiNER.from_pretrained(str(gliner.save(model, tmp_path_factory.mktemp("stock") / "model")))

    return of


def learn(model: Any, batch: dict[str, Any], steps: int = 40) -> list[float]:
    """Train every parameter on one batch and return the losses; the model is in eval mode afterwards.

    Dropout is drawn from a fixed seed, so that no test depends on those before it.
    """
    torch.manual_seed(0)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=4e-3)
    model.train()
    losses = []
    for _ in range(steps):
        loss = model(**batch, **{**OPTIONS, "alpha": 0.75}).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    model.eval()
    return losses


def still_fails(call: Any, *errors: type[Exception], cure: str) -> None:
    """Fail when a call of the stock library no longer raises one of `errors`: then its cure has served."""
    try:
        call()
    except errors:
        return
    pytest.fail(f"mended upstream: remove {cure}")


@pytest.fixture(scope="session")
def classifier(backbones: dict[str, str]) -> classifiers.Make:
    """Function from an architecture and settings to a fresh classifier; see classifiers.make."""
    return classifiers.make(backbones)
