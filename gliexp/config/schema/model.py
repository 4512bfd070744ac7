"""The `model` section: every field of gliner's and gliclass's config classes under its real name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config.schema.classifier import Classifier
from gliexp.config.schema.key import GLINER, HF_TRANSFORMER, SCRIPT, key

SPAN_MODES = (
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
    "token_level",
)
RELATIONS_LAYERS = ("none", "dot", "mlp", "bilinear", "gcn")
ANY_SIZE_TRIPLES = ("UM", "SE", "TransE", "DistMult", "SimplE", "DistMA", "ComplEx", "QuatE", "HolE")
SIZE_768_TRIPLES = ("TransH", "TransF", "PairRE", "TripleRE", "TuckER", "ERMLP", "ConvKB")


@dataclass
class Encoding:
    """Text in, word vectors out."""

    from_pretrained: str | None = key(
        None, "Saved GLiNER (hub or directory) to go on training; null starts anew", SCRIPT
    )
    prior_probability: float | None = key(
        None, "What a fresh model says of any span; null leaves the library's even start", SCRIPT, above=0, below=1
    )
    identity_start: bool = key(
        False, "Start a fresh markerV0 model with projections that pass the encoder's vectors on", SCRIPT
    )
    model_name: str = key("microsoft/deberta-v3-small", "Text encoder; set by the group `backbone`", GLINER)
    name: str = key("gliner", "Name written into the saved config", GLINER)
    fine_tune: bool = key(True, "Train the backbone; gliexp freezes it on false (gliner itself ignores this)", GLINER)
    hidden_size: int = key(
        512, "Width of the heads; another width than the backbone's adds a projection", GLINER, minimum=2
    )
    dropout: float = key(0.4, "Dropout in the heads", GLINER, minimum=0, below=1)
    subtoken_pooling: str = key(
        "first", "How sub-tokens become a word", GLINER, choices=("first", "last", "mean", "max")
    )
    words_splitter_type: str = key(
        "whitespace",
        "Splits raw text into words (at inference)",
        GLINER,
        choices=("whitespace", "universal", "spacy", "mecab", "jieba", "hanlp", "janome", "camel", "hindi", "stanza"),
    )
    max_len: int = key(384, "Words per example; longer ones are cut", GLINER, minimum=1)
    num_rnn_layers: int = key(1, "LSTM layers over the words; 0 for none", GLINER, minimum=0)
    fuse_layers: bool = key(False, "Mix all encoder layers instead of taking the last", GLINER)
    post_fusion_schema: str | None = key(
        "", "Attention between text and labels: l2l, l2t, t2l, t2t joined by -", GLINER
    )
    num_post_fusion_layers: int = key(1, "How often that schema is repeated", GLINER, minimum=1)
    encoder_config: dict[str, Any] | None = key(None, "Backbone config in place of the pretrained one", HF_TRANSFORMER)
    attn_implementation: str | None = key(
        None,
        "Attention kernel (gliner's _attn_implementation); null takes the backbone's",
        HF_TRANSFORMER,
        choices=("eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention"),
    )
    vocab_size: int = key(-1, "Size of the token table; gliner overwrites it", GLINER)
    class_token_index: int = key(-1, "Id of the entity marker; gliner overwrites it", GLINER)


@dataclass
class Labelling:
    """Labels, spans and the entity losses."""

    span_mode: str = key(
        "markerV0", "How a span is represented; set by the group `span_mode`", GLINER, choices=SPAN_MODES
    )
    max_width: int = key(12, "Words per entity; wider ones cannot be learned by span models", GLINER, minimum=1)
    max_types: int = key(25, "Labels per training row", GLINER, minimum=1)
    max_neg_type_ratio: int = key(1, "Sampled negative labels per gold label", GLINER, minimum=0)
    ent_token: str = key("<<ENT>>", "Marker before each entity label", GLINER)
    sep_token: str = key("<<SEP>>", "Marker between labels and text", GLINER)
    embed_ent_token: bool = key(True, "Represent a label by its marker instead of its words", GLINER)
    span_encoder_config: dict[str, Any] | None = key(
        None, "Extra encoder before spans: model_type rnn or deberta-v2", GLINER
    )
    token_loss_coef: float = key(1.0, "Weight of the token loss", GLINER, minimum=0)
    span_loss_coef: float = key(1.0, "Weight of the span loss", GLINER, minimum=0)
    represent_spans: bool = key(False, "Token models: score whole spans too", GLINER)
    neg_spans_ratio: float = key(1.0, "Negative spans per gold span, with represent_spans", GLINER, minimum=0)
    precomputed_prompts_mode: bool | None = key(None, "Labels baked into the model; set by gliner's own export", GLINER)
    id_to_classes: dict[str, Any] | None = key(None, "Names of baked-in labels, with precomputed_prompts_mode", GLINER)


@dataclass
class Companions:
    """Second networks: label encoder, label decoder, streaming backbone."""

    labels_encoder: str | None = key(None, "Encoder of the labels (task=biencoder)", GLINER)
    labels_encoder_config: dict[str, Any] | None = key(
        None, "Its config, or that of streaming's label encoder", HF_TRANSFORMER
    )
    labels_decoder: str | None = key(None, "Language model that writes labels (task=decoder)", GLINER)
    labels_decoder_config: dict[str, Any] | None = key(
        None, "Its config in place of the pretrained one", HF_TRANSFORMER
    )
    decoder_mode: str = key("span", "How spans reach the decoder; prompt crashes in gliner", GLINER, choices=("span",))
    full_decoder_context: bool = key(True, "The decoder sees all words of a span", GLINER)
    blank_entity_prob: float = key(
        0.1, "Share of examples whose labels the decoder must guess", GLINER, minimum=0, maximum=1
    )
    decoder_loss_coef: float = key(0.5, "Weight of the decoder's loss", GLINER, minimum=0)
    decoder_config: dict[str, Any] | None = key(None, "Streaming: config of the causal backbone", HF_TRANSFORMER)
    label_token: str = key("<<LABEL>>", "Streaming: marker before each label", GLINER)
    sep_token_index: int = key(-1, "Streaming: id of the separator; gliner overwrites it", GLINER)
    max_cache_length: int | None = key(None, "Streaming: words kept in the cache at inference", GLINER, minimum=1)
    right_context_width: int | None = key(None, "Streaming: later words that may revise a span", GLINER, minimum=0)


@dataclass
class Relations:
    """Relation extraction. The augmentation of gliner, on by default there, is off here."""

    relations_layer: str | None = key(
        None, "Scorer of entity pairs; `none` scores in one step, null is plain NER", GLINER, choices=RELATIONS_LAYERS
    )
    triples_layer: str | None = key(
        None,
        "Scorer of head, relation, tail; null for the default",
        GLINER,
        choices=(*ANY_SIZE_TRIPLES, *SIZE_768_TRIPLES),
    )
    rel_token: str = key("<<REL>>", "Marker before each relation label", GLINER)
    embed_rel_token: bool = key(True, "Represent a relation label by its marker instead of its words", GLINER)
    rel_token_index: int = key(-1, "Id of the relation marker; gliner overwrites it", GLINER)
    adjacency_loss_coef: float = key(1.0, "Weight of the pair loss", GLINER, minimum=0)
    relation_loss_coef: float = key(1.0, "Weight of the relation loss", GLINER, minimum=0)
    augment_data_prob: float = key(0.0, "Share of rows whose types are dropped at random", GLINER, minimum=0, maximum=1)
    augment_ent_drop_prob: list[float] = key([0.0, 1.0], "Range of the share of dropped entity types", GLINER)
    augment_rel_drop_prob: list[float] = key([0.0, 0.3], "Range of the share of dropped relation types", GLINER)
    augment_add_other_prob: float = key(
        0.5, "Chance of an `other` relation on an augmented row", GLINER, minimum=0, maximum=1
    )
    rel_id_to_classes: dict[str, Any] | None = key(None, "Names of baked-in relation labels", GLINER)


@dataclass
class Model(Classifier, Relations, Companions, Labelling, Encoding):
    """All of it in one flat section, in the order encoding, labelling, companions, relations, classifier."""
