"""DocRED's JSON: documents of sentences, entities as clusters of mentions, relations between clusters.

GLiNER relates single mentions. A relation between two clusters is written once, between the pair of mentions that stand
closest (by first word; of equals the earliest): that pair is the one a reader would point at, and every pair instead
would multiply the relations of a much-mentioned entity. `clusters` stays in the row for who scores by cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gliexp.data.bad_row import BadRow
from gliexp.data.formats import json_rows
from gliexp.data.formats.conll import HOLLOW
from gliexp.data.formats.raw import Layout, Raw

Mention = tuple[int, int, str]


def read(path: Path, _layout: Layout) -> Iterator[Raw]:
    """One row a document, its sentences joined, in GLiNER's form."""
    for raw in json_rows.either(path, _layout):
        if raw.reason:
            yield raw
            continue
        dropped: Counter[str] = Counter()
        try:
            row = _row(raw.row, dropped)
        except BadRow as bad:
            yield raw._replace(row=None, reason=str(bad))
            continue
        yield raw._replace(row=row, dropped=dict(dropped))


def recognise(row: object) -> bool:
    """Whether a JSON row is DocRED's."""
    return isinstance(row, dict) and "vertexSet" in row and "sents" in row


def _row(row: object, dropped: Counter[str]) -> dict[str, Any]:
    if not isinstance(row, dict) or not recognise(row):
        raise BadRow("DocRED needs an object with sents and vertexSet")
    words, places = _joined(row["sents"], dropped)
    vertices = [
        [_mention(item, f"mention {number}.{inner}", places) for inner, item in enumerate(_listed(vertex, "a vertex"))]
        for number, vertex in enumerate(_listed(row["vertexSet"], "vertexSet"))
    ]
    order = sorted({mention for vertex in vertices for mention in vertex})
    repeated = sum(map(len, vertices)) - len(order)
    if repeated:
        dropped["mention stated twice"] += repeated
    index = {mention: place for place, mention in enumerate(order)}
    relations = [_relation(item, place, vertices) for place, item in enumerate(_labels(row.get("labels", [])))]
    return {
        "tokenized_text": words,
        "ner": [list(mention) for mention in order],
        "relations": [[index[head], index[tail], label] for head, tail, label in relations],
        "clusters": [sorted({index[mention] for mention in vertex}) for vertex in vertices],
    }


def _joined(sentences: object, dropped: Counter[str]) -> tuple[list[str], list[list[int]]]:
    """All words that are not empty, and for each sentence the place in them of each of its words and of its end."""
    words: list[str] = []
    places: list[list[int]] = []
    for number, sentence in enumerate(_listed(sentences, "sents")):
        start = [len(words)]
        for word in _listed(sentence, f"sents[{number}]"):
            if not isinstance(word, str):
                raise BadRow(f"sents[{number}] holds {word!r:.40}, not text")
            if word.strip():
                words.append(word.strip())
            else:
                dropped[HOLLOW] += 1
            start.append(len(words))
        places.append(start)
    return words, places


def _mention(item: object, what: str, places: Sequence[Sequence[int]]) -> Mention:
    if not isinstance(item, dict) or not {"pos", "sent_id", "type"} <= set(item):
        raise BadRow(f"{what} needs pos, sent_id and type")
    sentence, pos, label = item["sent_id"], item["pos"], item["type"]
    if type(sentence) is not int or not 0 <= sentence < len(places):
        raise BadRow(f"{what}: sent_id {sentence!r:.40} names no sentence, the document has {len(places)}")
    if not (isinstance(pos, list) and len(pos) == 2 and all(type(value) is int for value in pos)):
        raise BadRow(f"{what}: pos is {pos!r:.40}, not two whole numbers")
    size = len(places[sentence]) - 1
    if not 0 <= pos[0] < pos[1] <= size:
        raise BadRow(f"{what}: pos {pos} does not lie within the {size} words of sentence {sentence}")
    start, end = places[sentence][pos[0]], places[sentence][pos[1]] - 1
    if start > end:
        raise BadRow(f"{what}: pos {pos} holds empty words only")
    if not isinstance(label, str):
        raise BadRow(f"{what}: type is {label!r:.40}, not text")
    return start, end, label


def _labels(value: object) -> list[Mapping[str, Any]]:
    """The relations, from a list of objects or from the lists side by side of the data set on the hub."""
    if isinstance(value, dict):
        try:
            names = value.get("relation_text") or value["relation_id"]
            columns = zip(value["head"], value["tail"], names, strict=True)
            return [{"h": head, "t": tail, "r": name} for head, tail, name in columns]
        except (KeyError, TypeError, ValueError) as error:
            raise BadRow("labels needs lists head, tail and relation_id of one length") from error
    return _listed(value, "labels")


def _relation(item: object, place: int, vertices: Sequence[Sequence[Mention]]) -> tuple[Mention, Mention, Any]:
    what = f"label {place}"
    if not isinstance(item, dict) or not {"h", "t", "r"} <= set(item):
        raise BadRow(f"{what} needs h, t and r")
    ends = []
    for side in ("h", "t"):
        number = item[side]
        if type(number) is not int or not 0 <= number < len(vertices):
            raise BadRow(f"{what}: {side} {number!r:.40} names no vertex, the document has {len(vertices)}")
        if not vertices[number]:
            raise BadRow(f"{what}: {side} {number} is a vertex without mentions")
        ends.append(vertices[number])
    head, tail = min(
        ((one, other) for one in ends[0] for other in ends[1]),
        key=lambda pair: (abs(pair[0][0] - pair[1][0]), pair[0], pair[1]),
    )
    return head, tail, item["r"]


def _listed(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadRow(f"{name} must be a list")
    return value
