"""Prediction of long documents beside the stock library on the same chunks: by turns, document by document.

    python scripts/benchmark_prediction.py outputs/ner/<run> documents.jsonl [--chunks 8] [--threshold 0.3]

gliexp takes whole texts: it splits, cuts and merges within the time that is measured. The stock library is handed the
chunks cut beforehand, one at a time (predict_entities), or so many in a batch (inference). Seconds are the processor's.
What both find is compared after the same merge.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

from bench import record
from gliner import GLiNER

from gliexp.data.texts import Text
from gliexp.data.texts import of_file as texts_of
from gliexp.data.windows import Window
from gliexp.models.documents import Part, merge
from gliexp.models.predict import Prediction, Span
from gliexp.models.texts import Words
from gliexp.runs.model_source import find
from gliexp.runs.predict import Predictor, predictor
from gliexp.runs.prepared import quiet_libraries

Entities = set[tuple[int, int, str]]
"""Characters from, to (exclusive), and the label."""


def main() -> None:
    """Measure by turns and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("documents")
    parser.add_argument("--chunks", type=int, default=1, help="that the stock library reads at once")
    parser.add_argument("--threshold", type=float, default=0.5)
    record.add_option(parser)
    given = parser.parse_args()
    quiet_libraries()
    source = find(given.model)
    ours, stock = predictor(source, threshold=given.threshold), GLiNER.from_pretrained(str(source.place))
    ratios, both, found, differ = [], [0.0, 0.0], 0, 0
    for item in texts_of(given.documents):
        text = _text(item)
        theirs = Stock(stock, ours, text)
        their_seconds, their_entities = _timed(partial(theirs.found, given.chunks))
        own_seconds, own_entities = _timed(partial(own, ours, text))
        ratios.append(their_seconds / own_seconds)
        both = [both[0] + their_seconds, both[1] + own_seconds]
        found, differ = found + len(own_entities), differ + len(their_entities ^ own_entities)
        print(
            f"{item.place}: {len(theirs.chunks)} chunks, stock {their_seconds:.1f} s, gliexp {own_seconds:.1f} s: "
            f"{ratios[-1]:.2f}; {len(own_entities)} entities",
            flush=True,
        )
    record.write(
        given.json,
        {
            "documents": len(ratios),
            "ratio": both[0] / both[1],
            "ratios": ratios,
            "entities": found,
            "differ": differ,
            "seconds": {"stock": both[0], "gliexp": both[1]},
        },
    )
    print(
        f"{len(ratios)} documents: stock {both[0]:.1f} s, gliexp {both[1]:.1f} s: {both[0] / both[1]:.2f} times, "
        f"median {median(ratios):.2f}; of {found} entities {differ} differ"
    )


def _timed(call: Callable[[], Entities]) -> tuple[float, Entities]:
    started = time.process_time()
    entities = call()
    return time.process_time() - started, entities


def _text(item: Text) -> str:
    return " ".join(item.words or item.text.split())


def own(ours: Predictor, text: str) -> Entities:
    """What `gliexp predict` finds."""
    (found,) = ours([Text(text, None, "", {})])
    return {(one["start"], one["end"], one["label"]) for one in found["entities"]}


class Stock:
    """The library's model and the chunks of a document, cut as `ours` cuts it."""

    def __init__(self, model: Any, ours: Predictor, text: str) -> None:
        self.model, self.usage = model, ours.usage
        self.words = Words.split(ours.model, text)
        self.chunks = ours.chunker.cut([{"tokenized_text": self.words.words, "ner": []}]).chunks

    def found(self, batch_size: int) -> Entities:
        """Asked about `batch_size` chunks at a time, in their order, and merged."""
        asked: dict[str, Any] = {"threshold": self.usage.threshold, "flat_ner": self.usage.flat_ner}
        labels, chunks = list(self.usage.entity_labels), [self._text(chunk.window) for chunk in self.chunks]
        if batch_size == 1:
            answers = [self.model.predict_entities(text, labels, **asked) for text in chunks]
        else:
            answers = self.model.inference(chunks, labels, batch_size=batch_size, **asked)
        parts = [
            Part(chunk.window, self._prediction(chunk.window, entities))
            for chunk, entities in zip(self.chunks, answers, strict=True)
        ]
        merged = merge(parts, flat_ner=self.usage.flat_ner)
        return {(self.words.starts[one.start], self.words.ends[one.end], one.label) for one in merged.entities}

    def _text(self, window: Window) -> str:
        return self.words.text[self.words.starts[window.start] : self.words.ends[window.end - 1]]

    def _prediction(self, window: Window, entities: Sequence[dict[str, Any]]) -> Prediction:
        """The answers in words of the chunk."""
        base, places = self.words.starts[window.start], range(window.start, window.end)
        starts = {self.words.starts[place] - base: place - window.start for place in places}
        ends = {self.words.ends[place] - base: place - window.start for place in places}
        return Prediction(
            tuple(Span(starts[one["start"]], ends[one["end"]], one["label"], one["score"]) for one in entities)
        )


if __name__ == "__main__":
    main()
