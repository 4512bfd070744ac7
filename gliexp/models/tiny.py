"""The recipe of the embedded backbones: a WordPiece tokenizer and two small untrained transformers.

They exist so that every task runs without a network within about a minute. Nothing is drawn from torch's generator:
the vocabulary comes from counting the sample's words and the weights from a numpy stream, so the same recipe gives the
same bytes with the same libraries. Change anything here, or the sample, and `VERSION` must rise: builds are cached.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from transformers.modeling_utils import PreTrainedModel

from gliexp.data import sample

VERSION = "4"
HIDDEN = 64
LAYERS = 2
HEADS = 4
POSITIONS = 1024
PIECES = 500

# An untrained transformer spends most of a short run on finding out which label a marker stands for. These start with
# heads that look at their neighbours: positions are angles in PLACE dimensions, a head turns them on by a step, and
# GAZE says how sharply it looks. STEPS has one entry a head, the heads left over start at random.
PLACE = HIDDEN // HEADS
GAZE = 1.4
STEPS = (1, -1, 2)
CAUSAL_STEPS = (-1, -2)

Weights = NDArray[np.float32]

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def build(name: str, directory: Path) -> None:
    """Write the backbone `name` ("tiny" or "tiny_causal") with its tokenizer into the existing `directory`."""
    tokenizer = _tokenizer()
    tokenizer.save_pretrained(directory)
    # transformers draws first weights when it makes a model; the run that builds must not differ from the next one.
    with torch.random.fork_rng(devices=[]):
        model = _bert(len(tokenizer)) if name == "tiny" else _gpt2(len(tokenizer))
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(directory)
    save_file(model.state_dict(), directory / "model.safetensors", metadata={"format": "pt"})


def _bert(vocabulary: int) -> PreTrainedModel:
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * HIDDEN,
        max_position_embeddings=POSITIONS,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=0,
    )
    return _filled(BertModel(config))


def _gpt2(vocabulary: int) -> PreTrainedModel:
    config = GPT2Config(
        vocab_size=vocabulary,
        n_embd=HIDDEN,
        n_layer=LAYERS,
        n_head=HEADS,
        n_inner=2 * HIDDEN,
        n_positions=POSITIONS,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        resid_pdrop=0.0,
        tie_word_embeddings=False,  # tied to word vectors of unit size, the first logits would be far too sure
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )
    return _filled(GPT2LMHeadModel(config))


def _filled(model: PreTrainedModel) -> PreTrainedModel:
    """`model` with every weight drawn from one numpy stream, in the order of the names, then eyes for neighbours."""
    draw = np.random.Generator(np.random.PCG64(20240501))
    weights = {name: _values(name, tuple(weight.shape), draw) for name, weight in sorted(model.named_parameters())}
    if isinstance(model, BertModel):
        _place_bert(weights, draw)
    else:
        _place_gpt2(weights, draw)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(torch.from_numpy(weights[name]))
    return model.eval()


def _values(name: str, shape: tuple[int, ...], draw: np.random.Generator) -> Weights:
    """Starting values of one weight: ones and zeros for norms and biases, unit words, matrices that keep the scale."""
    if len(shape) == 1:
        return np.full(shape, 1.0 if name.endswith("weight") else 0.0, dtype=np.float32)
    if name.startswith("lm_head"):
        spread = 0.02
    else:
        spread = 1.0 if "embeddings" in name or "wte" in name else 1.0 / np.sqrt(HIDDEN)
    return (draw.standard_normal(shape) * spread).astype(np.float32)


def _place_bert(weights: dict[str, Weights], draw: np.random.Generator) -> None:
    """Positions go into the last PLACE dimensions, and each layer's first heads look at the words STEPS away."""
    weights["embeddings.token_type_embeddings.weight"][:] = 0.0
    weights["embeddings.word_embeddings.weight"][:, -PLACE:] = 0.0
    pace = _paces(draw)
    weights["embeddings.position_embeddings.weight"][:] = _positions(pace)
    for layer in range(LAYERS):
        query = weights[f"encoder.layer.{layer}.attention.self.query.weight"]
        key = weights[f"encoder.layer.{layer}.attention.self.key.weight"]
        for head, step in enumerate(STEPS):
            rows = slice(head * PLACE, (head + 1) * PLACE)
            query[rows], key[rows] = _look(pace, step), _look(pace, 0)


def _place_gpt2(weights: dict[str, Weights], draw: np.random.Generator) -> None:
    """The same for GPT-2, whose words see only what comes before them; query, key and value share one matrix."""
    weights["transformer.wte.weight"][:, -PLACE:] = 0.0
    pace = _paces(draw)
    weights["transformer.wpe.weight"][:] = _positions(pace)
    for layer in range(LAYERS):
        joined = weights[f"transformer.h.{layer}.attn.c_attn.weight"]
        for head, step in enumerate(CAUSAL_STEPS):
            columns = slice(head * PLACE, (head + 1) * PLACE)
            joined[:, :HIDDEN][:, columns] = _look(pace, step).T
            joined[:, HIDDEN : 2 * HIDDEN][:, columns] = _look(pace, 0).T


def _paces(draw: np.random.Generator) -> Weights:
    """One angle a position for each pair of place dimensions, radians."""
    return draw.uniform(0.05, np.pi, PLACE // 2).astype(np.float32)


def _positions(pace: Weights) -> Weights:
    """(POSITIONS, HIDDEN): position p turns pair f by p * pace[f]; other dimensions are zero."""
    angle = np.arange(POSITIONS, dtype=np.float32)[:, None] * pace
    table = np.zeros((POSITIONS, HIDDEN), dtype=np.float32)
    table[:, -PLACE::2], table[:, -PLACE + 1 :: 2] = np.sqrt(2) * np.cos(angle), np.sqrt(2) * np.sin(angle)
    return table


def _look(pace: Weights, step: int) -> Weights:
    """(PLACE, HIDDEN): reads the place and turns it on by `step` positions, so that a query meets its key there."""
    look = np.zeros((PLACE, HIDDEN), dtype=np.float32)
    for pair, angle in enumerate(pace * step):
        at, column = 2 * pair, HIDDEN - PLACE + 2 * pair
        look[at : at + 2, column : column + 2] = GAZE * np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
    return look


def _tokenizer() -> PreTrainedTokenizerFast:
    """A cased WordPiece tokenizer over the sample's training text, with what a causal model needs too (bos, eos)."""
    vocabulary = {piece: index for index, piece in enumerate(_vocabulary())}
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    core.normalizer = normalizers.NFC()
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.decoder = decoders.WordPiece()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        model_max_length=POSITIONS,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        bos_token="[CLS]",
        eos_token="[SEP]",
    )


def _vocabulary() -> list[str]:
    """Special tokens, every character, pairs of digits, frequent pieces, and each word that training text repeats."""
    counts = _word_counts()
    characters = _characters()
    digits = [f"{number:02d}" for number in range(100)]
    pieces: Counter[str] = Counter()
    for word, count in counts.items():
        for length in (2, 3, 4):
            pieces[word[:length]] += count
            for start in range(1, len(word) - length + 1):
                pieces[f"##{word[start : start + length]}"] += count
    frequent = sorted(pieces, key=lambda piece: (-pieces[piece], piece))[:PIECES]
    words = sorted(word for word, count in counts.items() if count > 1)
    listed = [*_SPECIAL, *characters, *(f"##{c}" for c in characters), *digits, *(f"##{d}" for d in digits)]
    return list(dict.fromkeys([*listed, *frequent, *words]))


def _word_counts() -> Counter[str]:
    """How often each alphabetic word occurs in the sample's training rows and labels."""
    counts: Counter[str] = Counter()
    for row in sample.generate("ner", "train"):
        labels = [label for *_, label in row["ner"]] + [label for *_, label in row["relations"]]
        counts.update(part for text in (*row["tokenized_text"], *labels) for part in text.split() if part.isalpha())
    return counts


def _characters() -> list[str]:
    """What European text is made of: Latin, Greek and Cyrillic letters, digits, punctuation and signs."""
    blocks = (
        range(0x21, 0x250),
        range(0x370, 0x530),
        range(0x1E00, 0x1F00),
        range(0x2010, 0x2070),
        range(0x20A0, 0x20C0),
    )
    return [chr(code) for block in blocks for code in block if unicodedata.category(chr(code))[0] in "LNPS"]
