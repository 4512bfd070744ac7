"""What is saved predicts the same in the stock library, in a process where gliexp was never imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gliexp.models import gliner
from gliexp.models.predict import predict

from .conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn

NAMES = ["uni_markerV0", "uni_token", "bi_span", "bi_token", "relex_span_dot", "relex_token_none", "decoder_span"]
NAMES += ["decoder_token", "streaming"]

STOCK = """
import json, sys
import torch
from gliner import GLiNER

torch.set_num_threads(1)
job = json.load(open(sys.argv[1]))
found = {}
for name, directory in job["models"].items():
    model = GLiNER.from_pretrained(directory)
    rows = [{"tokenized_text": words, "ner": None} for words in job["rows"]]
    types = {"relation_types": job["relation_types"]} if name.startswith("relex") else {}
    options = {"do_sample": False, "temperature": 1.0} if name.startswith("decoder") else {}
    batch = model.collate_batch(rows, job["entity_types"], model.create_collator(), **types)
    decoded = model.decode_batch(model.run_batch(batch, threshold=0.3, **options), batch, threshold=0.3, flat_ner=False)
    entities, relations = decoded if types else (decoded, [[]] * len(rows))
    found[name] = [
        [
            [[s.start, s.end, s.entity_type, s.score, list(s.generated_labels or [])] for s in spans],
            [[*relation] for relation in related],
        ]
        for spans, related in zip(entities, relations)
    ]
assert not any(name.split(".")[0] == "gliexp" for name in sys.modules)
json.dump(found, open(sys.argv[2], "w"))
"""


@pytest.fixture(scope="module")
def trained(values: Any, collated: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Path]]:
    root = tmp_path_factory.mktemp("exported")
    made = {}
    for name in NAMES:
        model: Any = gliner.build(values(name), seed=1)
        learn(model, collated(model), steps=25)
        made[name] = (model, gliner.save(model, root / name))
    return made


@pytest.fixture(scope="module")
def stock_predictions(trained: dict[str, tuple[Any, Path]], tmp_path_factory: pytest.TempPathFactory) -> Any:
    work = tmp_path_factory.mktemp("stock")
    job = {
        "models": {name: str(directory) for name, (_, directory) in trained.items()},
        "rows": [row["tokenized_text"] for row in ROWS],
        "entity_types": ENTITY_TYPES,
        "relation_types": RELATION_TYPES,
    }
    (work / "job.json").write_text(json.dumps(job))
    command = [sys.executable, "-c", STOCK, str(work / "job.json"), str(work / "found.json")]
    subprocess.run(command, check=True, cwd=work)
    return json.loads((work / "found.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_the_stock_library_predicts_the_same_in_a_fresh_process(
    name: str, trained: dict[str, tuple[Any, Path]], stock_predictions: Any
) -> None:
    ours = predict(
        trained[name][0], ROWS, ENTITY_TYPES, RELATION_TYPES, threshold=0.3, flat_ner=False, batch_size=len(ROWS)
    )
    spans = 0
    for row, mine, (found, related) in zip(ROWS, ours, stock_predictions[name], strict=True):
        # the stock library's token decoders return spans in the padding of shorter rows; ours leaves them out
        numbers = [number for number, (_, end, *_) in enumerate(found) if end < len(row["tokenized_text"])]
        entities = [found[number] for number in numbers]
        relations = [relation for relation in related if {relation[0], relation[2]} <= set(numbers)]
        spans += len(entities)
        assert [(s.start, s.end, s.label, list(s.generated)) for s in mine.entities] == [
            (start, end, label, generated) for start, end, label, _, generated in entities
        ]
        assert [s.score for s in mine.entities] == pytest.approx([entity[3] for entity in entities], abs=1e-5)
        assert [(mine.entities.index(r.head), r.label, mine.entities.index(r.tail)) for r in mine.relations] == [
            (numbers.index(head), label, numbers.index(tail)) for head, label, tail, _ in relations
        ]
        assert [r.score for r in mine.relations] == pytest.approx([relation[3] for relation in relations], abs=1e-5)
    assert spans > 0
