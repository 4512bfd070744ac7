"""Small trained models on disk, in the layouts that commands are given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from models import classifiers
from models.conftest import ENTITY_TYPES, ROWS, backbones, collated, learn, single_thread, values  # noqa: F401

from gliexp.models import gliclass, gliner
from gliexp.models.usage import Usage


@pytest.fixture(scope="session")
def entity_model(values: Any, collated: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A GLiNER that learnt ROWS, and says how it is asked."""
    made: Any = gliner.build(values("uni_markerV0"), seed=1)
    learn(made, collated(made), steps=60)
    place = gliner.save(made, tmp_path_factory.mktemp("saved") / "entities")
    Usage(entity_labels=tuple(ENTITY_TYPES), threshold=0.3).write(place)
    return place


@pytest.fixture(scope="session")
def relation_model(values: Any, collated: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A GLiNER with relations that learnt ROWS, as the stock library saves it."""
    made: Any = gliner.build(values("relex_span_dot"), seed=1)
    learn(made, collated(made), steps=60)
    return gliner.save(made, tmp_path_factory.mktemp("saved") / "relations")


@pytest.fixture(scope="session")
def class_model(backbones: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A GLiClass as the stock library saves it."""
    made = classifiers.make(backbones)("uni-encoder")
    return gliclass.save(made, tmp_path_factory.mktemp("saved") / "classes")


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A file of JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def entity_rows(tmp_path: Path) -> Path:
    """ROWS on disk."""
    return written(tmp_path / "rows.jsonl", ROWS)


@pytest.fixture
def class_rows(tmp_path: Path) -> Path:
    """Rows of classes on disk."""
    rows = [{"text": row["text"], "true_labels": row["true"]} for row in classifiers.ROWS]
    return written(tmp_path / "classes.jsonl", rows)
