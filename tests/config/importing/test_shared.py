"""The real sample files, where they are at hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gliexp.config.compose import compose
from gliexp.config.importing import experiment_of, text

from .test_importing import VALUES, accounted, composed, only_what_differs

SHARED = Path(__file__).parents[4] / "shared"
FILES = sorted((SHARED / "configs").glob("*.*"))

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILES, reason="needs the shared samples"),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_sample(file: Path, tmp_path: Path) -> None:
    found = experiment_of(file)
    composed(tmp_path, found)
    accounted(found)
    only_what_differs(tmp_path, found)
    assert text(experiment_of(file)) == text(found)


def test_the_specification_s_table_is_tested_in_full() -> None:
    table = (SHARED / "spec" / "gliner_unified_config.md").read_text()
    fields = re.findall(r"^\| `(\w+)`\s*\| (\w+)", table, re.MULTILINE)
    assert {field for field, _ in fields} - {"hub_token"} <= set(VALUES)  # a token is never written


def test_the_specification_s_own_yaml_is_an_experiment_as_it_is() -> None:
    config = compose([f"experiment={SHARED / 'configs' / 'gliner_unified_mmbert.yaml'}"], environment=False).config
    assert (config.backbone.name, config.model.span_mode, config.peft.method) == ("mmbert_base", "token_level", "lora")
    assert (config.training.eval_strategy, config.training.warmup_ratio) == ("steps", 0.05)
