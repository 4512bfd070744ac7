from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gliexp.config.compose import compose
from gliexp.data.splits import Splits
from gliexp.models.predict import Prediction, Span
from gliexp.runs import report
from gliexp.runs.entity_ending import example
from gliexp.training.metrics import score_entities
from gliexp.training.metrics.thresholds import Scored

ROW = {"tokenized_text": ["Ada", "<script>", "met", "Bob"], "ner": [[0, 0, "person"], [3, 3, "a & b"]]}
RECORD = {
    "task": "ner",
    "name": "x",
    "started": "2025",
    "seconds": 3,
    "device": "cpu",
    "signature": "1a2b",
    "command": "python -m gliexp data.train_data='<b>.jsonl'",
    "parameters": {"trainable": 12},
    "data": [{"split": "train", "path": "<b>.jsonl", "rows": 1, "sha256": "0" * 64}],
    "versions": {"python": "3"},
    "platform": "linux",
    "git_commit": None,
}


@pytest.fixture
def page(tmp_path: Path) -> str:
    lines = [{"step": step, "loss": 3 - step, "eval_ner_micro_f1": step / 3} for step in range(3)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = [Prediction((Span(0, 0, "person", 0.9), Span(2, 2, "person", 0.6)))]
    spans = [[(span.start, span.end, span.label) for span in one.entities] for one in found]
    curve = Scored.of([ROW["ner"]], [[((0, 0, "person"), 0.9), ((2, 2, "person"), 0.6)]]).curve()
    metrics: dict[str, Any] = {"test": {**score_entities([ROW["ner"]], spans), "threshold": 0.4}}
    metrics |= {"eval": metrics["test"], "start": {"ner_micro_f1": 0.125}}
    composed = compose(["data.threshold=0.4"])
    splits = Splits(train=[ROW, ROW], test=[ROW])
    return report.write(tmp_path, composed, RECORD, metrics, splits, found, curve, example).read_text(encoding="utf-8")


class _Tags(HTMLParser):
    """Every tag that is opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "path", "use", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


def test_the_page_needs_nothing_else_and_what_is_shown_cannot_become_markup(page: str) -> None:
    tags = _Tags()
    tags.feed(page)
    names = {name for name, _ in tags.seen}
    assert not names & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"https?://|url\((?!#)", page)
    assert "&lt;script&gt;" in page
    assert "<b>.jsonl" not in page
    assert "a &amp; b" in page


def test_there_is_a_picture_of_everything_and_each_is_saved(page: str, tmp_path: Path) -> None:
    titles = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    for part in ("loss", "F1 on dev", "thresholds", "Precision over recall", "F1 of entities", "training rows"):
        assert any(part in title for title in titles), part
    assert len(list((tmp_path / "plots").glob("*.png"))) == len(titles)


def test_scores_before_training_and_provenance_are_shown(page: str) -> None:
    assert "0.125" in page
    row = re.search(r"<td>data\.threshold</td><td>0\.4</td><td[^>]*>(.*?)</td>", page)
    assert row
    assert row.group(1) == "command line"


def test_examples_say_in_words_what_is_wrong(page: str) -> None:
    assert re.search(r'<mark class="right"[^>]*>Ada <small>person</small>', page)
    assert re.search(r'<mark class="spurious"[^>]*>met <small>person \(spurious\)</small>', page)
    assert re.search(r'<mark class="missed"[^>]*>Bob <small>a &amp; b \(missed\)</small>', page)
    hues = dict(re.findall(r"hsl\((\d+) [^>]*>[^<]* <small>(person|a &amp; b)", page)[::-1])
    assert len(hues) == 2  # a label's marks share a colour that no other label has
