"""Where every config key goes: one table from leaf to destination object and attribute.

A destination is one of
- a library object: GLiNERConfig or GLiClassModelConfig (by task), TrainingArguments, RLTrainerConfig, LoraConfig and
  the config classes of peft's other methods, EarlyStoppingCallback;
- `adapters.wrap`: the function that puts adapters on (gliexp/models/adapters/wrap.py), which takes it as a setting;
- `environment`: a variable that a library reads (cli/train.py sets them before the run's imports);
- `config`: the value flows into another key by interpolation (the attribute is that key) or is carried there;
- a module of gliexp that reads the key itself, by its dotted name (the attribute is the key).
Whether a key has an effect under the chosen architecture is said by config/inert.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from gliexp.config import inert, legacy
from gliexp.config.keys import index
from gliexp.config.peft_rules import FOUR_BIT, LORA_FIELDS, OF_METHOD
from gliexp.config.rule import Inert
from gliexp.config.schema import Config
from gliexp.config.schema.classifier import Classifier
from gliexp.config.schema.data import Augmentation
from gliexp.config.schema.gliclass_arguments import GliclassArguments
from gliexp.config.schema.model import Model
from gliexp.config.schema.rl import Policy
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.config.schema.training_arguments import TrainingArguments

GLINER_CONFIG = "GLiNERConfig"
GLICLASS_CONFIG = "GLiClassModelConfig"
TRAINING_ARGUMENTS = "TrainingArguments"
RL_CONFIG = "RLTrainerConfig"
LORA_CONFIG = "LoraConfig"
OTHER_METHODS = {"adalora": "AdaLoraConfig", "ia3": "IA3Config", "vera": "VeraConfig", "partial": "adapters.wrap"}
WRAP = "adapters.wrap"
EARLY_STOPPING = "EarlyStoppingCallback"
ENVIRONMENT = "environment"
CONFIG = "config"
PEFT_OBJECTS = (LORA_CONFIG, *OTHER_METHODS.values())
OBJECTS = (GLINER_CONFIG, GLICLASS_CONFIG, TRAINING_ARGUMENTS, RL_CONFIG, *PEFT_OBJECTS, EARLY_STOPPING, ENVIRONMENT)

PLAIN, FUSED = "adamw_torch", "adamw_torch_fused"

STREAMING_TYPE = "gliner_streaming_span"


def _same(value: Any, _config: Config) -> Any:
    return value


@dataclass(frozen=True)
class Route:
    """A leaf's destination; `translate` makes the attribute's value from the leaf's and the whole config."""

    object: str
    attribute: str
    translate: Callable[[Any, Config], Any] = _same


@dataclass(frozen=True)
class Routed:
    """Destination object → attribute → value for the library's objects, and the keys without effect."""

    objects: dict[str, dict[str, Any]]
    inert: tuple[Inert, ...] = ()


def _seed_of_data(value: Any, config: Config) -> Any:
    return config.training.seed if value is None else value


def _text_encoder(value: Any, config: Config) -> Any:
    return config.model.model_name if value is None else value


def _optimizer(value: Any, config: Config) -> Any:
    return FUSED if value == PLAIN and config.training.fused_adamw else value


_TRANSLATED = {
    "training.optim": _optimizer,
    "model.encoder_model": _text_encoder,
    "training.data_seed": _seed_of_data,
}

# Keys that flow into another one: through an interpolation in conf/, or because the group writes it there.
_FLOWS = {
    "backbone.model_name": "model.model_name",
    "backbone.attn_implementation": "model.attn_implementation",
    "backbone.hidden_size": "model.hidden_size",
    "backbone.dropout": "model.dropout",
    "backbone.identity_start": "model.identity_start",
    "backbone.num_train_epochs": "training.num_train_epochs",
    "backbone.batch_size": "training.per_device_train_batch_size",
    "backbone.labels_encoder": "model.labels_encoder",
    "backbone.labels_decoder": "model.labels_decoder",
    "backbone.causal": "model.model_name",
    "backbone.learning_rate": "training.learning_rate",
    "backbone.others_lr": "training.others_lr",
    "backbone.finetune_learning_rate": "training.learning_rate",
    "backbone.adapter_learning_rate": "training.learning_rate",
    "backbone.finetune_others_lr": "training.others_lr",
    "backbone.name": "run.name",
    "tracking.use.wandb": "training.report_to",
    "tracking.use.tensorboard": "training.report_to",
    "tracking.use.trackio": "training.report_to",
    "tracking.use.mlflow": "training.report_to",
}

_VARIABLES = {
    "launch.threads": "OMP_NUM_THREADS",
    "launch.huge_pages": "THP_MEM_ALLOC_ENABLE",
}

STAGES = "gliexp.runs.stages"
WAYS = "gliexp.runs.ways"
BASE = "gliexp.runs.base"
HUB = "gliexp.runs.hub.repository"
WANDB = "gliexp.runs.tracking.weights_and_biases"
TRACKIO = "gliexp.runs.tracking.trackio"
CLASSIFICATION_STAGES = "gliexp.runs.classification"
REINFORCEMENT_STAGES = "gliexp.runs.reinforcement"

# Keys that a module of gliexp reads by itself.
_READERS = {
    "run.task": "gliexp.runs.directory",
    "run.name": "gliexp.runs.directory",
    "run.root": "gliexp.runs.directory",
    "run.seed": STAGES,
    "backbone.trust_remote_code": BASE,
    "model.from_pretrained": BASE,
    "model.prior_probability": STAGES,
    "model.identity_start": STAGES,
    "run.tags": "gliexp.runs.train",
    "training.on_bad_step": "gliexp.runs.prepared",
    "training.zero_loss_steps": "gliexp.runs.prepared",
    "training.on_unreached": "gliexp.runs.prepared",
    "training.disable_tqdm": "gliexp.runs.prepared",
    "run.notes": "gliexp.runs.train",
    "data.license": "gliexp.runs.train",
    "training.report_to": "gliexp.runs.tracking.trackers",
    "training.run_name": WANDB,
    "tracking.project": WANDB,
    "tracking.entity": WANDB,
    "tracking.group": WANDB,
    "tracking.job_type": WANDB,
    "tracking.mode": WANDB,
    "tracking.log_model": WANDB,
    "tracking.log_errors": "gliexp.runs.train",
    "tracking.log_dir": "gliexp.runs.tracking.tensorboard",
    "training.trackio_space_id": TRACKIO,
    "training.trackio_bucket_id": TRACKIO,
    "training.trackio_static_space_id": TRACKIO,
    # the HF Trainer's own pushes would upload its pickled arguments, and their failure would end the run
    "training.push_to_hub": HUB,
    "training.hub_token": HUB,
    "training.hub_model_id": HUB,
    "training.hub_private_repo": HUB,
    "training.hub_revision": HUB,
    "training.hub_strategy": "gliexp.runs.hub.publishing",
    "training.hub_always_push": "gliexp.runs.hub.publishing",
    "run.rerun": "gliexp.launch.sweep",
    "launch.mode": "gliexp.config.launch_checks",
    "launch.processes": "gliexp.config.launch_checks",
    "launch.nodes": "gliexp.launch.start",
    "run.fail_fast": "gliexp.cli.sweep",
    "backbone.revision": BASE,
    "peft.enabled": BASE,
    "peft.init_from": BASE,
    "peft.save": "gliexp.runs.entity_ending",
    "backbone.attention_modules": BASE,
    "backbone.mlp_modules": BASE,
    "data.train_data": "gliexp.data.splits",
    "data.val_data": "gliexp.data.splits",
    "data.retention": "gliexp.data.retained",
    "data.test_data": "gliexp.data.splits",
    "data.format": "gliexp.data.splits",
    "data.fields.tokens": "gliexp.data.manner",
    "data.fields.text": "gliexp.data.manner",
    "data.fields.ner": "gliexp.data.manner",
    "data.fields.relations": "gliexp.data.manner",
    "data.fields.labels": "gliexp.data.manner",
    "data.columns.separator": "gliexp.data.manner",
    "data.columns.header": "gliexp.data.manner",
    "data.columns.names": "gliexp.data.manner",
    "data.columns.token": "gliexp.data.manner",
    "data.columns.tag": "gliexp.data.manner",
    "data.columns.sentence": "gliexp.data.manner",
    "data.tag_names": "gliexp.data.splits",
    "data.label_names": "gliexp.data.source",
    "data.label_descriptions": STAGES,
    "data.cache": "gliexp.data.source",
    "data.cache_dir": "gliexp.data.source",
    "data.entity_labels": "gliexp.data.splits",
    "data.relation_labels": "gliexp.data.splits",
    "data.label_sampling": STAGES,
    "data.mention_swap": STAGES,
    "training.label_balance": STAGES,
    "training.layerwise_lr_decay": STAGES,
    "training.max_batch_tokens": STAGES,
    "training.fused_adamw": "gliexp.config.routing",
    **{f"training.{name}": WAYS for name in ("matrix_library", "cheap_dropout", "unpadded", "folded_heads")},
    "training.resume_anyway": "gliexp.runs.resume",
    "data.threshold": STAGES,
    "data.flat_ner": STAGES,
    "data.on_loss": "gliexp.runs.shown",
    "data.long_doc_chunking.enabled": "gliexp.runs.shown",
    "data.long_doc_chunking.max_words": "gliexp.runs.shown",
    "data.long_doc_chunking.stride": "gliexp.runs.shown",
    "data.long_doc_chunking.drop_empty_chunks": "gliexp.runs.shown",
    "data.long_doc_chunking.respect_sentences": "gliexp.runs.shown",
}

# What both libraries' configs know, and what classification reads beside or in place of _READERS.
SHARED = ("dropout", "encoder_config", "attn_implementation")
_CLASSIFICATION_READERS = {
    "model.max_neg_type_ratio": CLASSIFICATION_STAGES,
    "model.fine_tune": CLASSIFICATION_STAGES,
    "data.fields.text": "gliexp.data.classes",
    "data.fields.all_labels": "gliexp.data.classes",
    "data.fields.true_labels": "gliexp.data.classes",
    "data.fields.prompt": "gliexp.data.classes",
    "data.fields.examples": "gliexp.data.classes",
    "data.class_labels": "gliexp.data.classes",
    "data.max_length": CLASSIFICATION_STAGES,
    "data.labels_at_once": CLASSIFICATION_STAGES,
    **{f"data.augmentation.{field.name}": "gliexp.data.augmentation" for field in fields(Augmentation)},
    "data.label_descriptions": "gliexp.data.augmentation",
    "data.columns.labels_separator": "gliexp.data.classes",
    "data.previous_data": "gliexp.data.previous",
    "rl.reward_components": REINFORCEMENT_STAGES,
    "rl.reference_model": REINFORCEMENT_STAGES,
    "rl.value_model": REINFORCEMENT_STAGES,
    "rl.supervised_share": REINFORCEMENT_STAGES,
    "rl.rate_factor": REINFORCEMENT_STAGES,
}
_CLASSIFICATION_FLOWS = {
    "model.model_name": "model.encoder_model",
    "backbone.labels_encoder": "model.label_model_name",
}


@cache
def table(task: str = "ner") -> dict[str, Route]:
    """Every leaf's route under a task, in the schema's order.

    A leaf without one has no effect at all under it (config/inert.py says why).
    """
    classifies = task in CLASSIFICATION_TASKS
    routes: dict[str, Route] = {}
    of_gliclass = {field.name for field in fields(Classifier)}
    for field in fields(Model):
        attribute = "_attn_implementation" if field.name == "attn_implementation" else field.name
        if not classifies and field.name not in of_gliclass:
            routes[f"model.{field.name}"] = Route(GLINER_CONFIG, attribute)
        if classifies and (field.name in of_gliclass or field.name in SHARED):
            routes[f"model.{field.name}"] = Route(GLICLASS_CONFIG, attribute)
    for field in fields(TrainingArguments):
        routes[f"training.{field.name}"] = Route(TRAINING_ARGUMENTS, field.name)
    if classifies:
        routes |= {
            f"training.{field.name}": Route(TRAINING_ARGUMENTS, field.name) for field in fields(GliclassArguments)
        }
        routes |= {f"rl.{field.name}": Route(RL_CONFIG, field.name) for field in fields(Policy)}
    for name in ("early_stopping_patience", "early_stopping_threshold"):
        routes[f"training.{name}"] = Route(EARLY_STOPPING, name)
    for name in LORA_FIELDS:
        routes[f"peft.{name}"] = Route(LORA_CONFIG, name)
    for method, names in OF_METHOD.items():
        routes |= {f"peft.{name}": Route(OTHER_METHODS[method], name) for name in names}
    for name in (*FOUR_BIT, "method", "text_encoder", "labels_encoder", "label_decoder", "heads"):
        routes[f"peft.{name}"] = Route(WRAP, name)
    routes |= {key: Route(ENVIRONMENT, name) for key, name in _VARIABLES.items()}
    for old, target in legacy.CARRIED.items():
        routes[f"training.{old}"] = Route(CONFIG, f"training.{target.key}")
    routes |= {key: Route(CONFIG, target) for key, target in _FLOWS.items()}
    routes |= {key: Route(module, key) for key, module in _READERS.items()}
    if classifies:
        routes |= {key: Route(CLASSIFICATION_STAGES, key) for key, module in _READERS.items() if module == STAGES}
        routes |= {key: Route(module, key) for key, module in _CLASSIFICATION_READERS.items()}
        routes |= {key: Route(CONFIG, target) for key, target in _CLASSIFICATION_FLOWS.items()}
    for key in _TRANSLATED.keys() & routes.keys():
        translate = _TRANSLATED[key]
        routes[key] = Route(routes[key].object, routes[key].attribute, translate)
    return {key: routes[key] for key in index() if key in routes}


def value_at(config: Config, key: str) -> Any:
    """The value of a dotted key."""
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def route(config: Config) -> Routed:
    """Send every leaf to its destination.

    `objects` maps GLiNERConfig or GLiClassModelConfig, TrainingArguments, LoraConfig and EarlyStoppingCallback to their
    keyword arguments, `environment` to variables that must be set. `inert` lists the keys without effect, with reasons.
    """
    objects: dict[str, dict[str, Any]] = {name: {} for name in OBJECTS}
    for key, way in table(config.run.task).items():
        if way.object in objects:
            objects[way.object][way.attribute] = way.translate(value_at(config, key), config)
    found = tuple(inert.find(config))
    dead = {item.key for item in found}
    objects[ENVIRONMENT] = {
        name: str(int(value_at(config, key)))
        for key, name in _VARIABLES.items()
        if key not in dead and value_at(config, key) is not None
    }
    if config.run.task == "streaming":
        objects[GLINER_CONFIG]["model_type"] = STREAMING_TYPE
    return Routed(objects, found)
