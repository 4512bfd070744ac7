"""A short run of every task leaves what design promises: a reloading model, figures, a report, a record."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gliexp.data import sample

from .conftest import environment, read

SAMPLE = Path(sample.__file__).parent / "samples"
SHORT = ("training.max_steps=12", "training.eval_strategy=steps", "training.eval_steps=6")
VARIANTS = {
    "ner": ["task=ner"],
    "ner query": ["task=ner", "span_mode=query"],
    "ner token": ["task=ner", "span_mode=token_level"],
    "biencoder": ["task=biencoder"],
    "biencoder token": ["task=biencoder", "span_mode=token_level"],
    "decoder": ["task=decoder"],
    "decoder token": ["task=decoder", "span_mode=token_level"],
    "relex lora": ["task=relex", "peft=lora"],
    "relex token dot": ["task=relex", "span_mode=token_level", "model.relations_layer=dot"],
    "streaming": ["task=streaming"],
}


@pytest.mark.parametrize("overrides", VARIANTS.values(), ids=VARIANTS.keys())
def test_every_task_trains_scores_saves_and_reloads(gliexp, only_run, overrides):
    done = gliexp(*overrides, *SHORT)
    assert done.returncode == 0, done.stderr
    run = only_run()
    record = read(run / "run.json")
    assert record["status"] == "done"
    assert record["reload_difference"] <= 1e-5
    assert record["parameters"]["trainable"] > 0
    assert [source["rows"] for source in record["data"]] == [640, 80, 120]
    metrics = read(run / "metrics.json")
    assert 0 <= metrics["test"]["ner_micro_f1"] <= 1
    assert ("rel_strict_micro_f1" in metrics["test"]) == ("task=relex" in overrides)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "eval_ner_micro_f1" in line] == [6, 12]
    assert {path.name for path in run.iterdir()} >= {
        ".hydra",
        "config.resolved.yaml",
        "train.log",
        "report.html",
        "model",
        "checkpoints",
    }
    assert (run / "adapter").is_dir() == ("peft=lora" in overrides)
    assert str(run.relative_to(run.parents[2]) / "report.html") in done.stdout.replace("\n", "")


def test_the_report_is_one_file_that_loads_nothing(gliexp, only_run):
    assert gliexp(*SHORT).returncode == 0
    page = (only_run() / "report.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http-equiv", "")
    assert "<svg" in page
    assert "training.learning_rate" in page


def test_the_same_command_gives_the_same_weights_under_any_hash_seed(tmp_path):
    saved = []
    chunks = "data.long_doc_chunking={enabled: true, max_words: 10, stride: 3}"  # the sample's rows are longer
    for hash_seed in ("0", "1"):
        root = tmp_path / hash_seed
        words = [sys.executable, "-m", "gliexp", "task=relex", *SHORT, chunks, f"run.root={root}"]
        changed = {**environment(), "PYTHONHASHSEED": hash_seed}
        subprocess.run(words, cwd=tmp_path, env=changed, capture_output=True, check=True, timeout=600)
        (weights,) = root.glob("*/*/model/model.safetensors")
        saved.append(weights.read_bytes())
    assert saved[0] == saved[1]


def test_fine_tuning_starts_from_a_run_and_its_architecture_wins(gliexp, tmp_path):
    assert gliexp("run.name=first", *SHORT).returncode == 0
    (first,) = tmp_path.glob("outputs/ner/first-*")
    done = gliexp("run.name=second", f"model.from_pretrained={first}", "model.max_width=7", *SHORT)
    assert done.returncode == 0, done.stderr
    assert "max_width=7" in done.stdout + done.stderr
    (second,) = tmp_path.glob("outputs/ner/second-*")
    assert read(second / "model" / "gliner_config.json")["max_width"] == 12
    rates = []
    for run in (first, second):
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        rates.append(max(line["learning_rate"] for line in lines if "learning_rate" in line))
    assert rates[1] < rates[0]


def test_an_interrupted_run_writes_a_checkpoint_and_goes_on_from_it(gliexp, only_run, tmp_path):
    words = ["training.num_train_epochs=20", "training.eval_strategy=no", "training.logging_steps=1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gliexp", *words], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("outputs/*/*/metrics.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    run = only_run()
    assert read(run / "run.json")["status"] == "interrupted"
    (checkpoint,) = (run / "checkpoints").iterdir()
    step = int(checkpoint.name.removeprefix("checkpoint-"))
    assert f"step {step}" in errors
    assert "Error executing job" not in errors
    changed = [f"training.resume_from_checkpoint={checkpoint}", f"training.max_steps={step + 5}"]
    refused = gliexp(*words, *changed)
    assert refused.returncode == 2
    assert f"training.max_steps: -1 in the checkpoint, {step + 5} now" in refused.stderr
    again = gliexp(*words, *changed, "+resume_anyway=true", timeout=300)
    assert again.returncode == 0, again.stderr


def test_a_bad_row_is_refused_by_file_and_line(gliexp, tmp_path):
    rows = [{"tokenized_text": ["a", "b"], "ner": [[0, 0, "x"]]}, {"tokenized_text": ["a"], "ner": [[0, 4, "x"]]}]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    done = gliexp("data.train_data=train.jsonl")
    assert done.returncode == 2
    assert "train.jsonl:2" in done.stderr
    assert "Traceback" not in done.stderr


def test_entities_that_cannot_be_learned_are_counted_or_refused(gliexp, only_run, tmp_path):
    words = ["w"] * 30
    rows = [{"tokenized_text": words, "ner": [[0, 20, "x"], [25, 26, "y"]]}] * 20
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    refused = gliexp("data.train_data=train.jsonl", "data.on_loss=error")
    assert refused.returncode == 2
    assert "wider than max_width" in refused.stderr
    assert gliexp("data.train_data=train.jsonl", "data.on_loss=warn", *SHORT).returncode == 0
    done = [path for path in tmp_path.glob("outputs/*/*/run.json") if read(path)["status"] == "done"]
    assert read(done[0])["dropped"]["train: entity wider than max_width"] == 18


def test_long_documents_are_trained_and_scored_whole(gliexp, only_run, tmp_path):
    rows = read_lines(SAMPLE / "train.jsonl")
    documents = [joined(rows[start : start + 20]) for start in range(0, 200, 20)]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, documents)))
    chunks = "data.long_doc_chunking={enabled: true, max_words: 60, stride: 20}"
    given = ["data.train_data=train.jsonl", "data.val_data=train.jsonl", chunks, "task=relex", *SHORT]
    done = gliexp(*given, "run.name=first")
    assert done.returncode == 0, done.stderr
    run = only_run()
    record = read(run / "run.json")
    assert record["chunks"]["train"]["documents"] == 10
    assert record["chunks"]["train"]["chunks"] > 30
    assert "train: 10 documents became" in done.stdout
    metrics = read(run / "metrics.json")["eval"]
    assert metrics["examples"] == 10
    support = sum(figures["support"] for figures in metrics["ner_per_label"].values())
    assert support == sum(len(document["ner"]) for document in documents)


def joined(rows):
    """One document of several rows."""
    document = {"tokenized_text": [], "ner": [], "relations": []}
    for row in rows:
        words, entities = len(document["tokenized_text"]), len(document["ner"])
        document["tokenized_text"] += row["tokenized_text"]
        document["ner"] += [[start + words, end + words, label] for start, end, label in row["ner"]]
        document["relations"] += [
            [head + entities, tail + entities, label] for head, tail, label in row.get("relations", [])
        ]
    return document


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_on_chunks_goes_on_from_a_checkpoint_as_if_never_ended(gliexp, only_run, tmp_path):
    words = [
        "data.long_doc_chunking={enabled: true, max_words: 10, stride: 4}",
        "training.load_best_model_at_end=false",
    ]
    words += ["training.save_strategy=steps", *SHORT]
    assert gliexp(*words).returncode == 0
    weights = only_run() / "model" / "model.safetensors"
    whole = weights.read_bytes()
    weights.unlink()
    shutil.copytree(only_run() / "checkpoints" / "checkpoint-6", tmp_path / "half")
    again = gliexp(*words, f"training.resume_from_checkpoint={tmp_path / 'half'}")
    assert again.returncode == 0, again.stderr
    assert weights.read_bytes() == whole


CLASSIFIERS = {
    "uni": ["task=classification"],
    "lora": ["task=classification", "peft=lora"],
    "pair": ["task=classification", "model.architecture_type=bi-encoder"],
    "one label": ["task=classification", "model.problem_type=single_label_classification"],
    "number": ["task=classification", "model.problem_type=regression"],
}


@pytest.mark.parametrize("overrides", CLASSIFIERS.values(), ids=CLASSIFIERS.keys())
def test_classifiers_train_score_save_and_reload(gliexp, only_run, overrides):
    done = gliexp(*overrides, *SHORT)
    assert done.returncode == 0, done.stderr
    run = only_run()
    assert read(run / "run.json")["reload_difference"] <= 1e-5
    test = read(run / "metrics.json")["test"]
    wanted = {"cls_mae", "cls_correlation"} if "regression" in overrides[-1] else {"cls_macro_f1", "cls_accuracy"}
    assert wanted <= test.keys()
    assert (run / "adapter").is_dir() == ("peft=lora" in overrides)


def test_a_classifier_is_scored_in_questions_of_the_size_it_was_trained_with(gliexp, only_run, tmp_path):
    """Rows of training offer two labels, those of test all eight: told, and asked in parts where the user says so."""
    for split, count in (("train", 24), ("test", 12)):
        with (SAMPLE / "classification" / f"{split}.jsonl").open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in itertools.islice(lines, count)]
        for row in rows if split == "train" else ():
            row["all_labels"] = (
                row["true_labels"][:1] + [x for x in row["all_labels"] if x not in row["true_labels"]][:1]
            )
            row["true_labels"] = row["true_labels"][:1]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = [f"data.{split}_data={tmp_path / split}.jsonl" for split in ("train", "test")]
    words = ["task=classification", "data.val_data=null", *words, *SHORT[:1]]
    done = gliexp(*words, "run.name=whole")
    assert "up to 2 labels in training, and more where the model is scored (test 8)" in " ".join(done.stdout.split())
    done = gliexp(*words, "data.labels_at_once=2")
    assert done.returncode == 0, done.stderr
    assert "where the model is scored" not in done.stdout
    (run,) = [run for run in tmp_path.glob("outputs/*/*") if "whole" not in run.name]
    assert read(run / "model" / "gliexp_usage.json")["labels_at_once"] == 2
    assert read(run / "run.json")["reload_difference"] <= 1e-5
    test = read(run / "metrics.json")["test"]
    again = gliexp("evaluate", str(run), "--json", "--to", str(tmp_path / "scores"))
    (model,) = json.loads(again.stdout)["models"]
    assert model["test"]["cls_map"] == pytest.approx(test["cls_map"], abs=1e-6)
    again = gliexp("evaluate", str(run), "--json", "--to", str(tmp_path / "scores"), "--labels-at-once", "8")
    (model,) = json.loads(again.stdout)["models"]
    assert model["test"]["cls_map"] != pytest.approx(test["cls_map"], abs=1e-6)


def test_labels_that_do_not_fit_are_refused_with_their_place(gliexp):
    done = gliexp("task=classification", "data.max_length=16")
    assert done.returncode == 2
    assert "sample:train:1" in done.stderr
