"""Each architecture of classifiers and four kinds of adapter: trained, saved, and read in one fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gliexp.config.schema.classifier import BI, DECODER_KV, FUSED, MULTI, SEQ2SEQ, SEQ2SEQ_CLS, UNI
from gliexp.models import adapters, anatomy, gliclass
from gliexp.runs.model_source import GLICLASS, find
from models.classifiers import ASKED, BACKBONES, ROWS, apart, batch_of, scores

KINDS = ("lora", "dora", "rslora", "ia3")
BACKBONE_OF = [(UNI, "bert"), (UNI, "deberta"), (UNI, "modernbert"), *((a, BACKBONES[a]) for a in (BI, FUSED))]
BACKBONE_OF += [(a, BACKBONES[a]) for a in (SEQ2SEQ, SEQ2SEQ_CLS, DECODER_KV)]
CASES = [(architecture, backbone, kind) for architecture, backbone in BACKBONE_OF for kind in KINDS]

FRESH = """
import json, sys
import torch

torch.set_num_threads(1)
job = json.load(open(sys.argv[1]))
from gliexp.models import adapters, classify, gliclass


def scores(classifier):
    inputs = classifier.inputs(64)
    found = classify.logits(classifier.model, inputs, job["rows"], job["asked"], 8)
    return [row.sigmoid().tolist() for row in found]


merged = {name: scores(gliclass.load(place)) for name, place in job["merged"].items()}
unmerged = {name: scores(adapters.load(place).model) for name, place in job["adapter"].items()}
json.dump({"merged": merged, "adapter": unmerged}, open(sys.argv[2], "w"))
"""


def label(case: tuple[str, str, str]) -> str:
    return "-".join(case)


def base_of(architecture: str, backbone: str, backbones: dict[str, str]) -> adapters.Base:
    values = {
        "architecture_type": architecture,
        "encoder_model": backbones[backbone],
        "label_model_name": backbones["deberta"] if architecture in (BI, FUSED) else None,
        "problem_type": MULTI,
        "prompt_first": True,
        "max_num_classes": 8,
        "initializer_range": 0.12,
    }
    return adapters.Base(values, 1, library="gliclass")


def _learn(classifier: Any, steps: int = 3) -> None:
    trained = [p for p in classifier.model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    batch = batch_of(classifier)
    classifier.model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        classifier.model(**batch).loss.backward()
        optimizer.step()
    classifier.model.eval()


def _trained(case: tuple[str, str, str], backbones: dict[str, str], root: Path) -> dict[str, Any]:
    """One cell: a few steps, both saves, what moved, and the scores of the model that was trained."""
    architecture, backbone, kind = case
    base = base_of(architecture, backbone, backbones)
    section = {"method": kind, "r": 2, "lora_alpha": 4, "lora_dropout": 0.0}
    made = adapters.wrap(base.build(), section, origin=base, seed=2)
    body = anatomy.of(made.model)
    part_of = body.part_of()
    trainable = {n for n, p in body.core.named_parameters() if p.requires_grad}
    parts = {n: part_of[id(p)] for n, p in body.core.named_parameters()}
    before = {n: p.detach().clone() for n, p in body.core.named_parameters()}
    _learn(made.model)
    moved = {n for n, p in body.core.named_parameters() if not p.equal(before[n])}
    adapters.save(made, root / "adapter" / label(case))
    found = scores(made.model)
    gliclass.save(adapters.merge(made.model), root / "merged" / label(case))
    return {
        "stuck": {parts[n] for n in trainable} - {parts[n] for n in moved},
        "strayed": moved - trainable,
        "frozen": len(before) - len(trainable),
        "rows": [n for n in moved if "trainable_tokens" in n or n.endswith(".rows")],
        "has_prompt": bool(body.prompt_ids),
        "scores": [row.sigmoid() for row in found],
    }


@pytest.fixture(scope="module")
def cells(backbones: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    root = tmp_path_factory.mktemp("matrix")
    found = {label(case): _trained(case, backbones, root) for case in CASES}
    job = {
        "merged": {name: str(root / "merged" / name) for name in found},
        "adapter": {name: str(root / "adapter" / name) for name in found},
        "rows": ROWS,
        "asked": ASKED,
    }
    (root / "job.json").write_text(json.dumps(job))
    command = [sys.executable, "-c", FRESH, str(root / "job.json"), str(root / "found.json")]
    done = subprocess.run(command, check=False, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    fresh = json.loads((root / "found.json").read_text())
    return {name: {**cell, "fresh": {how: fresh[how][name] for how in fresh}} for name, cell in found.items()}


@pytest.mark.parametrize("case", CASES, ids=label)
def test_what_was_trained_is_what_a_fresh_process_reads(
    case: tuple[str, str, str], cells: dict[str, dict[str, Any]]
) -> None:
    cell = cells[label(case)]
    for how, fresh in cell["fresh"].items():
        for mine, theirs in zip(cell["scores"], fresh, strict=True):
            assert theirs == pytest.approx(mine.tolist(), abs=1e-5), how


@pytest.mark.parametrize("case", CASES, ids=label)
def test_what_should_move_moves_and_the_rest_does_not(
    case: tuple[str, str, str], cells: dict[str, dict[str, Any]]
) -> None:
    cell = cells[label(case)]
    assert cell["strayed"] == set()
    assert cell["stuck"] == set()
    assert cell["frozen"] > 0
    assert bool(cell["rows"]) == cell["has_prompt"]


def test_a_saved_adapter_is_known_for_a_classifier_and_opens_merged(backbones: dict[str, str], tmp_path: Path) -> None:
    base = base_of(UNI, "bert", backbones)
    made = adapters.wrap(base.build(), {"method": "lora", "r": 2, "lora_dropout": 0.0}, origin=base, seed=2)
    _learn(made.model)
    found = find(str(adapters.save(made, tmp_path / "adapter")))
    assert (found.library, found.is_adapter) == (GLICLASS, True)
    opened = found.open()
    assert not adapters.is_adapted(opened)
    assert apart(scores(opened), scores(made.model)) < 1e-5


def test_adapters_of_several_runs_are_combined(backbones: dict[str, str], tmp_path: Path) -> None:
    base = base_of(UNI, "bert", backbones)
    for seed in (2, 3):
        made = adapters.wrap(base.build(), {"method": "lora", "r": 2, "lora_dropout": 0.0}, origin=base, seed=seed)
        _learn(made.model)
        adapters.save(made, tmp_path / str(seed))
    combined = adapters.combine([tmp_path / "2", tmp_path / "3"], [1.0, 0.0])
    alone = adapters.load(tmp_path / "2").model
    assert apart(scores(combined), scores(alone)) < 1e-5
