"""The committed training schema is what the installed library has."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gliner.training import TrainingArguments as Library

from gliexp.config.legacy import CARRIED, GONE
from gliexp.config.schema.key import DOMAINS
from gliexp.config.schema.training import OldNames
from gliexp.config.schema.training_arguments import TrainingArguments as Ours

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "generate_training_schema.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_training_schema", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else None


def test_no_field_came_went_or_changed_its_default(generator: ModuleType) -> None:
    library = {field.name: _default(field) for field in dataclasses.fields(Library)} | generator.OUR_DEFAULTS
    ours = {field.name: _default(field) for field in dataclasses.fields(Ours)}
    assert len(ours) == 128
    drifted = {
        name: (library.get(name, "gone"), ours.get(name, "missing"))
        for name in library.keys() | ours.keys()
        if library.get(name, "gone") != ours.get(name, "missing")
    }
    assert drifted == {}, "run scripts/generate_training_schema.py"


def test_every_field_is_described_in_one_line() -> None:
    for field in dataclasses.fields(Ours):
        assert field.metadata["domain"] in DOMAINS
        assert 5 < len(field.metadata["description"]) <= 110, field.name
        assert "\n" not in field.metadata["description"]


def test_closed_sets_are_the_library_s(generator: ModuleType) -> None:
    limits = {field.name: field.metadata["limits"] for field in dataclasses.fields(Ours)}
    for name, choices in generator.closed_choices().items():
        assert limits[name].choices == choices, name


def test_old_names_are_gone_from_the_library_and_all_accounted_for() -> None:
    old = {field.name for field in dataclasses.fields(OldNames)}
    assert old.isdisjoint(field.name for field in dataclasses.fields(Library))
    assert old == CARRIED.keys() | GONE.keys()
    assert {target.key for target in CARRIED.values()} <= {field.name for field in dataclasses.fields(Ours)}
