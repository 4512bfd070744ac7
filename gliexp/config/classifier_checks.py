"""What GLiClass cannot train, said before anything is built: combinations that crash in the library or mean nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gliexp.config import reinforcement_checks
from gliexp.config.checks import Look
from gliexp.config.report import Report
from gliexp.config.schema import Config
from gliexp.config.schema.classifier import BI, DECODER_KV, FUSED, SEQ2SEQ, SEQ2SEQ_CLS, UNI
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.errors import Problem

ENCODERS_ONLY = ("tiny", "minilm")
"""Built-in backbones that have no decoder."""


def problems(config: Config, report: Report) -> Iterator[Problem]:
    """Every impossible combination of a classification config; nothing for other tasks or a saved model."""
    if config.run.task not in CLASSIFICATION_TASKS:
        return
    look = Look(config, report)
    yield from _task(look)
    yield from _consolidation(look)
    yield from _descriptions(look)
    yield from reinforcement_checks.problems(look)
    if config.model.from_pretrained is None:
        for check in (_backbone, _scorer, _layers, _slots, _media):
            yield from check(look)


def _task(look: Look) -> Iterator[Problem]:
    ratio = look.config.training.label_smoothing_factor
    if ratio:
        yield look.problem("training.label_smoothing_factor", "GLiClass computes its own loss and ignores it", "0")


def _consolidation(look: Look) -> Iterator[Problem]:
    """What EWC holds must have been learned before, from rows that are at hand."""
    if not look.config.training.use_ewc:
        return
    if not look.config.data.previous_data:
        message = "null, but training.use_ewc=true asks it which weights are needed"
        yield look.problem("data.previous_data", message, "a file or files that the saved model learned from")
    if look.config.model.from_pretrained is None and look.config.peft.init_from is None:
        message = "null, but training.use_ewc=true holds on to what a model has learned"
        yield look.problem("model.from_pretrained", message, "a run or a saved GLiClass")


def _descriptions(look: Look) -> Iterator[Problem]:
    shape = "label to {descriptions: [text, ...], synonyms: [text, ...]}"
    for label, known in (look.config.data.label_descriptions or {}).items():
        right = isinstance(known, dict) and known and set(known) <= {"descriptions", "synonyms"}
        if not right or not all(
            isinstance(lines, list) and all(isinstance(line, str) and line.strip() for line in lines)
            for lines in known.values()
        ):
            yield look.problem("data.label_descriptions", f"does not accept {known!r} for {label}", shape)


def _backbone(look: Look) -> Iterator[Problem]:
    """The backbone must be able to play the part; hub names are looked at when they are loaded."""
    model, backbone = look.config.model, look.config.backbone
    needs = {SEQ2SEQ: "an encoder-decoder (T5, BART)", SEQ2SEQ_CLS: "an encoder-decoder (T5, BART)"}
    needs[DECODER_KV] = "a Qwen3 decoder, such as backbone=qwen3_0_6b"
    name = model.encoder_model or model.model_name
    if model.architecture_type in needs and name in ENCODERS_ONLY:
        allowed = needs[model.architecture_type]
        yield look.problem(
            "model.architecture_type", f"{model.architecture_type} cannot use the encoder {name}", allowed
        )
    if model.architecture_type in (BI, FUSED) and not model.label_model_name:
        message = f"null, but architecture_type={model.architecture_type} needs a label encoder"
        yield look.problem("model.label_model_name", message, f"a name, such as {backbone.model_name}")


def _scorer(look: Look) -> Iterator[Problem]:
    """cross-attn reads all words, so it needs the pooling that passes them on, and no other scorer can take that."""
    model = look.config.model
    if model.architecture_type == DECODER_KV:
        return
    if model.scorer_type == "cross-attn" and model.architecture_type not in (UNI, SEQ2SEQ):
        message = f"cross-attn needs every word of the text, which {model.architecture_type} does not hand to it"
        yield look.problem("model.scorer_type", message, "architecture_type uni-encoder or encoder-decoder")
    elif model.scorer_type == "cross-attn" and model.pooling_strategy != "pass":
        message = f"cross-attn needs every word of the text, pooling_strategy={model.pooling_strategy} leaves one"
        yield look.problem("model.scorer_type", message, "model.pooling_strategy=pass")
    elif model.scorer_type != "cross-attn" and model.pooling_strategy == "pass":
        message = f"pass keeps every word, the scorer {model.scorer_type} takes one vector a text"
        yield look.problem("model.pooling_strategy", message, "another pooling, or model.scorer_type=cross-attn")


def _layers(look: Look) -> Iterator[Problem]:
    model = look.config.model
    if model.squeeze_layers:
        message = "crashes in gliclass: it counts one encoder layer too few (layers.py:265)"
        yield look.problem("model.squeeze_layers", message, "false")
    if model.encoder_layer_id != -1:
        message = "others than -1 crash in gliclass, which does not keep the layers (model.py:560)"
        yield look.problem("model.encoder_layer_id", message, "-1")
    if model.extract_text_features and model.architecture_type == UNI and not model.prompt_first:
        message = "with prompt_first=false it would keep what follows the labels, which is not the text"
        yield look.problem("model.extract_text_features", message, "false, or model.prompt_first=true")


def _slots(look: Look) -> Iterator[Problem]:
    model = look.config.model
    slots = model.max_labels_alloc
    if slots not in ("dynamic", "fixed") and not (isinstance(slots, int) and slots >= 1):
        yield look.problem("model.max_labels_alloc", f"does not accept {slots!r}", "dynamic, fixed, a whole number")
    if model.recurrent_min_steps > model.recurrent_steps:
        yield look.problem(
            "model.recurrent_min_steps", f"is above recurrent_steps={model.recurrent_steps}", "at most that"
        )


def _media(look: Look) -> Iterator[Problem]:
    model = look.config.model
    if model.use_calibrator:
        message = "the calibrator is fitted after training (gliclass/calibration.py); in training it gets no gradient"
        yield look.problem("model.use_calibrator", message, "false")
    if model.multimodal:
        yield look.problem("model.multimodal", "gliexp trains on text", "false")
