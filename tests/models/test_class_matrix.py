"""docs/classification_matrix.md is what the checks say, and the cells do what it says."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from gliexp.config.schema.classifier import ARCHITECTURES, DECODER_KV, MULTI, POOLINGS, SCORERS, SEQ2SEQ_CLS, UNI
from gliexp.models import anatomy, gliclass

from .classifiers import apart, batch_of, scores

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "generate_class_matrix.py"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_class_matrix", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MATRIX = _generator()
CELLS = list(MATRIX.cells())


def quick(cell) -> bool:
    """Each architecture with each problem type, and each scorer and pooling once."""
    usual = cell.scorer == "simple" and cell.pooling == "first"
    return usual or (cell.architecture == UNI and cell.problem == MULTI and (cell.scorer, cell.pooling) in ONCE)


ONCE = [*((scorer, "avg") for scorer in SCORERS), *(("mlp", pooling) for pooling in POOLINGS), ("cross-attn", "pass")]
TRAINED = [cell for cell in CELLS if not cell.refused and MATRIX.is_distinct(cell)]


def ids(cell) -> str:
    return f"{cell.architecture} {cell.scorer} {cell.pooling} {cell.problem}"


def test_the_committed_matrix_is_what_the_checks_say():
    assert MATRIX.TARGET.read_text(encoding="utf-8") == MATRIX.render(), "run scripts/generate_class_matrix.py"


def test_every_cell_is_decided():
    assert len(CELLS) == len(ARCHITECTURES) * len(SCORERS) * len(POOLINGS) * 4
    assert {cell.architecture for cell in TRAINED} == set(ARCHITECTURES)
    # cross-attn on uni-encoder and encoder-decoder; nothing else needs or takes `pass`
    words = {(cell.architecture, cell.scorer) for cell in TRAINED if cell.pooling == "pass"}
    assert words == {("uni-encoder", "cross-attn"), ("encoder-decoder", "cross-attn")}
    assert {cell.pooling for cell in TRAINED if cell.architecture in (SEQ2SEQ_CLS, DECODER_KV)} == {"first"}


STEPS = (1e-2, 1e-3, 1e-4, 1e-5)


def descends(made) -> bool:
    """One step down the gradient, without dropout, as long as the loss allows: with a right gradient some step does."""
    loss = made.model(**batch_of(made)).loss
    made.model.zero_grad()
    loss.backward()
    moving = [parameter for parameter in made.model.parameters() if parameter.grad is not None]
    start = [parameter.detach().clone() for parameter in moving]
    length = torch.stack([parameter.grad.norm() for parameter in moving]).norm()
    with torch.no_grad():
        for size in STEPS:
            for parameter, was in zip(moving, start, strict=True):
                parameter.copy_(was - size * parameter.grad / length)
            if made.model(**batch_of(made)).loss < loss:
                return True
    return False


def check(classifier, cell, directory):
    """Train a few steps: parameters and loss move; save, reload, and predict the same."""
    choices = {"scorer_type": cell.scorer, "pooling_strategy": cell.pooling, "problem_type": cell.problem}
    made = classifier(cell.architecture, **choices)
    before = {name: parameter.detach().clone() for name, parameter in anatomy.of(made).heads()}
    made.model.double()  # of a plateau's slope float32 sees nothing
    assert all(descends(made) for _ in range(2))
    made.model.float()
    moved = {name for name, parameter in anatomy.of(made).heads() if not torch.equal(parameter, before[name])}
    assert moved
    again = gliclass.load(gliclass.save(made, directory / "model"))
    assert apart(scores(made), scores(again)) < 1e-5


@pytest.mark.parametrize("cell", [cell for cell in TRAINED if quick(cell)], ids=ids)
def test_cells_train_and_reload(classifier, cell, tmp_path):
    check(classifier, cell, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("cell", [cell for cell in TRAINED if not quick(cell)], ids=ids)
def test_all_other_cells_train_and_reload(classifier, cell, tmp_path):
    check(classifier, cell, tmp_path)
