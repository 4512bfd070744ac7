"""How a run goes on: by itself, from a named checkpoint, with another config, or not at all because it is finished."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from gliexp.training import checkpoints, manifest

from . import families
from .child import Child
from .result import differences, result, run_directory

SPAN = "span"


@pytest.fixture
def run(data, tmp_path):
    """Run the words of a family's run and more; returns exit code and what was printed."""

    def call(*more, family=SPAN, directory=tmp_path):
        child = Child([*families.words(family, data), *more], directory)
        return child.wait(), child.said()

    return call


def test_a_finished_run_says_so(run, tmp_path):
    assert run()[0] == 0
    before = (run_directory(tmp_path) / "run.json").read_bytes()
    for wanted in ("auto", run_directory(tmp_path) / "checkpoints" / "checkpoint-16", run_directory(tmp_path)):
        code, said = run(f"training.resume_from_checkpoint={wanted}")
        assert code == 0
        assert "this run is finished" in said
    assert (run_directory(tmp_path) / "run.json").read_bytes() == before


def test_auto_begins_anew_where_there_is_nothing_to_go_on_from(run, tmp_path):
    code, said = run("training.resume_from_checkpoint=auto", "training.max_steps=2")
    assert code == 0
    assert "no checkpoint in" in said
    assert "beginning anew" in said


def test_a_changed_config_is_named_and_refused_where_it_changes_the_result(run, tmp_path):
    assert run("training.max_steps=4")[0] == 0
    first = run_directory(tmp_path)
    changed = ["training.learning_rate=1e-4", "data.threshold=0.3", "run.notes=again", "training.max_steps=4"]
    code, said = run(*changed, f"training.resume_from_checkpoint={first}")
    assert code == 2
    assert "refused: 2 problems" in said
    assert "training.learning_rate: 0.002 in the checkpoint, 0.0001 now; allowed: 0.002, or +resume_anyway=true" in said
    assert "data.threshold: 0.1 in the checkpoint, 0.3 now" in said
    assert "run.notes" not in said.split("refused")[1]
    assert len(list(tmp_path.glob("outputs/*/*/run.json"))) == 1
    code, said = run(*changed, f"training.resume_from_checkpoint={first}", "+resume_anyway=true")
    assert code == 0, said
    assert "training.learning_rate: 0.002 in the checkpoint, 0.0001 now, which changes the result" in said
    assert "run.notes:  in the checkpoint, again now; the result does not depend on it" in said


def test_other_rows_are_another_run(run, tmp_path, data):
    assert run("training.max_steps=4")[0] == 0
    rows = (data / "entities-train.jsonl").read_text().splitlines()
    (tmp_path / "other.jsonl").write_text("\n".join(rows[:-1]))
    words = ["training.max_steps=4", f"training.resume_from_checkpoint={run_directory(tmp_path)}"]
    code, said = run(*words, f"data.train_data={tmp_path / 'other.jsonl'}")
    assert code == 2
    assert "data.train_data: the data files are not those that the checkpoint was trained on" in said


def broken_off(tmp_path, at=8):
    """As if the run had been killed after the checkpoint of a step."""
    run = run_directory(tmp_path)
    for entry in checkpoints.entries(run / "checkpoints"):
        if entry.step > at:
            checkpoints.remove(entry.path)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "status": "running"}))
    shutil.rmtree(run / "model", ignore_errors=True)
    return run


def truncated(path):
    weights = path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    return "model.safetensors has"


def corrupted(path):
    text = (path / "manifest.json").read_text()
    (path / "manifest.json").write_text(text[: len(text) // 2] + "x" + text[len(text) // 2 :])
    return "manifest.json"


def without_optimizer(path):
    (path / "optimizer.pt").unlink()
    return "optimizer.pt is missing"


@pytest.mark.parametrize("fault", [truncated, corrupted, without_optimizer])
def test_a_damaged_checkpoint_is_refused_by_name_and_passed_over_by_auto(fault, run, tmp_path, whole):
    assert run("training.save_total_limit=9")[0] == 0
    path = broken_off(tmp_path, at=12) / "checkpoints" / "checkpoint-12"
    reason = fault(path)
    code, said = run("training.save_total_limit=9", f"training.resume_from_checkpoint={path}")
    assert code == 2
    assert reason in said
    assert f"allowed: {path.with_name('checkpoint-8')}, the newest that can be used" in said
    code, said = run("training.save_total_limit=9", "training.resume_from_checkpoint=auto")
    assert code == 0, said
    assert f"checkpoint-12 is passed over: {reason}" in said
    assert "going on from step 8" in said
    assert differences(whole(SPAN).result, result(tmp_path)) == []


def test_where_every_checkpoint_is_damaged_auto_begins_anew_and_names_them(run, tmp_path, whole):
    assert run()[0] == 0
    for entry in checkpoints.entries(broken_off(tmp_path, at=99) / "checkpoints"):
        truncated(entry.path)
    code, said = run("training.resume_from_checkpoint=auto")
    assert code == 0, said
    assert said.count("is passed over: model.safetensors has") == 2
    assert "beginning anew" in said
    assert differences(whole(SPAN).result, result(tmp_path)) == []


def test_no_code_in_a_checkpoint_is_run(run, tmp_path):
    assert run("training.save_total_limit=9")[0] == 0
    path = broken_off(tmp_path, at=4) / "checkpoints" / "checkpoint-4"
    known = manifest.read(path)

    class Planted:
        def __reduce__(self):
            return Path.touch, (tmp_path / "was run",)

    torch.save({"state": Planted()}, path / "optimizer.pt")
    said = {name: getattr(known, name) for name in ("step", "scheduled", "resumable", "best_step", "run")}
    manifest.write(path, **said)
    code, said = run("training.save_total_limit=9", f"training.resume_from_checkpoint={path}")
    assert code == 2, said
    assert "the optimizer's state does not fit this run" in said
    assert "Traceback" not in said
    assert not (tmp_path / "was run").exists()


def test_a_named_earlier_checkpoint_makes_the_later_ones_void(run, tmp_path, whole):
    assert run("training.save_total_limit=9")[0] == 0
    root = broken_off(tmp_path, at=16) / "checkpoints"
    code, said = run("training.save_total_limit=9", f"training.resume_from_checkpoint={root / 'checkpoint-4'}")
    assert code == 0, said
    assert f"removed, since it is later than step 4: {root / 'checkpoint-16'}" in said
    assert differences(whole(SPAN).result, result(tmp_path)) == []


def test_a_checkpoint_taken_elsewhere_goes_on_in_a_directory_of_its_own(run, tmp_path, whole):
    assert run("training.save_total_limit=9")[0] == 0
    shutil.move(run_directory(tmp_path) / "checkpoints", tmp_path / "kept")
    shutil.rmtree(tmp_path / "outputs")
    code, said = run("training.save_total_limit=9", f"training.resume_from_checkpoint={tmp_path / 'kept'}/checkpoint-8")
    assert code == 0, said
    assert differences(whole(SPAN).result, result(tmp_path)) == []


def test_without_an_optimizer_nothing_goes_on(run, tmp_path):
    assert run("training.save_only_model=true")[0] == 0
    path = broken_off(tmp_path, at=99) / "checkpoints"
    code, said = run("training.save_only_model=true", f"training.resume_from_checkpoint={path.parent}")
    assert code == 2
    assert "it has no optimizer (training.save_only_model=true)" in said


def test_no_checkpoint_holds_a_pickle_of_arguments(run, tmp_path):
    assert run("training.max_steps=2", family="classifier")[0] == 0
    (checkpoint,) = run_directory(tmp_path).glob("checkpoints/*")
    assert {path.name for path in checkpoint.iterdir() if path.suffix in (".bin", ".pt", ".pth", ".pkl")} == {
        "optimizer.pt",
        "scheduler.pt",
    }
