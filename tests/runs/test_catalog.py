import os

import pytest

from gliexp.errors import Refusal
from gliexp.runs import catalog

from .directories import grid, write_run


def test_runs_are_found_at_any_depth_and_nothing_inside_of_them(tmp_path):
    first = write_run(tmp_path / "outputs" / "ner" / "a-1")
    write_run(first / "checkpoints" / "copy")
    half = tmp_path / "outputs" / "ner" / "b-2"
    (half / ".hydra").mkdir(parents=True)
    (tmp_path / "outputs" / "other").mkdir()
    (tmp_path / "outputs" / "ner" / "notes.txt").write_text("no run")
    (tmp_path / "outputs" / "up").symlink_to(tmp_path)
    (tmp_path / "outputs" / "gone").symlink_to(tmp_path / "nowhere")
    found = catalog.entries([tmp_path])
    assert [(entry.path.name, entry.status) for entry in found] == [("a-1", "done"), ("b-2", "incomplete")]
    assert [entry.path for entry in catalog.entries([first])] == [first]


def test_a_directory_that_may_not_be_read_is_passed_over(tmp_path, monkeypatch):
    write_run(tmp_path / "a")
    write_run(tmp_path / "closed" / "b")
    scandir = os.scandir

    def as_another_user(path):
        if str(path).endswith("closed"):
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", as_another_user)
    assert [entry.path.name for entry in catalog.entries([tmp_path])] == ["a"]


def test_roots(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refusal, match="neither outputs/ nor multirun/"):
        catalog.roots([])
    (tmp_path / "multirun").mkdir()
    assert [str(root) for root in catalog.roots([])] == ["multirun"]
    with pytest.raises(Refusal, match="2 problems"):
        catalog.roots(["x", "y"])


def test_a_run_is_named_by_path_name_or_signature(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "outputs" / "ner" / "first-aaaa", signature="aaaa")
    grid(tmp_path / "multirun" / "ner" / "grid")
    assert catalog.one("outputs/ner/first-aaaa").signature == "aaaa"
    assert catalog.one("aaaa").path == catalog.one("first-aaaa").path
    assert catalog.one("0000000004").path.name == "4"
    with pytest.raises(Refusal, match="holds 6 runs"):
        catalog.one("multirun")
    with pytest.raises(Refusal, match="no such run"):
        catalog.one("bbbb")
    write_run(tmp_path / "outputs" / "ner" / "second-aaaa", signature="aaaa")
    with pytest.raises(Refusal, match="names several runs"):
        catalog.one("aaaa")
