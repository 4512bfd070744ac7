"""The pages as a browser lays them out: narrow and wide, light and dark, nothing cut off, no text on another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gliexp.runs import sweep_page
from gliexp.runs.catalog import entries
from tests.browser import Browser, browser, executable
from tests.runs.directories import write_run
from tests.runs.test_report import page as report_page  # noqa: F401

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(executable() is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]
WIDTHS = (400, 1400)
FIGURES = ("eval.ner_micro_f1", "test.ner_micro_f1")
TOO_FAR = """[...document.querySelectorAll('body *')].filter(one => {
    const box = one.getBoundingClientRect();
    return box.width && (box.right > document.documentElement.clientWidth + 1 || box.left < -1);
}).map(one => one.tagName + ' ' + one.textContent.trim().slice(0, 40))"""
SCROLLED = """[...document.querySelectorAll('body *')].filter(one => !one.closest('svg')
    && one.scrollWidth > one.clientWidth + 1 && one.clientWidth).map(one => one.tagName + ' ' + one.className)"""
TEXTS = """[...document.querySelectorAll('svg')].map(picture => {
    const frame = picture.getBoundingClientRect();
    return [...picture.querySelectorAll('text')].map(one => {
        const box = one.getBoundingClientRect();
        const turned = box.height > 2 * box.width && one.textContent.length > 2;
        return {text: one.textContent, left: box.left - frame.left, right: box.right - frame.left, turned,
                top: box.top - frame.top, bottom: box.bottom - frame.top, width: frame.width, height: frame.height};
    });
})"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as one:
        yield one


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Long values, absent values, failed runs, more keys than columns."""
    modes = ("markerV0", "token_level", "data/a/long/path/without/any/space/in/it/to_some_file_of_rows.jsonl")
    number = 0
    for rate in ("1e-5", "5e-5", "1e-4"):
        for mode in modes:
            for seed in (1, 2):
                overrides = [f"training.learning_rate={rate}", f"data.train_data={mode}", f"run.seed={seed}"]
                overrides += [f"peft.r={2 ** (number % 5)}"] if seed == 1 else []
                directory = write_run(tmp_path / "grid" / str(number), 0.3 + 0.02 * number, overrides=overrides)
                lines = [{"step": step, "loss": 9 / step, "eval_ner_micro_f1": step / 90} for step in range(1, 40)]
                (directory / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
                number += 1
    failed = {"status": "failed", "error": f"{'/very/long/path' * 12}: no such file"}
    write_run(tmp_path / "grid" / str(number), None, overrides=["training.learning_rate=1"], **failed)
    command = f"python -m gliexp -m data.train_data={','.join(modes)}"
    found = entries([tmp_path / "grid"])
    return sweep_page.write(tmp_path / "sweep.html", "sweep ner · grid", found, FIGURES, command=command)


@pytest.fixture
def report(report_page: str, tmp_path: Path) -> Path:  # noqa: F811
    return tmp_path / "report.html"


@pytest.fixture(params=["sweep", "report"])
def shown(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off_or_has_to_be_scrolled_to(chromium: Browser, shown: Path, width: int, dark: bool) -> None:
    chromium.open(shown, width, dark=dark)
    chromium.ask("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    root = chromium.ask(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth, window.innerWidth]"
    )
    assert root[2] == width
    assert root[0] <= root[1]
    assert chromium.ask(TOO_FAR) == []
    assert chromium.ask(SCROLLED) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_number_on_a_card_is_not_broken(chromium: Browser, shown: Path, width: int) -> None:
    chromium.open(shown, width)
    heights = chromium.ask("""[...document.querySelectorAll('.card b')].map(one => {
        one.textContent = '1';
        const line = one.getBoundingClientRect().height;
        one.textContent = '28,030,464';
        const box = one.getBoundingClientRect(), card = one.parentElement.getBoundingClientRect();
        return [line, box.height, box.left + one.scrollWidth - card.right];
    })""")
    assert len(heights) > 2
    for line, height, beyond in heights:
        assert height == line
        assert beyond < 0
    assert chromium.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("width", WIDTHS)
def test_texts_in_pictures_lie_inside_and_not_on_one_another(chromium: Browser, shown: Path, width: int) -> None:
    chromium.open(shown, width)
    pictures = chromium.ask(TEXTS)
    assert sum(map(len, pictures)) > 20
    for texts in pictures:
        for text in texts:
            assert text["left"] > -1, text
            assert text["top"] > -1, text
            assert text["right"] < text["width"] + 1, text
            assert text["bottom"] < text["height"] + 1, text
        for place, one in enumerate(texts):
            for other in texts[place + 1 :]:
                assert not _overlap(one, other), (one["text"], other["text"])


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """More than a line's leading shares the same place."""
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return across > 1 and down > 4


def test_a_dark_screen_gets_light_text_on_a_dark_page(chromium: Browser, shown: Path) -> None:
    def brightness(name: str) -> float:
        return float(sum(map(int, chromium.ask(f"getComputedStyle(document.body).{name}")[4:-1].split(","))) / 3)

    chromium.open(shown, 400, dark=True)
    assert brightness("color") > brightness("backgroundColor") + 150
    chromium.open(shown, 400)
    assert brightness("backgroundColor") > brightness("color") + 150
