"""How a step grows: rows of exact sizes, exponents, and a short measurement with its figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))


def test_rows_have_the_words_and_labels_asked_for() -> None:
    from bench import texts

    offered = texts.labels(7)
    assert len(set(offered)) == 7
    rows = texts.entity_rows(5, 33, offered)
    assert [len(row["tokenized_text"]) for row in rows] == [33] * 5
    assert {span[2] for row in rows for span in row["ner"]} <= set(offered)
    assert all(0 <= span[0] <= span[1] < 33 for row in rows for span in row["ner"])
    assert any(row["ner"] for row in rows)
    classes = texts.class_rows(5, 33, offered)
    assert [len(row["text"].split()) for row in classes] == [33] * 5
    assert all(row["true_labels"][0] in offered for row in classes)


def test_entities_are_those_of_the_sample() -> None:
    from bench import texts

    first = texts._sample()[0]
    row = texts.entity_rows(1, len(first["tokenized_text"]), ["any"])[0]
    assert row["tokenized_text"] == first["tokenized_text"]
    assert [span[:2] for span in row["ner"]] == [span[:2] for span in first["ner"]]


def test_more_labels_than_words_are_refused() -> None:
    from bench import texts

    with pytest.raises(ValueError, match="not 100000"):
        texts.labels(100_000)


def test_exponent_is_the_slope_at_the_end() -> None:
    from benchmark_growth import Point, exponent

    points = [Point("a", "words", value, "here", float(value**2)) for value in (1, 2, 4, 8)]
    assert exponent(points) == pytest.approx(2)


@pytest.mark.slow
def test_a_short_measurement_writes_points_and_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmark_growth import AXES, main

    record, figure = tmp_path / "found.json", tmp_path / "growth.png"
    main(
        [
            *"--cases span,class-bi --backbone tiny --most 5 --repeats 1".split(),
            *("--json", str(record), "--figure", str(figure)),
        ]
    )
    points = json.loads(record.read_text())["points"]
    values = sum(value <= 5 for axis in AXES.values() for value in axis)
    assert len(points) == 2 * 2 * values  # two cases, two sides
    assert all(point["seconds"] > 0 for point in points)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert "exponent" in capsys.readouterr().out
