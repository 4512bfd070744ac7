from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gliexp.runs.picture import Picture, bars, histogram, lines

SERIES = {"F1 & <b>": [(0, 0.1), (10, 0.4)], "recall": [(0, 0.2), (10, 0.5)]}


@pytest.fixture(params=["lines", "histogram", "bars"])
def picture(request: pytest.FixtureRequest) -> Picture:
    title = 'Scores "above" <0.5> & more'
    if request.param == "lines":
        return lines("a", title, SERIES, "step", {"chosen": 3})
    if request.param == "histogram":
        return histogram("a", title, [1, 1, 2, 5, 40], "words", {"max_len 30": 30})
    return bars("a", title, {"person": 0.5, "a label with a name that is longer than others": 1.0})


def test_a_picture_is_whole_and_asks_for_nothing_from_elsewhere(picture: Picture) -> None:
    root = ElementTree.fromstring(picture.svg.replace("xlink:href", "href"))
    assert root.get("aria-label") == picture.title
    assert root.get("role") == "img"
    assert "http" not in picture.svg
    assert "@import" not in picture.svg


def test_its_colours_are_those_of_the_page(picture: Picture) -> None:
    colours = set(re.findall(r"#[0-9a-fA-F]{6}\b", picture.svg))
    assert colours <= {"#ffffff"}
    assert "var(--ink)" in picture.svg


def test_it_is_saved_as_png(picture: Picture, tmp_path: Path) -> None:
    before = picture.svg
    assert picture.write_png(tmp_path).read_bytes().startswith(b"\x89PNG")
    assert picture.svg == before  # the layout is found once and stays


def test_curves_are_told_apart_without_colour() -> None:
    figure = lines("a", "b", SERIES, "step").figure
    (axes,) = figure.axes
    drawn = axes.get_lines()
    assert len({line.get_linestyle() for line in drawn}) == len({line.get_marker() for line in drawn}) == 2
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(SERIES)


def test_a_limit_far_beyond_everything_is_not_drawn() -> None:
    for limit, marks in ((10, 1), (10_000, 0)):
        (axes,) = histogram("a", "b", [1, 2, 9], "words", {"limit": limit}).figure.axes
        assert len(axes.get_lines()) == marks


def test_nothing_and_a_single_value_can_be_drawn() -> None:
    assert histogram("a", "b", [], "words", {}).svg
    assert histogram("a", "b", [0], "words", {}).svg
    assert bars("a", "b", {}).svg
