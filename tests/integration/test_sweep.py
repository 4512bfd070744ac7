"""A real sweep in one process: five results, one explained failure, and members that do not feel one another."""

import json

import pytest

from .conftest import read

FAST = ("training.max_steps=4", "training.eval_strategy=no", "training.save_strategy=no")


@pytest.mark.slow
def test_six_members_of_which_one_fails_then_again(gliexp, tmp_path):
    row = {"tokenized_text": ["Ana", "works", "in", "Rome"], "ner": [[0, 0, "person"], [3, 3, "place"]]}
    files = [tmp_path / f"rows{number}.jsonl" for number in range(6)]
    for number, file in enumerate(files):
        # files of one content would be one run
        file.write_text("".join(json.dumps(row) + "\n" for _ in range(20 + number)))
    files[4].write_text('{"tokenized_text": ["a", "b"], "ner": [[0, 9, "x"]]}\n')
    words = ["-m", f"data.train_data={','.join(map(str, files))}", "run.name=grid", *FAST]
    done = gliexp(*words, timeout=900)
    assert done.returncode == 1, done.stderr
    statuses = {path.parent.name: read(path)["status"] for path in tmp_path.glob("multirun/ner/grid/*/run.json")}
    assert statuses == {**dict.fromkeys("01235", "done"), "4": "failed"}
    assert "rows4.jsonl:1" in done.stdout
    assert "leaderboard" in done.stdout
    assert "5 done, 1 failed" in done.stdout
    assert "Traceback" not in done.stderr
    page = (tmp_path / "multirun" / "ner" / "grid" / "sweep.html").read_text(encoding="utf-8")
    assert page.count('data-name="status">done<') == 5
    assert "rows4.jsonl:1" in page
    again = gliexp(*words, timeout=900)
    assert again.returncode == 1
    assert "0 done, 1 failed, 5 known before" in again.stdout


@pytest.mark.slow
def test_equal_members_have_equal_weights_alone_and_in_a_sweep(gliexp, tmp_path):
    sweep = ["-m", "task=ner,relex,classification", "peft=none,lora", "run.name=all", *FAST]
    done = gliexp(*sweep, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    records = {path.parent: read(path) for path in tmp_path.glob("multirun/*/*/*/run.json")}
    assert len(records) == 6
    for number in (3, 4):
        (member,) = (path for path in records if path.name == str(number))
        overrides = [text for text in records[member]["overrides"] if not text.startswith("run.name")]
        alone = gliexp(*overrides, "run.name=alone")
        assert alone.returncode == 0, alone.stderr
        (single,) = tmp_path.glob(f"outputs/*/alone-{records[member]['signature']}")
        for weights in member.glob("model/*.safetensors"):
            assert weights.read_bytes() == (single / "model" / weights.name).read_bytes()
