from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from gliexp.data.sentences import sentence_starts

SHARED = Path(__file__).parents[3] / "shared" / "data" / "lener_br_documents"


def sentences(text: str) -> list[str]:
    words = text.split()
    borders = [0, *sentence_starts(words), len(words)]
    return [" ".join(words[a:b]) for a, b in pairwise(borders)]


@pytest.mark.parametrize(
    "text",
    [
        "Nos termos do art. 5º da Lei n. 8.112 , de 1990",
        "Nos termos do art . 5º , inc . II , da Lei nº 8.112 e da Lei n . 9.784",
        "Relator Min . Marco Aurélio , fls . 12 e 13",
        "O Dr. Silva e a Sra . Souza da Construtora Ltda. e da Vale S.A. vieram",
        "J . K . Rowling and Mr. Smith of the U.S. Army",
        "isto é ... e nada mais",
        "3.1 . Interessado : Superior Tribunal Militar",
    ],
)
def test_what_does_not_end_a_sentence(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("O réu apelou . A sentença foi mantida .", 2),
        ("O réu apelou. A sentença foi mantida.", 2),
        ("Quem ? Ele ! Sim …", 3),
        ('Disse : " Não . " Depois saiu .', 2),
        ("O recurso foi provido em 2016 . Intimem-se .", 2),
        ("Publique-se . § 2º Revogado .", 2),
        ("Fim . 3.1 . Interessado : ninguém", 2),
        ("foi assim ( vide anexo . ) Depois saiu .", 2),
    ],
)
def test_what_ends_one(text: str, count: int) -> None:
    assert len(sentences(text)) == count
    assert " ".join(sentences(text)) == text


def test_odd_words_are_taken() -> None:
    assert sentence_starts([]) == []
    assert sentence_starts(["."]) == []
    assert sentence_starts([".", ".", ".", ")", "\xad", "A"]) == []


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data")
def test_most_sentence_ends_of_legal_documents_are_found() -> None:
    right = found = gold = 0
    for line in (SHARED / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        ours = set(sentence_starts(row["tokenized_text"]))
        theirs = {end + 1 for end in row["sentence_ends"][:-1]}
        right, found, gold = right + len(ours & theirs), found + len(ours), gold + len(theirs)
    assert right / found > 0.85
    assert right / gold > 0.85
