from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from gliexp.config.compose import compose
from gliexp.training.callbacks import ProgressBar


def shown(*, terminal: bool, hidden: bool) -> str:
    """What a training of two steps with one evaluation writes."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    bar: Any = ProgressBar(console, "ner_micro_f1", hidden=hidden)
    state = SimpleNamespace(is_world_process_zero=True, max_steps=2, global_step=0, epoch=0.0, num_train_epochs=1)
    bar.on_train_begin(None, state, None)
    for step in (1, 2):
        state.global_step, state.epoch = step, step / 2
        bar.on_step_end(None, state, None)
        bar.on_log(None, state, None, {"loss": 1.0})
    bar.on_evaluate(None, state, None, {"eval_ner_micro_f1": 0.5})
    bar.on_train_end(None, state, None)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("terminal", "hidden", "bars"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_a_bar_is_for_terminals_where_it_is_wanted(terminal: bool, hidden: bool, bars: bool) -> None:
    text = shown(terminal=terminal, hidden=hidden)
    assert ("training" in text) == bars
    assert "dev ner_micro_f1 0.5000" in text


def test_the_bar_is_on_unless_it_is_switched_off() -> None:
    assert not compose().config.training.disable_tqdm
    assert compose(["training.disable_tqdm=true"]).config.training.disable_tqdm
