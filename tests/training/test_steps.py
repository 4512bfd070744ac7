"""No bad step passes: each kind of fault is put into one batch of each trainer, and the run stops there by name."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gliexp.errors import RunFailed
from gliexp.training import bundle
from training.conftest import without_dropout

TASKS = {"gliner": ["task=ner"], "gliner token": ["span_mode=token_level"], "gliclass": ["task=classification"]}
pytestmark = pytest.mark.slow
EVERY_TRAINER = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
BAD_STEP = 3

RL = ["task=classification_rl", "rl.num_rl_iters=1"]
WITH_RL = pytest.mark.parametrize("task", [*TASKS.values(), RL], ids=[*TASKS, "gliclass rl"])


def inject(trainer: Any, change: Any, at: int = BAD_STEP) -> None:
    """Change the inputs of the micro-batch of step `at`, as a broken row would."""
    collate, seen = trainer.data_collator.collate, []

    def broken(drawn: Any) -> Any:
        batch = collate(drawn)
        seen.append(drawn)
        return change(batch) if len(seen) == at else batch

    trainer.data_collator.collate = broken


def bad_loss(trainer: Any, value: float, at: int = BAD_STEP) -> None:
    original = trainer.compute_loss

    def spoiled(model: Any, inputs: Any, *args: Any, **options: Any) -> Any:
        loss = original(model, inputs, *args, **options)
        return loss * value if trainer.state.global_step == at - 1 else loss

    trainer.compute_loss = spoiled


def weights(trainer: Any) -> dict[str, Any]:
    return {name: tensor.detach().clone() for name, tensor in trainer.model.state_dict().items()}


def train(trainer: Any, match: str) -> str:
    with pytest.raises(RunFailed, match=match) as caught:
        trainer.train()
    assert trainer.state.global_step == BAD_STEP - 1
    return str(caught.value)


@WITH_RL
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite(make_trainer, task, value, tmp_path):
    trainer = make_trainer(*task, "training.max_steps=5")
    bad_loss(trainer, value)
    said = train(trainer, f"the loss is -?{value}")
    rows = json.loads((tmp_path / "bad_steps" / "step-3" / bundle.BUNDLE).read_text())["rows"]
    assert said.startswith("step 3, training rows ")
    assert all(f"{row['number']} (sample:train:{row['number'] + 1})" in said for row in rows)
    assert "Likely causes" in said


@WITH_RL
def test_a_gradient_that_is_not_finite(make_trainer, task):
    trainer = make_trainer(*task, "training.max_steps=5")
    (words,) = [p for name, p in trainer.model.named_parameters() if name.endswith("word_embeddings.weight")]
    words.register_hook(lambda grad: grad * float("nan") if trainer.state.global_step == BAD_STEP - 1 else grad)
    assert "training rows" in train(trainer, "the gradient norm is nan")
    assert torch.isfinite(words).all()


@WITH_RL
def test_an_exception_in_the_model_and_in_the_collator(make_trainer, task):
    trainer = make_trainer(*task, "training.max_steps=5")
    inject(trainer, lambda batch: {**batch, "input_ids": batch["input_ids"] + 10**6})
    assert "training rows" in train(trainer, "IndexError")
    again = make_trainer(*task, "training.max_steps=5", "training.dataloader_num_workers=0")
    inject(again, lambda batch: batch["nothing of the kind"])
    assert "sample:train:" in train(again, "KeyError")


@WITH_RL
@pytest.mark.parametrize("missing", [True, False])
def test_a_batch_without_a_trainable_label(make_trainer, task, missing):
    trainer = make_trainer(*task, "training.max_steps=5")
    ignored = -100.0 if "classification" in task[0] else -1.0

    def empty(batch: Any) -> Any:
        labels = batch.pop("labels")
        return batch if missing else {**batch, "labels": torch.full_like(labels, ignored)}

    inject(trainer, empty)
    assert "sample:train:" in train(trainer, "no label of the batch can be trained on")


def test_rows_that_ask_about_nothing(make_trainer):
    trainer = make_trainer("training.max_steps=5")
    trainer.data_collator.collate.labels._choose = lambda *_: []
    with pytest.raises(RunFailed, match=r"step 1, training rows .*no row of the batch has a label"):
        trainer.train()


@EVERY_TRAINER
def test_a_loss_of_zero_step_after_step(make_trainer, task):
    trainer = make_trainer(*task, "training.max_steps=8", zero_loss_steps=4)
    original = trainer.compute_loss
    trainer.compute_loss = lambda *args, **options: original(*args, **options) * 0.0
    with pytest.raises(RunFailed, match="the loss was exactly 0 in 4 steps in a row"):
        trainer.train()
    assert trainer.state.global_step == 3


@EVERY_TRAINER
@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_skipped_step_changes_nothing_and_is_counted(make_trainer, task, accumulation):
    trainer = make_trainer(
        *task,
        "training.max_steps=3",
        f"training.gradient_accumulation_steps={accumulation}",
        on_bad_step="skip_and_count",
    )
    bad_loss(trainer, float("nan"))
    seen: list[Any] = []
    original = trainer._get_grad_norm

    def looked(model: Any, grad_norm: Any = None) -> Any:
        seen.append(weights(trainer))
        return original(model, grad_norm)

    trainer._get_grad_norm = looked
    trainer.train()
    assert trainer.counts()["steps"] == [BAD_STEP]
    assert trainer.state.global_step == BAD_STEP
    after = weights(trainer)
    assert all(torch.equal(after[name], seen[-1][name]) for name in after)
    assert any(not torch.equal(seen[0][name], seen[2][name]) for name in after)
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    assert all(loss == loss for loss in losses)


def test_damaged_weights_and_bad_steps_without_end_stop_all_the_same(make_trainer):
    trainer = make_trainer("training.max_steps=5", on_bad_step="skip_and_count")
    with torch.no_grad():
        next(p for p in trainer.model.parameters() if p.requires_grad)[:] = float("nan")
    with pytest.raises(RunFailed, match="weights that are not finite already"):
        trainer.train()
    again = make_trainer("training.max_steps=40", rows=160, on_bad_step="skip_and_count")
    original = again.compute_loss
    again.compute_loss = lambda *args, **options: original(*args, **options) * float("nan")
    with pytest.raises(RunFailed, match="10 steps in a row were left out"):
        again.train()


@WITH_RL
def test_metrics_that_are_no_number(make_trainer, task, caplog):
    trainer = make_trainer(*task)
    trainer.evaluation = SimpleNamespace(score=lambda *_: {"fine": 1.0, "broken": float("nan")})
    with pytest.raises(RunFailed, match="dev metrics that are no number: broken"):
        trainer.evaluate()
    skipping = make_trainer(*task, on_bad_step="skip_and_count")
    skipping.evaluation = SimpleNamespace(score=lambda *_: {"broken": float("inf")})
    assert skipping.evaluate()["eval_broken"] == float("inf")
    assert "broken" in caplog.text


@EVERY_TRAINER
def test_parameters_that_nothing_reaches(make_trainer, task):
    trainer = make_trainer(*task, "training.num_train_epochs=2")
    trainer.model.stray = torch.nn.Linear(2, 2)
    with pytest.raises(
        RunFailed, match=r"2 trainable parameters had no gradient in \d+ steps: stray.weight, stray.bias"
    ):
        trainer.train()
    assert trainer.state.epoch == 1
    warned = make_trainer(*task, "training.num_train_epochs=1", on_unreached="warn")
    warned.model.stray = torch.nn.Linear(2, 2)
    warned.train()


@WITH_RL
def test_memory_of_the_host_names_the_rows(make_trainer, task):
    trainer = make_trainer(*task, "training.max_steps=5")

    def full(batch: Any) -> Any:
        raise MemoryError

    inject(trainer, full)
    assert "sample:train:" in train(trainer, "the host's memory is full")


class Dies:
    """A collator whose worker is ended by the system at one batch."""

    def __init__(self, collate: Any, row: int) -> None:
        self.collate = collate
        self.row = row

    def __call__(self, drawn: Any) -> Any:
        import os
        import signal

        if any(item.draw.number == self.row for item in drawn):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.collate(drawn)


def test_a_dead_data_worker_names_the_rows_it_was_at(make_trainer):
    trainer = make_trainer("training.num_train_epochs=1", "training.dataloader_num_workers=2")
    trainer.data_collator.collate = Dies(trainer.data_collator.collate, 17)
    with pytest.raises(RunFailed, match=r"a data worker died at training rows .*17 \(sample:train:18\)"):
        trainer.train()


def test_an_exception_in_a_worker_names_its_rows(make_trainer):
    trainer = make_trainer("training.num_train_epochs=1", "training.dataloader_num_workers=1")
    collate = trainer.data_collator.collate
    trainer.data_collator.collate = lambda drawn: 1 / 0 if any(d.draw.number == 17 for d in drawn) else collate(drawn)
    with pytest.raises(
        RunFailed, match=r"step \d, training rows .*17 \(sample:train:18\).*ZeroDivisionError"
    ) as caught:
        trainer.train()
    assert "Traceback" not in str(caught.value)


@EVERY_TRAINER
@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_batch_too_large_for_memory_goes_in_parts_with_the_same_update(make_trainer, task, accumulation, caplog):
    ended, losses = [], []
    for limit in (None, 3):
        settings = ("training.max_steps=3", f"training.gradient_accumulation_steps={accumulation}")
        trainer = make_trainer(*task, *settings, "training.optim=sgd", "training.per_device_train_batch_size=8")
        without_dropout(trainer.model)
        if limit is not None:
            short_of_memory(trainer, limit)
        trainer.train()
        assert trainer.state.global_step == 3
        ended.append(weights(trainer))
        losses.append([line["loss"] for line in trainer.state.log_history if "loss" in line])
    assert trainer.parts == 4
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    for name, tensor in ended[0].items():
        assert torch.allclose(tensor, ended[1][name], atol=1e-5), name
    assert "a batch goes through in 4 parts of at most 2 rows" in caplog.text


def short_of_memory(trainer: Any, rows: int) -> None:
    """No forward pass of more than so many rows fits."""
    original = trainer.compute_loss

    def compute_loss(model: Any, inputs: Any, *args: Any, **options: Any) -> Any:
        if len(inputs["input_ids"]) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory (injected)")
        return original(model, inputs, *args, **options)

    trainer.compute_loss = compute_loss


def test_a_backward_pass_short_of_memory_begins_the_step_again(make_trainer):
    ended = []
    for fails in (False, True):
        trainer = make_trainer("training.max_steps=2", "training.gradient_accumulation_steps=2", "training.optim=sgd")
        without_dropout(trainer.model)
        backward, calls = trainer.accelerator.backward, []

        def short(loss: Any, backward: Any = backward, calls: Any = calls, fails: bool = fails, **options: Any) -> None:
            calls.append(loss)
            backward(loss, **options)
            if fails and len(calls) == 2:
                raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED")

        trainer.accelerator.backward = short
        trainer.train()
        ended.append(weights(trainer))
    for name, tensor in ended[0].items():
        assert torch.allclose(tensor, ended[1][name], atol=1e-5), name


def test_one_row_that_does_not_fit_ends_the_run_by_name(make_trainer):
    trainer = make_trainer("training.max_steps=2", "training.per_device_train_batch_size=4")
    short_of_memory(trainer, 0)
    with pytest.raises(RunFailed, match=r"step 1, .*sample:train:.*a single row needs more memory"):
        trainer.train()


@EVERY_TRAINER
def test_a_mean_over_the_batch_is_the_same_in_parts(make_trainer, task):
    reduced = [] if "classification" in task[0] else ["training.loss_reduction=mean"]
    for words in (reduced, ["data.label_sampling=mixed", *reduced] if reduced else []):
        trainer = make_trainer(*task, *words, "training.per_device_train_batch_size=8")
        without_dropout(trainer.model)
        batch = next(iter(trainer.get_train_dataloader()))
        trainer.current_gradient_accumulation_steps = 1
        found = []
        for parts in (1, 2, 3):
            trainer.parts = parts
            trainer.model.zero_grad()
            trainer.step.batches.clear()
            trainer.training_step(trainer.model, dict(batch))
            found.append({n: p.grad.clone() for n, p in trainer.model.named_parameters() if p.grad is not None})
        for other in found[1:]:
            for name, grad in found[0].items():
                assert torch.allclose(grad, other[name], atol=1e-4, rtol=1e-3), name


@EVERY_TRAINER
def test_a_bundle_holds_the_batch_without_a_pickle_and_its_weights(make_trainer, task, tmp_path):
    trainer = make_trainer(*task, "training.max_steps=5", "training.gradient_accumulation_steps=2")
    bad_loss(trainer, float("nan"))
    train(trainer, "to run it again: python -m gliexp reproduce")
    directory = tmp_path / "bad_steps" / "step-3"
    kinds = {path.suffix for path in directory.iterdir()}
    assert kinds <= {".json", ".jsonl", ".safetensors", ".yaml"}
    kept = bundle.read(directory)
    (held,) = [line for line in (directory / bundle.ROWS).read_text().splitlines() if '"number"' in line][:1]
    number = json.loads(held)["number"]
    assert json.loads(held)["row"] == json.loads(json.dumps(trainer.rows[number], default=str))
    assert kept.batches[0].inputs["input_ids"].shape[0] == len(kept.batches[0].numbers)
    fresh = make_trainer(*task)
    kept.load_weights(fresh.model)
    assert all(
        torch.equal(tensor, fresh.model.state_dict()[name]) for name, tensor in trainer.model.state_dict().items()
    )


def test_a_full_disk_does_not_hide_the_fault(make_trainer, monkeypatch, caplog):
    trainer = make_trainer("training.max_steps=5")
    bad_loss(trainer, float("nan"))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "write", full)
    assert "reproduce" not in train(trainer, "the loss is nan")
    assert "No space left" in caplog.text


def test_a_bundle_that_is_none_is_refused(tmp_path: Path):
    from gliexp.errors import Refusal

    with pytest.raises(Refusal, match="is no bundle"):
        bundle.read(tmp_path)
    (tmp_path / bundle.BUNDLE).write_text("{")
    with pytest.raises(Refusal, match="is damaged"):
        bundle.read(tmp_path)
