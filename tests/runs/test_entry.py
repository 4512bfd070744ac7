"""A run directory is read whatever state it is in."""

import fcntl
import json

import pytest

from gliexp.runs.entry import read

from .directories import record, write_run


def test_a_whole_run(tmp_path):
    entry = read(write_run(tmp_path, 0.75, overrides=["+a.b=1", "~peft", "run.seed=3", "x='a=b'"]))
    assert (entry.status, entry.remarks) == ("done", ())
    assert entry.metrics == {
        "eval.ner_micro_f1": 0.75,
        "eval.threshold": 0.5,
        "test.ner_micro_f1": 0.75,
        "test.threshold": 0.5,
    }
    assert entry.settings == {"a.b": "1", "peft": "", "run.seed": "3", "x": "'a=b'"}


def test_running_needs_a_living_process(tmp_path):
    write_run(tmp_path, None, status="running")
    assert read(tmp_path).status == "dead"
    (tmp_path / ".lock").touch()
    assert read(tmp_path).status == "dead"
    with (tmp_path / ".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert read(tmp_path).status == "running"
    assert read(tmp_path).status == "dead"


def test_a_run_that_wrote_nothing_yet(tmp_path):
    assert read(tmp_path).status == "incomplete"
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert read(tmp_path).status == "running"


RECORDS = {
    "empty": b"",
    "half": json.dumps(record()).encode()[:150],
    "binary": bytes(range(256)),
    "list": b"[1, 2]",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", RECORDS.values(), ids=RECORDS.keys())
def test_a_damaged_record(tmp_path, content):
    write_run(tmp_path)
    (tmp_path / "run.json").write_bytes(content)
    entry = read(tmp_path)
    assert entry.status == "damaged"
    assert entry.remarks[0].startswith("run.json")
    assert (entry.name, entry.seconds, entry.settings) == (tmp_path.name, None, {})


def test_a_record_that_is_a_directory(tmp_path):
    (tmp_path / "run.json").mkdir()
    assert read(tmp_path).status == "damaged"


def test_damaged_metrics(tmp_path):
    write_run(tmp_path)
    (tmp_path / "metrics.json").write_text('{"eval": {"ner_micro_f1": 0.')
    entry = read(tmp_path)
    assert entry.status == "damaged"
    assert "metrics.json cannot be read: not whole JSON" in entry.remarks
    write_run(tmp_path, None, metrics={"test": {"ner_micro_f1": 0.4}})
    (tmp_path / "metrics.json").unlink()
    assert read(tmp_path).metrics == {"test.ner_micro_f1": 0.4}


def test_an_older_version(tmp_path):
    (tmp_path / "run.json").write_text('{"status": "finished", "name": 3, "seconds": "12", "metrics": {"f1": 0.5}}')
    entry = read(tmp_path)
    assert entry.status == "unknown"
    assert "unknown status 'finished'" in entry.remarks[0]
    assert "of another version: run.json has no signature, command, overrides" in entry.remarks[1]
    assert (entry.name, entry.seconds, entry.metrics) == (tmp_path.name, None, {"f1": 0.5})


@pytest.mark.parametrize("odd", [None, 3, "text", [], {}, [1, None], True, float("nan")])
def test_fields_of_any_type_break_nothing(tmp_path, odd):
    from gliexp.cli.runs_page import one_run_lines, run_lines
    from gliexp.runs.comparison import differences
    from gliexp.runs.listing import as_json

    whole = read(write_run(tmp_path / "whole"))
    strange = read(write_run(tmp_path / "odd", **dict.fromkeys(record(), odd), data=odd, dropped=odd, tags=odd))
    assert list(run_lines([whole, strange], "eval.ner_micro_f1", ["eval.ner_micro_f1"], seeds=False))
    assert list(one_run_lines(strange))
    assert json.loads(as_json([whole, strange], None))["runs"][0]["status"] == "done"
    assert {difference.part for difference in differences(whole, strange)} >= {"metrics"}
