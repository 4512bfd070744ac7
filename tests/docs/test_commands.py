"""Every command of README.md and docs/ works; training is reduced to its check, with one step and one evaluation.

Files that a command names are there; RUN and the like are runs of this test; hub backbones become the tiny one.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gliexp import cli
from gliexp.config import presence
from gliexp.config.compose import compose
from gliexp.config.groups import Groups

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BACKBONES = {f"backbone={name}" for name in Groups.read().options("backbone")} - {"backbone=tiny", "backbone=minilm"}
OF_CLASSES = ("classification", "intents", "multi_label", "rl_refinement")
"""Words of commands whose data have classes."""
OF_RUNS = ("evaluate", "predict", "merge", "push", "reproduce", "runs")
OF_JOBS = ("jobs",)  # tried on a cluster: tests/launch/cluster/test_slurm.py
WITHOUT_RUNS = ("explain", "import", "data", "check")


def commands(page: Path) -> Iterator[str]:
    """Lines that begin with the command, continued ones whole; commands in a sentence, where they are no pattern."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip().startswith("python -m gliexp "):
            yield re.sub(r"\s+#.*$", "", line.strip())
    for inline in re.findall(r"`(python -m gliexp[^`\n]*)`", text):
        if not re.search(r"[|…\[]|[A-Z]{3}", inline):
            yield inline


def words_of(command: str) -> list[str]:
    return shlex.split(command)[3:]


EVERY = list(dict.fromkeys((page.name, command) for page in PAGES for command in commands(page)))
TRAINING = [
    case for case in EVERY if not (words_of(case[1]) and words_of(case[1])[0] in (*OF_RUNS, *OF_JOBS, *WITHOUT_RUNS))
]
LOOKING = [case for case in EVERY if words_of(case[1]) and words_of(case[1])[0] in WITHOUT_RUNS]
READING = [case for case in EVERY if words_of(case[1]) and words_of(case[1])[0] in OF_RUNS]

ROWS = [
    {"tokenized_text": f"Ana Lima {number} works for Helix Labs in Porto .".split(), "relations": [[0, 1, "works for"]]}
    | {"ner": [[0, 1, "person"], [5, 6, "organization"], [8, 8, "city"]]}
    for number in range(12)
]
CLASSES = [{"text": f"number {n} is fine", "all_labels": ["good", "bad"], "true_labels": ["good"]} for n in range(12)]


def place_files(directory: Path, rows: list[dict[str, object]]) -> None:
    """The files that commands name, in the form that the task wants."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    for name in ("train", "dev", "test", "lener_train", "lener_dev", "documents/train", "documents/test"):
        file = directory / f"{name}.jsonl"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    (directory / "corpus.conll").write_text("Ana B-person\nLima I-person\nworks O\n\n" * 4)
    (directory / "mine.yaml").write_text("run:\n  notes: mine\n")
    (directory / "config.yaml").write_text("_wandb: {value: {}}\nlearning_rate: {desc: null, value: 1e-4}\n")
    (directory / "my_package").mkdir(exist_ok=True)
    (directory / "my_package" / "rewards.py").write_text(
        "def brevity(probs, actions, targets, real):\n    return -(actions * real).sum(-1).float()\n"
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    place_files(tmp_path, ROWS)
    return tmp_path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each kind that a command needs: with adapters, one more of the same base, and a classifier."""
    root = tmp_path_factory.mktemp("runs")
    usual = ["training=debug", "training.max_steps=4", "training.eval_steps=2", f"run.root={root}"]
    usual.append("training.learning_rate=1e-3")  # runs are selected by it
    kinds = {
        "ner": ["task=ner", "run.name=second"],
        "adapters": ["peft=lora", "run.name=first"],
        "others": ["peft=lora", "run.name=other", "training.seed=7"],
        "classification": ["task=classification", "run.name=classes"],
    }
    found = {}
    for kind, overrides in kinds.items():
        assert cli.main([*overrides, *usual]) == 0
        name = next(word.partition("=")[2] for word in overrides if word.startswith("run.name="))
        (found[kind],) = root.glob(f"*/{name}-*")
    return found


def _is_run(value: str) -> bool:
    return value.startswith(("RUN", "outputs/", "urchade/"))


def _classifies(command: str) -> bool:
    return any(word in command for word in OF_CLASSES)


def reduced(command: str, runs: dict[str, Path] | None) -> list[str]:
    """A training command's words with tiny backbones, placed files and the runs of this test; of a sweep its first."""
    classifies = _classifies(command)
    words = []
    for word in words_of(command):
        name, equals, value = word.partition("=")
        if word == "-m":
            continue
        if word in BACKBONES:
            word = "backbone=tiny"
        elif name in ("model.from_pretrained", "rl.reference_model", "peft.init_from") and _is_run(value):
            kind = "classification" if classifies else "adapters" if name == "peft.init_from" else "ner"
            word = f"{name}={runs[kind] if runs else 'some/model'}"
        elif value == "…":
            word = f"{name}=train.jsonl"
        elif value.startswith("range("):
            word = f"{name}={value.removeprefix('range(').split(',')[0]}"
        elif equals and "," in value and not value.startswith(("[", "{")):
            word = f"{name}={value.split(',')[0]}"
        words.append(word)
    if "experiment=" in command and "_debug" not in command and not any(word.startswith("backbone=") for word in words):
        words.append("backbone=tiny")
    if runs and "experiment=domain_finetuning" in command and "from_pretrained=" not in command:
        words.append(f"model.from_pretrained={runs['ner']}")  # the experiment names a model of the hub
    return words


def test_there_are_commands_of_every_kind() -> None:
    assert len(TRAINING) > 20
    assert len(LOOKING) > 8
    assert READING


@pytest.mark.parametrize(("page", "command"), TRAINING, ids=str)
def test_a_training_command_composes(page: str, command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = reduced(command, None)
    if any(word.startswith("-") for word in words):  # --help, --cfg
        assert cli.main(words) == 0
        return
    compose(words, environment=False)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command"), TRAINING, ids=str)
def test_a_training_command_is_ready_to_train(
    page: str, command: str, here: Path, runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = reduced(command, runs)
    if any(word.startswith("-") for word in words):
        return  # done above
    if _classifies(command):
        place_files(here, CLASSES)
    composed = compose(words, environment=False)
    missing = [str(problem) for problem in presence.problems(composed.config, composed.report)]
    lacking = [problem for problem in missing if "is not installed" in problem or "needs a GPU" in problem]
    if lacking:
        assert lacking == missing
        return  # a tracker or a GPU that this environment lacks; the command composes
    assert cli.main(["check", *words]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(("page", "command"), LOOKING, ids=str)
def test_a_looking_command_runs(page: str, command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words_of(command)) == 0, capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command"), READING, ids=str)
def test_a_command_on_runs(
    page: str, command: str, here: Path, runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *words = words_of(command)
    if verb == "reproduce":
        assert cli.main([verb, *words]) == 2  # a bundle exists after a bad step only: tests of its own make one
        return
    if verb == "runs":  # looks where runs and sweeps usually lie
        for place, kind in (
            ("outputs/ner/one", "ner"),
            ("multirun/ner/grid/0", "ner"),
            ("multirun/ner/grid/1", "adapters"),
        ):
            shutil.copytree(runs[kind], here / place)
    kinds = iter(["adapters", "others"] if verb == "merge" else ["ner", "adapters"])
    words = [str(runs[next(kinds)]) if _is_run(word) else word for word in words]
    if verb == "push" and "--dry-run" not in words:
        words.append("--dry-run")
    assert cli.main([verb, *words]) == 0, capsys.readouterr().err
