import json

from gliexp.runs.record import RunRecord, write_json


def test_the_file_is_whole_at_every_stage(tmp_path):
    path = tmp_path / "run.json"
    record = RunRecord(path, task="ner", name="a b", signature="0" * 10, overrides=["run.name='a b'"])
    first = json.loads(path.read_text())
    assert first["status"] == "running"
    assert first["command"] == "python -m gliexp 'run.name='\"'\"'a b'\"'\"''"
    assert first["versions"]["torch"]
    record.update(parameters={"total": 3})
    record.end("failed", "boom")
    last = json.loads(path.read_text())
    assert (last["status"], last["error"], last["parameters"]) == ("failed", "boom", {"total": 3})
    assert last["finished"] >= last["started"]
    assert last["seconds"] >= 0


def test_a_write_leaves_nothing_beside(tmp_path):
    write_json(tmp_path / "x.json", {"label": "organização"})
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
    assert "organização" in (tmp_path / "x.json").read_text(encoding="utf-8")
