"""The part of the `model` section that only GLiClass knows, under the library's names and defaults.

What both libraries know (hidden_size, dropout, encoder_config, vocab_size …) stands in schema/model.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config.schema.key import GLICLASS, HF_TRANSFORMER, key

UNI, BI, FUSED = "uni-encoder", "bi-encoder", "bi-encoder-fused"
SEQ2SEQ, SEQ2SEQ_CLS, DECODER_KV = "encoder-decoder", "encoder-decoder-cls", "decoder-kv"
ARCHITECTURES = (UNI, BI, FUSED, SEQ2SEQ, SEQ2SEQ_CLS, DECODER_KV)
SCORERS = ("simple", "weighted-dot", "mlp", "hopfield", "cross-attn")
POOLINGS = ("max", "first", "last", "avg", "sum", "rms", "abs_max", "abs_avg", "pass")
SINGLE, MULTI, REGRESSION = "single_label_classification", "multi_label_classification", "regression"
PROBLEMS = (SINGLE, MULTI, REGRESSION)
ACTIVATIONS = ("gelu", "gelu_new", "relu", "silu", "tanh", "sigmoid", "mish", "linear", "quick_gelu", "leaky_relu")


@dataclass
class Classes:
    """How text and labels are read, pooled and scored."""

    architecture_type: str = key(UNI, "How text and labels are encoded", GLICLASS, choices=ARCHITECTURES)
    encoder_model: str | None = key(None, "Text encoder; null takes model.model_name", GLICLASS)
    label_model_name: str | None = key(None, "Label encoder of the bi-encoders", GLICLASS)
    label_model_config: dict[str, Any] | None = key(None, "Its config in place of the pretrained one", HF_TRANSFORMER)
    text_token_index: int = key(-1, "Id of the separator before the text; gliexp measures it", GLICLASS)
    example_token_index: int = key(-1, "Id of the marker before an example; gliexp measures it", GLICLASS)
    ignore_index: int = key(-100, "Target of a label slot that is only padding", GLICLASS, below=0)
    projector_hidden_act: str = key("gelu", "Activation of the projections", GLICLASS, choices=ACTIVATIONS)
    problem_type: str | None = key(
        SINGLE, "Kind of task, which chooses the loss; null reads it off the targets", GLICLASS, choices=PROBLEMS
    )
    max_num_classes: int = key(
        25, "Labels offered with a training row; for encoder-decoders the most the model can score", GLICLASS, minimum=1
    )
    max_labels_alloc: Any = key(
        "dynamic",
        "Label slots of a batch: dynamic, fixed (max_num_classes) or a number",
        GLICLASS,
        kinds=("str", "int"),
    )
    scorer_type: str = key("simple", "How text and label become a score", GLICLASS, choices=SCORERS)
    scorer_num_heads: int = key(16, "Heads of the scorer cross-attn", GLICLASS, minimum=1)
    scorer_mlp_hidden_size: int = key(1024, "Width inside the scorers cross-attn and decoder-kv", GLICLASS, minimum=2)
    scorer_attn_dropout: float = key(0.1, "Dropout of cross-attn's attention", GLICLASS, minimum=0, below=1)
    scorer_encoder_num_layers: int = key(2, "Layers of decoder-kv's scorer", GLICLASS, minimum=1)
    scorer_full_sequence: bool = key(False, "decoder-kv's scorer reads the text too; the library ignores it", GLICLASS)
    pooling_strategy: str = key("first", "How words become one text vector", GLICLASS, choices=POOLINGS)
    class_token_pooling: str = key(
        "first", "A label is its marker, or the average of its words", GLICLASS, choices=("first", "average")
    )
    embed_class_token: bool = key(True, "A label is its marker; false takes the word after it", GLICLASS)
    prompt_first: bool = key(False, "Labels go before the text", GLICLASS)
    extract_text_features: bool = key(False, "Pool the text alone, without the labels' words", GLICLASS)
    use_segment_embeddings: bool = key(False, "Mark labels, text and examples by an embedding", GLICLASS)
    use_lstm: bool = key(False, "LSTM over the words", GLICLASS)
    squeeze_layers: bool = key(False, "Mix all encoder layers; crashes in the library", GLICLASS)
    layer_wise: bool = key(False, "Train on every encoder layer's output", GLICLASS)
    encoder_layer_id: int = key(-1, "Encoder layer to read; others than the last crash in the library", GLICLASS)
    normalize_features: bool = key(False, "Scale text and label vectors to length 1", GLICLASS)
    logit_scale_init_value: float = key(2.6592, "First factor on the scores", GLICLASS)
    initializer_range: float = key(0.03, "Spread of new weights", GLICLASS, above=0)
    focal_loss_alpha: float = key(0.5, "Weight of positives; below 0 switches it off", GLICLASS, minimum=-1, maximum=1)
    focal_loss_gamma: float = key(2.0, "Focus of the loss on hard examples", GLICLASS, minimum=0)
    focal_loss_reduction: str | None = key(None, "Mean over real labels, or sum", GLICLASS, choices=("mean", "sum"))
    contrastive_loss_coef: float = key(0.0, "Weight of a loss that keeps labels apart", GLICLASS, minimum=0)


@dataclass
class Reasoning:
    """decoder-kv: recurrent steps over the labels, media, and the calibrator that is fitted afterwards."""

    recurrent_steps: int = key(1, "Most steps of the recurrence; 1 is none", GLICLASS, minimum=1)
    recurrent_min_steps: int = key(1, "Fewest steps in training", GLICLASS, minimum=1)
    recurrent_inference: bool = key(True, "Recur at inference too", GLICLASS)
    recurrent_inference_max_steps: int | None = key(None, "Most steps at inference", GLICLASS, minimum=1)
    recurrent_halt_threshold: float | None = key(0.01, "Change below which inference stops", GLICLASS, minimum=0)
    recurrent_improvement_coef: float = key(0.1, "Weight of the loss for better later steps", GLICLASS, minimum=0)
    recurrent_improvement_margin: float = key(0.05, "By how much they must be better", GLICLASS, minimum=0, below=1)
    recurrent_bptt_steps: int | None = key(None, "Steps that the gradient goes back", GLICLASS, minimum=1)
    recurrent_read_text: bool = key(False, "Every step reads the text again", GLICLASS)
    recurrent_confidence_coef: float = key(0.0, "Weight of the loss for surer later steps", GLICLASS, minimum=0)
    recurrent_confidence_mode: str = key(
        "relative", "Surer than the step before, or simply sure", GLICLASS, choices=("relative", "absolute")
    )
    recurrent_confidence_margin: float = key(0.0, "By how much they must be surer", GLICLASS, minimum=0, below=1)
    use_calibrator: bool = key(False, "Calibrated scores; fitted by gliclass after training", GLICLASS)
    calibrator_hidden_size: int = key(256, "Width of the calibrator", GLICLASS, minimum=1)
    calibrator_beta_max: float = key(3.0, "Largest inverse temperature", GLICLASS, above=0)
    calibrator_dropout: float = key(0.1, "Dropout of the calibrator", GLICLASS, minimum=0, below=1)
    calibrator_use_bias: bool = key(False, "The calibrator shifts scores too", GLICLASS)
    multimodal: bool = key(False, "Read images and audio; gliexp trains on text", GLICLASS)
    freeze_media_encoders: bool = key(True, "Keep their encoders as they are", GLICLASS)
    use_embedding_projection: bool | None = key(None, "Keep EmbeddingGemma's projection", GLICLASS)


@dataclass
class Classifier(Reasoning, Classes):
    """All of it in one flat section."""
