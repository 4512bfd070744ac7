"""Configurations that are wrong, generated from the schema: each with the key (or group) that the refusal must name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from gliexp.config.groups import Groups
from gliexp.config.keys import Key, index, sections


class Bad(NamedTuple):
    """Overrides that must be refused, and what the refusal names."""

    named: str
    overrides: tuple[str, ...]

    @property
    def id(self) -> str:
        return " ".join(self.overrides)[:90]


def wrong_values(key: Key) -> Iterator[str]:
    """Values that the key must not take, by its type and limits as the schema declares them."""
    hint, limits = str(key.hint), key.limits
    if limits.kinds:
        shapes = {"str": "word", "list": "[1]", "dict": "{a: 1}", "bool": "true", "int": "7"}
        accepted = {*limits.kinds, *(["int"] if "bool" in limits.kinds else [])}
        yield from (text for kind, text in shapes.items() if kind not in accepted and "int" not in accepted)
        return
    if "dict" in hint:
        yield from ("[1, 2]", "7", "word")
    elif "list" in hint:
        yield from ("{a: 1}", "{a: [1]}")
        if "int" in hint or "float" in hint:
            yield "[word]"
    elif "bool" in hint:
        yield from ("maybe", "2.5", "[true]", "{a: 1}")
    elif "int" in hint:
        yield from ("many", "1.5", "[1]", "{a: 1}", "inf")
    elif "float" in hint:
        yield from ("many", "nan", "inf", "-inf", "[1.0]", "{a: 1}")
    elif "str" in hint:
        yield from ("[a]", "{a: 1}")
    if limits.choices:
        yield "no_such_choice"
    if limits.minimum is not None:
        yield f"{int(limits.minimum) - 1}"
    if limits.above is not None:
        yield f"{limits.above:g}"
    if limits.maximum is not None:
        yield f"{int(limits.maximum) + 1}"
    if limits.below is not None:
        yield f"{limits.below:g}"
    if "None" not in hint:
        yield "null"


def values() -> list[Bad]:
    """Every key with every value that it must not take; secrets take any text."""
    return [
        Bad(key.path, (f"{key.path}={text}",))
        for key in index().values()
        if (not key.limits.secret and key.hint is not Any) or key.limits.kinds
        for text in wrong_values(key)
    ]


def names() -> list[Bad]:
    """Every fifth key misspelt, a section as a value, and every group with an option that it has not."""
    found = []
    for path in list(index())[::5]:
        section, _, leaf = path.rpartition(".")
        wrong = f"{section}.{leaf[:1]}{leaf[2:]}x"
        if wrong not in index() and wrong not in sections():
            found.append(Bad(wrong, (f"{wrong}=1",)))
    found += [Bad(section, (f"{section}=7",)) for section in sorted(sections()) if section not in Groups.read().names()]
    found += [Bad(group, (f"{group}=nothing_of_the_kind",)) for group in Groups.read().names()]
    found += [Bad(word, (f"{word}=1",)) for word in ("bogus", "lr", "epochs", "batch_size", "seed", "traning.seed")]
    return [
        *found,
        Bad("training.seed", ("~training.seed",)),
        Bad("nothing", ("nothing",)),
        Bad("bogus", ("+bogus.a=1",)),
    ]


PAIRS = [
    ("model.labels_encoder", "task=ner", "model.labels_encoder=tiny"),
    ("model.labels_decoder", "task=ner", "model.labels_decoder=tiny_causal"),
    ("model.relations_layer", "task=ner", "model.relations_layer=dot"),
    ("model.relations_layer", "task=relex", "model.relations_layer=null"),
    ("model.triples_layer", "task=ner", "model.triples_layer=DistMult"),
    ("model.span_mode", "task=streaming", "span_mode=token_level"),
    ("training.use_span_width_weight", "span_mode=token_level", "training.use_span_width_weight=true"),
    ("training.loss_type", "span_mode=token_level", "training.loss_type=dice"),
    ("training.loss_type", "task=biencoder", "training.loss_type=dice"),
    ("model.max_width", "span_mode=token_level", "model.max_width=8"),
    ("training.warmup_steps", "training.warmup_steps=5", "training.warmup_ratio=0.1"),
    ("training.max_steps", "training.max_steps=0"),
    ("training.dataloader_prefetch_factor", "training.dataloader_prefetch_factor=2"),
    ("training.dataloader_persistent_workers", "training.dataloader_persistent_workers=true"),
    ("training.load_best_model_at_end", "training.load_best_model_at_end=true", "training.save_strategy=no"),
    ("training.load_best_model_at_end", "training.eval_strategy=no", "training.load_best_model_at_end=true"),
    ("training.early_stopping_patience", "training.early_stopping_patience=2", "training.load_best_model_at_end=false"),
    ("training.lr_scheduler_type", "training.lr_scheduler_type=reduce_lr_on_plateau", "training.eval_strategy=no"),
    ("training.fp16", "training.fp16=true", "training.bf16=true"),
    ("training.fp16", "training.fp16=true", "training.use_cpu=true"),
    ("training.fsdp", "training.fsdp=full_shard", "training.deepspeed=ds.json"),
    ("training.hub_model_id", "training.push_to_hub=true", "training.hub_model_id=null"),
    ("training.hub_model_id", "hub=end", "training.hub_model_id='not a name'"),
    ("training.save_steps", "training.eval_strategy=steps", "training.eval_steps=7", "training.save_steps=10"),
    ("training.logging_steps", "training.logging_steps=2.5"),
    ("data.long_doc_chunking.stride", "data.long_doc_chunking.stride=400"),
    ("data.long_doc_chunking.enabled", "task=classification", "data.long_doc_chunking.enabled=true"),
    ("data.entity_labels", "data.entity_labels=[a,a]"),
    ("data.train_data", "data.train_data=[]"),
    ("data.train_data", "data.train_data=[sample,sample]"),
    ("data.train_data", "data.train_data={path: sample, weight: -1}"),
    ("peft.init_from", "peft.init_from=somewhere"),
    ("model.fine_tune", "peft=lora", "model.fine_tune=false"),
    ("model.scorer_type", "task=classification", "model.architecture_type=bi-encoder", "model.scorer_type=cross-attn"),
    ("model.augment_ent_drop_prob", "model.augment_ent_drop_prob=[0.9,0.1]"),
    ("model.ent_token", "model.ent_token=''"),
    ("model.ent_token", "model.ent_token='<<SEP>>'"),
    ("model.post_fusion_schema", "task=biencoder", "model.post_fusion_schema=x2y"),
    ("training.optim", "training.optim=grokadamw"),
    ("run.name", "run.name=../x"),
    ("training.output_dir", "training.output_dir=../x"),
    ("hydra.run.dir", "hydra.run.dir=x"),
]
MISSING = [
    ("data.train_data", "data.train_data=none.jsonl"),
    ("data.val_data", "data.val_data=none.jsonl"),
    ("data.test_data", "data.test_data=none/none.conll"),
    ("data.train_data", "data.train_data='none/*.jsonl'"),
    ("data.train_data", "data.train_data=[sample,none.jsonl]"),
    ("training.resume_from_checkpoint", "training.resume_from_checkpoint=none/checkpoint-1"),
    ("model.from_pretrained", "model.from_pretrained=./none"),
    ("peft.init_from", "peft=lora", "peft.init_from=none/adapter"),
    ("experiment", "experiment=none.yaml"),
    ("experiment", "experiment=none"),
    ("training.report_to", "training.report_to=nothing_of_the_kind"),
    ("run.notes", "run.notes=${oc.env:GLIEXP_TEST_NOT_SET}"),
    ("run.notes", "run.notes=${run.none}"),
    ("run.notes", "run.notes=${none:1}"),
]


def pairs() -> list[Bad]:
    """Keys that are right alone and wrong together, and things that are not there."""
    return [Bad(named, tuple(overrides)) for named, *overrides in (*PAIRS, *MISSING)]
