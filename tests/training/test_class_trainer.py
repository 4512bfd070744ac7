"""Training steps of a classifier: averaged when accumulated, never skipped, in the right parameter groups."""

import json
from dataclasses import replace

import gliclass.training
import pytest
import torch
from models import classifiers
from models.conftest import backbones, single_thread  # noqa: F401

from gliexp.config.compose import compose
from gliexp.config.schema.classifier import BI, DECODER_KV, MULTI, SEQ2SEQ, SINGLE, UNI
from gliexp.data.classes import ClassSampler
from gliexp.errors import Refusal, RunFailed
from gliexp.runs.start import retention
from gliexp.training.class_collator import ClassCollator
from gliexp.training.class_evaluation import ClassEvaluation
from gliexp.training.class_trainer import ClassTrainer

ROWS = [{"text": f"{row['text']} {n}", "true": row["true"]} for n in range(3) for row in classifiers.ROWS][:8]


@pytest.fixture
def trainer(backbones, tmp_path):  # noqa: F811
    def of(architecture=UNI, **arguments):
        made = classifiers.make(backbones)(architecture, dropout=0.0)
        settings = {"max_steps": 1, "logging_steps": 1, "save_strategy": "no", "report_to": "none", "use_cpu": True}
        args = gliclass.training.TrainingArguments(str(tmp_path), **{**settings, **arguments})
        inputs = made.inputs(64)
        scoring = ClassEvaluation(inputs, classifiers.LABELS, MULTI, 0.5, False, 4)
        collator = ClassCollator(inputs, ClassSampler(classifiers.LABELS, "all", 8, 1), 0, problem=MULTI)
        return ClassTrainer(made, args, rows=ROWS, dev_rows=ROWS, collator=collator, evaluation=scoring)

    return of


def norm_of(made):
    for module in made.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    made.train()
    return next(line["grad_norm"] for line in made.state.log_history if "grad_norm" in line)


def test_accumulated_gradients_are_averaged(trainer):
    norms = [
        norm_of(trainer(per_device_train_batch_size=size, gradient_accumulation_steps=8 // size)) for size in (8, 4, 2)
    ]
    assert norms == pytest.approx([norms[0]] * 3, rel=2e-2)


def test_the_stock_trainer_adds_them_up_and_hides_a_failing_step(trainer, tmp_path):
    made = trainer()
    library = gliclass.training.Trainer(
        model=made.model,
        args=gliclass.training.TrainingArguments(str(tmp_path), gradient_accumulation_steps=4, use_cpu=True),
    )
    batch = {key: value for key, value in classifiers.batch_of(made.classifier).items() if torch.is_tensor(value)}
    gradients = []
    for _ in range(2):
        library.training_step(made.model, dict(batch))
        gradients.append(float(made.model.model.text_projector.linear_1.weight.grad.norm()))
    assert gradients[1] > 1.5 * gradients[0], "mended upstream"
    broken = {**batch, "labels": torch.zeros(3, 2, 2)}
    assert float(library.training_step(made.model, broken)) == 0.0, "mended upstream"


def test_a_step_that_fails_ends_the_run_and_names_its_rows(trainer, monkeypatch):
    made = trainer(per_device_train_batch_size=2)
    monkeypatch.setattr(made.model, "forward", lambda **_: 1 / 0)
    with pytest.raises(RunFailed, match=r"training rows .*ZeroDivisionError"):
        made.train()


def test_a_loss_that_is_no_number_ends_the_run(trainer):
    made = trainer()
    with torch.no_grad():
        made.model.model.text_projector.linear_1.weight.fill_(float("nan"))
    with pytest.raises(RunFailed, match="the loss is nan"):
        made.train()


def names(made, group):
    wanted = {id(parameter) for parameter in group.parameters}
    return {name for name, parameter in made.model.named_parameters() if id(parameter) in wanted}


@pytest.mark.parametrize("architecture", [UNI, BI, SEQ2SEQ, DECODER_KV])
def test_groups_follow_modules_and_norms_never_decay(trainer, architecture):
    made = trainer(architecture, others_lr=1e-3, weight_decay=0.1, others_weight_decay=0.2)
    made.create_optimizer()
    backbones_only = ("encoder_model.", "label_encoder.", "encoder_decoder_model.", "decoder_model.")
    for group in made.groups:
        inside = {name.startswith(tuple(f"model.{part}" for part in backbones_only)) for name in names(made, group)}
        assert inside == {group.name.startswith("encoder")}
        decays = any("norm" in name.lower() or name.endswith("bias") for name in names(made, group))
        assert group.weight_decay == 0 or not decays


def test_the_stock_groups_follow_letters(trainer, tmp_path):
    made = trainer(BI)
    args = gliclass.training.TrainingArguments(str(tmp_path), others_lr=1e-3, learning_rate=1e-5, use_cpu=True)
    optimizer = gliclass.training.Trainer(model=made.model, args=args).create_optimizer()
    weight = made.model.model.biencoder_projector.linear_1.weight
    (rate,) = [g["lr"] for g in optimizer.param_groups if any(p is weight for p in g["params"])]
    assert rate == 1e-5, "mended upstream: a projector is no encoder"


def test_other_data_is_scored_before_during_and_after_and_changes_no_weight(trainer, tmp_path):
    rows = [{"text": "the big city runs", "true_labels": ["city"], "all_labels": ["city", "company"]}] * 3
    file = tmp_path / "other.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["task=classification", f"data.retention={file}"]
    settings = {"max_steps": 4, "eval_strategy": "steps", "eval_steps": 2}
    ends = []
    for asked in (words, words[:1]):
        made = trainer(**settings)
        kept = retention(compose(asked).config, made)
        if kept is not None:
            made.add_callback(kept)
        made.train()
        ends.append([parameter.detach().clone() for parameter in made.model.parameters()])
        if kept is not None:
            key = "eval_retention_other_cls_micro_f1"
            assert [line["step"] for line in made.state.log_history if key in line] == [0, 2, 4]
            assert kept.figures["other"].keys() == {"before", "after"}
            assert kept.evaluations["other"].labels == ["city", "company"]
            scores = kept.evaluations["other"].score(made.model, kept.sets["other"])
            assert kept.figures["other"]["after"] == pytest.approx(scores["cls_micro_f1"])
            assert "micro F1: other" in kept.told()
    assert all(bool((one == other).all()) for one, other in zip(*ends, strict=True))


def test_retained_rows_that_the_problem_has_no_score_for_are_refused(trainer, tmp_path):
    file = tmp_path / "other.jsonl"
    file.write_text(json.dumps({"text": "a", "true_labels": ["city", "person"]}) + "\n")
    made = trainer()
    made.evaluation = replace(made.evaluation, problem=SINGLE)
    with pytest.raises(Refusal, match=r"data\.retention.*cannot be scored"):
        retention(compose(["task=classification", f"data.retention={file}"]).config, made)
