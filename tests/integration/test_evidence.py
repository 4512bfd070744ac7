"""One run with trackers and the Hub at once: the same figures everywhere, the same model there, no token anywhere."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import wandb_file
from hub_server import TOKEN, running
from huggingface_hub import ModelCard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from .conftest import environment, read

WORDS = (
    "tracking=[wandb_offline,tensorboard]",
    "tracking.log_model=checkpoints",
    "tracking.log_errors=true",
    "hub=every_save",
    "training.hub_model_id=me/evidence",
    "training.hub_always_push=true",
    "training.hub_token=${oc.env:PLANTED_TOKEN}",
    "training.max_steps=8",
    "training.eval_strategy=steps",
    "training.eval_steps=4",
    "training.logging_steps=4",
    "run.name=evidence",
)
TEXT = "Ana Lima works for Helix Labs in Porto."
PREDICT = """
import json, sys
from gliner import GLiNER
model = GLiNER.from_pretrained(sys.argv[1])
found = model.predict_entities(sys.argv[2], json.loads(sys.argv[3]), threshold=0.05)
print(json.dumps([[e["start"], e["end"], e["label"], e["score"]] for e in found]))
"""


def _started(directory, home, address, *program):
    changed = {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home)}
    known = {**environment(), **changed, "PLANTED_TOKEN": TOKEN}
    known.pop("HF_TOKEN", None)
    done = subprocess.run(
        [sys.executable, *program], cwd=directory, env=known, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.mark.slow
def test_a_run_leaves_the_same_evidence_in_all_places(tmp_path):
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    with running() as hub:
        done = _started(work, home, hub.address, "-m", "gliexp", *WORDS)
        (run,) = work.glob("outputs/ner/evidence-*")
        metrics, record, files = read(run / "metrics.json"), read(run / "run.json"), hub.files("me/evidence")
        usage = json.loads(files["gliexp_usage.json"])
        asked = (TEXT, json.dumps(usage["entity_labels"]))
        here, there = (
            _started(work, home, hub.address, "-c", PREDICT, place, *asked).stdout.splitlines()[-1]
            for place in (str(run / "model"), "me/evidence")
        )
    # the model
    assert json.loads(here)
    assert here == there
    assert files["model.safetensors"] == (run / "model" / "model.safetensors").read_bytes()
    assert [message for _, _, message in hub.commits][:2] == [f"Training in progress, step {step}" for step in (4, 8)]
    assert all(each["commit"] for each in record["hub"]["uploads"])
    # the figures
    assert record["tracking"]["failed"] == {}
    (file,) = (run / "wandb").glob("offline-run-*/*.wandb")
    seen = wandb_file.summary(file)
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    assert json.loads(files["gliexp/metrics.json"]) == metrics
    splits = {"eval": "validation", "test": "test"}
    card = {
        (each.dataset_split, each.metric_type): each.metric_value
        for each in ModelCard(files["README.md"].decode()).data.eval_results
    }
    for split, name in ((split, name) for split in splits for name in ("ner_micro_f1", "ner_macro_f1")):
        expected = metrics[split][name]
        assert seen[f"final/{split}/{name}"] == pytest.approx(expected)
        assert events.Scalars(f"final/{split}/{name}")[-1].value == pytest.approx(expected)
        assert card[splits[split], name] == pytest.approx(expected, abs=1e-4)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    scored = {line["step"]: line["eval_ner_micro_f1"] for line in lines if "eval_ner_micro_f1" in line}
    told = {line["step"]: line["eval/ner_micro_f1"] for line in wandb_file.history(file) if "eval/ner_micro_f1" in line}
    drawn = {event.step: event.value for event in events.Scalars("eval/ner_micro_f1")}
    assert set(scored) == set(told) == set(drawn) == {4, 8}
    for step, value in scored.items():
        assert told[step] == drawn[step] == pytest.approx(value)
    # what else is promised of trackers
    assert wandb_file.config(file)["gliexp"]["signature"] == record["signature"]
    assert events.Scalars("system/memory_mib")[0].value > 100
    assert [line["system/memory_mib"] for line in wandb_file.history(file) if "system/memory_mib" in line]
    assert any(tag.startswith("plots/") for tag in events.Tags()["images"])
    assert "errors/text_summary" in events.Tags()["tensors"]
    assert any(key.startswith("plots/") and key.endswith("._type") for key in seen)
    assert seen["errors.nrows"] > 0
    # no token
    written = [path for root in (work, home) for path in root.rglob("*") if path.is_file()]
    assert any(path.name == "train.log" for path in written)
    for content in (*(path.read_bytes() for path in written), *files.values(), *hub.objects.values()):
        assert TOKEN.encode() not in content
    assert TOKEN not in done.stdout + done.stderr
    assert TOKEN not in " ".join(map(str, written))
