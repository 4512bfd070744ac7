"""The `runs` verb over directories written by hand."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from gliexp import cli
from tests.runs.directories import grid, write_run

from .test_main import gliexp


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    grid(tmp_path / "multirun" / "ner" / "grid")
    return tmp_path


def test_the_list(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "multirun" / "ner" / "grid" / "7" / ".hydra").mkdir(parents=True)
    assert cli.main(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "multirun/ner/grid/",
        "status",
        "training.learning_rate",
        "run.seed",
        "eval.ner_micro_f1",
        "test.ner_micro_f1",
        "seconds",
    ]
    assert lines[1].split() == ["4", "done", "1e-4", "2", "0.7200", "0.7200", "14"]
    assert [line.split()[1] for line in lines[6:8]] == ["failed", "incomplete"]
    assert "0.7150 ± 0.0071" in lines[11]
    assert "multirun/ner/grid/5: loss is nan …" in lines
    assert "multirun/ner/grid/7: no run.json" in lines
    assert lines[-1] == "7 runs, 5 done, 1 failed, 1 incomplete"


def test_seeds_filters_and_limits(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runs", "--seeds", "--metric", "test.ner_micro_f1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["1e-4", "2", "0.7150", "±", "0.0071"]
    assert cli.main(["runs", "multirun", "--where", "run.seed=1", "--sort=-seconds", "--limit", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 run, 1 done"
    assert lines[1].startswith("multirun/ner/grid/3 ")
    assert cli.main(["runs", "--where", "seconds>99"]) == 0
    assert capsys.readouterr().out == "0 runs\n"


def test_csv_and_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runs", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[0]["training.learning_rate"] == "1e-4"
    assert float(rows[0]["test.ner_micro_f1"]) == 0.72
    assert rows[-1]["status"] == "failed"
    assert cli.main(["runs", "--csv", "--seeds"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["runs"] for row in rows] == ["2", "3"]
    assert cli.main(["runs", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ranked_by"] == "eval.ner_micro_f1"
    assert document["runs"][-1]["error"].startswith("loss is nan")
    assert document["settings"][0]["metrics"]["test.ner_micro_f1"]["runs"] == 2


def test_html(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "multirun" / "ner" / "grid" / "3" / "report.html").write_text("")
    assert cli.main(["runs", "--html", "--where", "status!=failed", "--limit", "3"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("<!doctype html>")
    assert 'href="multirun/ner/grid/3/report.html"' in page
    assert page.count('<td data-name="status">') == 3
    assert cli.main(["runs", "--html", "--metric", "test.ner_micro_f1", "--metric", "seconds"]) == 0
    assert "not beaten in all of test.ner_micro_f1, seconds" in capsys.readouterr().out


def test_show_and_diff(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runs", "show", "0000000005"]) == 0
    shown = capsys.readouterr().out
    assert "failed" in shown
    assert "training.learning_rate=1e-4" in shown
    assert cli.main(["runs", "diff", "0000000000", "multirun/ner/grid/4"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["config", "training.learning_rate", "1e-5", "1e-4"] in lines
    assert ["metrics", "eval.ner_micro_f1", "0.51", "0.72", "+0.2100"] in lines
    assert cli.main(["runs", "diff", "0000000000", "0000000004", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["part"] == "config"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["runs", "nowhere"], "nowhere: no such directory"),
        (["runs", "--limit", "0"], "at least 1"),
        (["runs", "--sort", "tset.ner_micro_f1"], "did you mean test.ner_micro_f1?"),
        (["runs", "--cvs"], "unrecognized arguments: --cvs"),
        (["runs", "show", "xyz"], "no such run"),
        (["runs", "diff", "0000000001"], "required: second"),
    ],
)
def test_what_makes_no_sense_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert cli.main(words) == 2
    assert says in capsys.readouterr().err


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    write_run(tmp_path / "outputs" / "a")
    for words in (["runs"], ["runs", "show", "outputs/a"], ["runs", "diff", "outputs/a", "outputs/a"]):
        done = gliexp(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "HEAVY []" in done.stdout
