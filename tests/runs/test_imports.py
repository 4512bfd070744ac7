"""Collections pause while the libraries are imported, and only then."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from gliexp.runs.imports import HEAVY, uncollected


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in HEAVY:
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("fresh")
def test_what_is_imported_is_not_looked_at_again() -> None:
    before = gc.get_freeze_count()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > before


@pytest.mark.usefixtures("fresh")
def test_an_import_that_fails_leaves_collections_on() -> None:
    before = gc.get_freeze_count()
    with pytest.raises(ImportError), uncollected():
        raise ImportError
    assert gc.isenabled()
    assert gc.get_freeze_count() == before


def test_a_process_that_has_the_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gliner", ModuleType("gliner"))
    before = gc.get_freeze_count()
    with uncollected():
        assert gc.isenabled()
    assert gc.get_freeze_count() == before


@pytest.mark.usefixtures("fresh")
def test_who_has_turned_collections_off_finds_them_off() -> None:
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()
