"""Names and places that lead out of the run root are refused, and no config makes Hydra construct anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliexp.config.compose import compose
from gliexp.errors import Refusal

LONG = "x" * 300


def refused(*overrides: str) -> str:
    with pytest.raises(Refusal) as caught:
        compose(overrides)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "/etc/passwd", "..", ".", "'a\\b'", '"a\tb"', '"a\nb"', "' '", LONG, "é" * 101, "'\x00'"]
)
def test_names_that_are_no_part_of_a_path(name: str) -> None:
    assert "run.name" in refused(f"run.name={name}")


@pytest.mark.parametrize("name", ["plain", "'with space'", "'übung-3'", "a.b", "x" * 200, "..a"])
def test_names_that_are_fine(name: str) -> None:
    assert compose([f"run.name={name}"]).name == name.strip("'")


@pytest.mark.parametrize(
    "override",
    [
        "training.output_dir=../out",
        "training.output_dir=a/../../out",
        "tracking.log_dir=../logs",
        "run.root=''",
        "run.root=/",
        f"run.root={LONG}",
        '"run.root=a\tb"',
        "hydra.run.dir=/tmp/elsewhere",
        "hydra.sweep.subdir=../up",
        "hydra.sweep.dir=a/../../b",
        "hydra.output_subdir=../up",
        "hydra.job.name=../../up",
    ],
)
def test_places_that_lead_out(override: str) -> None:
    assert override.strip('"').partition("=")[0] in refused(override.strip('"'))


@pytest.mark.parametrize(
    "override", ["training.output_dir=/data/models", "run.root=../beside", "hydra.sweep.dir=/data/s"]
)
def test_places_that_the_user_may_name(override: str) -> None:
    compose([override])


TARGETS = {
    "callback": "hydra:\n  callbacks:\n    mine:\n      _target_: os.system\n      command: touch planted\n",
    "launcher": "hydra:\n  launcher:\n    _target_: subprocess.Popen\n",
}


@pytest.mark.parametrize("text", TARGETS.values(), ids=TARGETS.keys())
def test_no_class_of_a_file_is_constructed(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    assert "would construct" in refused(f"experiment={tmp_path / 'mine.yaml'}")
    assert "would construct" in refused("+hydra.callbacks.mine._target_=builtins.exec")


TAGS = {
    "apply": "run:\n  notes: !!python/object/apply:os.system ['touch planted']\n",
    "new": "run:\n  notes: !!python/object/new:subprocess.Popen [[touch, planted]]\n",
    "name": "run:\n  notes: !!python/name:os.system\n",
    "module": "run:\n  notes: !!python/module:antigravity\n",
    "target": "run:\n  _target_: os.system\n",
}


@pytest.mark.parametrize("text", TAGS.values(), ids=TAGS.keys())
def test_no_object_of_a_file_is_constructed(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(text)
    assert "mine.yaml" in refused(f"experiment={tmp_path / 'mine.yaml'}")
    assert not (tmp_path / "planted").exists()


def test_a_pickle_is_no_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_bytes(b"cos\nsystem\n(S'touch planted'\ntR.\x80\x04")
    assert "mine.yaml" in refused("experiment=mine.yaml")
    assert not (tmp_path / "planted").exists()


def test_an_open_mapping_keeps_what_looks_like_a_class_as_text() -> None:
    composed = compose(["training.lr_scheduler_kwargs={_target_: os.system}"])
    assert composed.config.training.lr_scheduler_kwargs == {"_target_": "os.system"}
