"""The page that compares runs: what it says, and that it needs nothing but itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gliexp.runs import sweep_page
from gliexp.runs.catalog import entries
from gliexp.runs.entry import Entry
from gliexp.runs.sweep_pictures import front, logged
from tests.runs.directories import grid, write_run

FIGURES = ("eval.ner_micro_f1", "test.ner_micro_f1")


@pytest.fixture
def page(tmp_path: Path) -> str:
    for directory in grid(tmp_path / "grid"):
        steps = [{"step": step, "loss": 9 / step, "eval_ner_micro_f1": step / 9} for step in (1, 2, 3)]
        half = '{"step": 4, "los'
        (directory / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in steps) + half)
        (directory / "report.html").write_text("")
    (tmp_path / "grid" / "<b>" / ".hydra").mkdir(parents=True)
    found = entries([tmp_path / "grid"])
    return sweep_page.write(tmp_path / "sweep.html", "a & <i>", found, FIGURES).read_text(encoding="utf-8")


def rows(page: str) -> list[list[str]]:
    found = re.findall(r"<tr><td.*?</tr>", page, re.DOTALL)
    return [[re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in found]


def test_the_best_setting_and_run_come_first_and_every_run_is_there(page: str) -> None:
    told = rows(page)
    assert told[0][:4] == ["1e-4", "2", "0.7150 ± 0.0071", "0.7150 ± 0.0071"]
    assert [row[0] for row in told[2:]] == ["4", "3", "2", "1", "0", "5", "&lt;b&gt;"]
    assert told[2][1:6] == ["done", "1e-4", "2", "0.7200", "0.7200"]
    assert told[-2][1] == "failed"
    assert told[-1][1] == "incomplete"


def test_failures_say_why(page: str) -> None:
    assert re.search(r"<b>5</b> \(failed\)<br>loss is nan<br>at step 3", page)
    assert "no run.json" in page


def test_there_is_a_picture_of_what_won_and_why(page: str) -> None:
    titles = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    for part in ("From settings to", "Share of the variance", "on dev over steps", "Training loss"):
        assert any(part in title for title in titles), part


def test_the_page_needs_nothing_else_and_what_is_shown_cannot_become_markup(page: str) -> None:
    assert not re.search(r"<(script|link|img|iframe|object)\b", page)
    assert not re.search(r"https?://|url\((?!#)", page)
    assert "a &amp; &lt;i&gt;" in page
    assert "<b><" not in page


def test_reports_are_linked_from_where_the_page_is(page: str) -> None:
    assert 'href="grid/4/report.html"' in page
    assert page.count('href="grid') == 6


def test_nothing_is_a_page_too(tmp_path: Path) -> None:
    assert "<h2>Pictures</h2>" not in sweep_page.page("nothing", [], [], tmp_path)


def test_runs_may_be_compared_by_what_their_record_says(tmp_path: Path) -> None:
    for number in range(4):
        write_run(tmp_path / str(number), 0.5, seconds=10.0 * (4 - number), overrides=[f"peft.r={number}"])
    told = rows(sweep_page.page("t", entries([tmp_path]), ["seconds"], tmp_path))
    assert [row[0] for row in told] == ["3", "2", "1", "0"]


def test_keys_are_shown_by_as_much_as_tells_them_apart() -> None:
    keys = ["training.learning_rate", "rl.learning_rate", "run.seed", "peft.r", "task"]
    assert list(sweep_page.shortened(keys).values()) == [*keys[:2], "seed", "peft.r", "task"]


def test_unbeaten_runs_are_marked(tmp_path: Path) -> None:
    for number, (f1, seconds) in enumerate([(0.9, 90.0), (0.8, 10.0), (0.7, 50.0)]):
        write_run(tmp_path / str(number), f1, seconds=seconds, overrides=[f"peft.r={number}"])
    objectives = ["eval.ner_micro_f1", "seconds"]
    page = sweep_page.page("t", entries([tmp_path]), objectives, tmp_path, objectives=objectives)
    assert [row[0] for row in rows(page)] == ["0 ★", "1 ★", "2"]
    assert "seconds over eval.ner_micro_f1" in page


def test_the_front_is_what_a_comparison_of_all_with_all_finds() -> None:
    import random

    draw = random.Random(0)
    for _ in range(200):
        count = draw.randint(1, 12)
        values = [(draw.randint(0, 4), draw.randint(0, 4)) for _ in range(count)]
        runs = [
            Entry(Path(str(place)), "done", {}, {"f1": float(f1), "loss": float(loss)})
            for place, (f1, loss) in enumerate(values)
        ]
        expected = [
            place
            for place, (f1, loss) in enumerate(values)
            if not any(a >= f1 and b <= loss and (a, b) != (f1, loss) for a, b in values)
        ]
        assert [int(str(run.path)) for run in front(runs, ["f1", "loss"])] == expected


def test_a_log_that_is_damaged_gives_what_is_whole(tmp_path: Path) -> None:
    assert logged(tmp_path, "loss") == []
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "loss": 2}\n[]\n{"step": 2, "loss": NaN}\nnull\n{"st')
    assert logged(tmp_path, "loss") == [(1.0, 2.0)]
