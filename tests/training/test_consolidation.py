"""Weights that earlier rows need are held, so that what was learned from them is forgotten less."""

from types import SimpleNamespace

import gliclass.training
import pytest
import torch
from models import classifiers
from models.conftest import backbones, single_thread  # noqa: F401

from gliexp.config.schema.classifier import DECODER_KV, MULTI, UNI
from gliexp.data.classes import ClassSampler
from gliexp.errors import RunFailed
from gliexp.training.class_collator import ClassCollator
from gliexp.training.class_evaluation import ClassEvaluation
from gliexp.training.class_trainer import ClassTrainer
from gliexp.training.collator import ROWS
from gliexp.training.consolidation import Consolidation, consolidate
from gliexp.training.rows import Draw, DrawnRow

LABELS = classifiers.LABELS
FIRST = [
    {"text": f"{text} {n}", "true": {label: 1.0}}
    for n in range(4)
    for text, label in (("alice works", "person"), ("acme company", "organization"), ("london paris", "city"))
]


@pytest.fixture
def of(backbones, tmp_path):  # noqa: F811
    def trainer(made, rows, consolidation=None, **arguments):
        for module in made.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        settings = {
            "max_steps": 60,
            "learning_rate": 2e-3,
            "per_device_train_batch_size": 12,
            "use_cpu": True,
            "save_strategy": "no",
            "report_to": "none",
            "lr_scheduler_type": "constant",
            "logging_steps": 1,
        }
        args = gliclass.training.TrainingArguments(str(tmp_path), **{**settings, **arguments})
        inputs = made.inputs(64)
        scoring = ClassEvaluation(inputs, LABELS, MULTI, 0.5, False, 16)
        return ClassTrainer(
            made,
            args,
            rows=rows,
            dev_rows=rows,
            collator=collator(made),
            evaluation=scoring,
            consolidation=consolidation,
        )

    return trainer


def collator(made):
    return ClassCollator(made.inputs(64), ClassSampler(LABELS, "all", 8, 1), 0, problem=MULTI)


def needs(made, rows=FIRST, **changes):
    settings = {"strength": 100.0, "samples": None, "normalize": True, "seed": 0, **changes}
    return consolidate(made.model, rows, collator(made), **settings)


class Toy(torch.nn.Module):
    """A logistic regression that looks at three features; its output is a loss, as a classifier's is."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3))
        self.device = torch.device("cpu")

    def forward(self, features, labels):
        logits = features @ self.weight
        return SimpleNamespace(loss=torch.nn.functional.binary_cross_entropy_with_logits(logits, labels))


def task(feature, seed):
    """Rows whose class one feature says; the third feature is noise, the other one is not there."""
    draw = torch.Generator().manual_seed(seed)
    features = torch.randn(64, 3, generator=draw)
    labels = (features[:, feature] > 0).float()
    features[:, 1 - feature] = 0.5 * torch.randn(64, generator=draw) - labels  # and it misleads
    return [{"features": row, "label": label} for row, label in zip(features, labels, strict=True)]


def collate_toy(drawn):
    return {
        "features": torch.stack([item.row["features"] for item in drawn]),
        "labels": torch.stack([item.row["label"] for item in drawn]),
        ROWS: [item.draw.number for item in drawn],
    }


def toy_loss(model, rows):
    batch = collate_toy([DrawnRow(Draw(0, number), row) for number, row in enumerate(rows)])
    batch.pop(ROWS)
    return model(**batch).loss


def learn_toy(model, rows, held=None):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        loss = toy_loss(model, rows)
        (loss if held is None else loss + held.penalty(model)).backward()
        optimizer.step()


def test_two_tasks_with_it_the_first_is_forgotten_less():
    first, second = task(0, seed=1), task(1, seed=2)
    forgotten, learned = {}, {}
    for consolidated in (False, True):
        model = Toy()
        learn_toy(model, first)
        before, start = float(toy_loss(model, first).detach()), float(toy_loss(model, second).detach())
        held = consolidate(model, first, collate_toy, strength=0.2, samples=None, normalize=True, seed=0)
        learn_toy(model, second, held if consolidated else None)
        forgotten[consolidated] = float(toy_loss(model, first).detach()) - before
        learned[consolidated] = start - float(toy_loss(model, second).detach())
    assert forgotten[True] < 0.5 * forgotten[False]
    assert learned[True] > 0.5 * learned[False] > 0


def test_the_need_of_a_weight_is_its_mean_squared_gradient(backbones):  # noqa: F811
    made = classifiers.make(backbones)(UNI, dropout=0.3)
    found = needs(made, FIRST[:3], normalize=False)
    made.model.eval()
    name = "model.text_projector.linear_1.weight"
    parameter = dict(made.model.named_parameters())[name]
    squares = []
    for number, row in enumerate(FIRST[:3]):
        asked = [ClassSampler(LABELS, "all", 8, 1).offer(row, seed=0, epoch=0, index=number)]
        loss = made.model(**classifiers.batch_of(made, [row], asked)).loss
        squares.append(torch.autograd.grad(loss, parameter)[0] ** 2)
    assert torch.allclose(found.needed[name], sum(squares) / 3, atol=1e-12, rtol=1e-4)
    assert float(max(value.max() for value in needs(made).needed.values())) == pytest.approx(1.0)


def test_the_stock_ewc_squares_what_has_cancelled(backbones, capsys):  # noqa: F811
    """gliclass/training.py:192 squares the mean gradient of a batch; rows of opposite signs seem to need nothing."""
    made = classifiers.make(backbones)(UNI, dropout=0.0)
    rows = FIRST[:6]
    asked = [LABELS] * len(rows)
    batch = classifiers.batch_of(made, rows, asked)
    library = gliclass.training.EWC(
        made.model, [0], data_collator=lambda _: dict(batch), normalize_fisher=False, batch_size=6
    )
    name = "model.text_projector.linear_1.weight"
    assert library.fisher_info[name].sum() < 0.9 * needs(made, rows, normalize=False).needed[name].sum(), (
        "mended upstream: each row's gradient is squared"
    )
    assert library.ewc_loss(batch_size=2) == library.ewc_loss(batch_size=1) / 2
    capsys.readouterr()


def test_the_penalty_is_strength_times_need_times_squared_distance():
    model = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 3.0]]))
    held = Consolidation(10.0, {"weight": torch.tensor([[0.5, 1.0]])}, {"weight": torch.tensor([[0.0, 1.0]])})
    assert float(held.penalty(model).detach()) == pytest.approx(10 * (0.5 * 1 + 1.0 * 4))


def test_a_model_that_has_not_moved_pays_nothing_and_is_left_as_it_was(backbones):  # noqa: F811
    made = classifiers.make(backbones)(UNI, dropout=0.3)
    before, state = {n: v.clone() for n, v in made.model.state_dict().items()}, torch.get_rng_state()
    held = needs(made, samples=5)
    assert float(held.penalty(made.model).detach()) == 0
    assert all(torch.equal(before[name], value) for name, value in made.model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert all(parameter.grad is None for parameter in made.model.parameters())


def test_samples_are_drawn_by_the_seed(backbones):  # noqa: F811
    made = classifiers.make(backbones)(UNI, dropout=0.0)
    name = "model.text_projector.linear_1.weight"
    one, again, other = (needs(made, samples=3, seed=seed).needed[name] for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_accumulation_does_not_multiply_the_penalty(backbones, of):  # noqa: F811
    norms = []
    for size in (12, 3):
        made = classifiers.make(backbones)(UNI, dropout=0.0)
        held = needs(made)
        with torch.no_grad():
            made.model.model.text_projector.linear_1.weight.add_(0.1)
        trainer = of(
            made, FIRST, held, per_device_train_batch_size=size, gradient_accumulation_steps=12 // size, max_steps=1
        )
        trainer.train()
        norms += [line["grad_norm"] for line in trainer.state.log_history if "grad_norm" in line]
    assert norms[0] == pytest.approx(norms[1], rel=1e-3)


def test_a_row_that_fails_is_named(backbones):  # noqa: F811
    made = classifiers.make(backbones)(UNI)
    with torch.no_grad():
        made.model.model.text_projector.linear_1.weight.fill_(float("nan"))
    with pytest.raises(RunFailed, match=r"row 0 of data\.previous_data"):
        needs(made)


def test_the_reasoning_cell_has_a_rate_of_its_own(backbones, of):  # noqa: F811
    made = classifiers.make(backbones)(DECODER_KV, recurrent_steps=2)
    trainer = of(made, FIRST, others_lr=1e-3)
    trainer.recurrent_lr = 7e-4
    named = {id(parameter): name for name, parameter in made.model.named_parameters()}
    rates = {named[id(p)]: group.learning_rate for group in trainer.parameter_groups() for p in group.parameters}
    assert rates.keys() == {name for name, parameter in made.model.named_parameters() if parameter.requires_grad}
    assert {rate for name, rate in rates.items() if "reasoning_cell" in name} == {7e-4}
    assert 7e-4 not in {rate for name, rate in rates.items() if "reasoning_cell" not in name}
