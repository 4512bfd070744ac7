"""What a cluster is asked for, what it offers, and what is made of its answers; nothing is submitted."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from omegaconf import OmegaConf

from gliexp import cli
from gliexp.errors import Refusal, RunFailed
from gliexp.launch.cluster import cancelling, command, offer, states
from gliexp.launch.cluster.offer import Size
from gliexp.launch.cluster.progress import Progress
from gliexp.launch.cluster.registry import Job, Submission, latest, submissions
from gliexp.launch.cluster.settings import SlurmSettings
from gliexp.launch.cluster.slurm import SlurmLauncher
from gliexp.launch.cluster.states import State
from gliexp.launch.member import Member
from tests.runs.directories import write_run

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = Path(__file__).with_name("golden.sbatch")
NODES = """\
gpu|n1|32|128000|gpu:a100:4(S:0-1)|idle|1-00:00:00|a100,ib|gpu*
gpu|n2|32|128000|gpu:4|down*|1-00:00:00|v100|gpu*
cpu|n3|64+|256000+|(null)|mixed|infinite|(null)|cpu
"""


def settings(**given: Any) -> SlurmSettings:
    return SlurmSettings.read(OmegaConf.create({"_target_": "gliexp.launch.cluster.Slurm", **given}))


def test_the_text_for_sbatch_is_the_one_in_the_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    from submitit.slurm.slurm import SlurmExecutor

    from gliexp.launch.cluster.submit import Submitter

    monkeypatch.setattr(SlurmExecutor, "affinity", classmethod(lambda _cls: 2))
    asked = settings(
        partition="gpu",
        account="nlp",
        time=240,
        cpus=4,
        mem="64G",
        setup=["module load cuda/12.4"],
        mail="ana@example.org",
        array_parallelism=2,
        options={"nice": 100},
    )
    made = Submitter(Path("/shared/multirun/ner/grid/.jobs"), asked, Size(1, 2, 2), "gliexp-ner-grid").text(2)
    golden = GOLDEN.read_text(encoding="utf-8")
    assert made.replace(sys.executable, "/shared/.venv/bin/python") == golden
    assert golden.rstrip() in (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")


def test_a_container_stands_in_front_of_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from submitit.slurm.slurm import SlurmExecutor

    from gliexp.launch.cluster.submit import Submitter

    monkeypatch.setattr(SlurmExecutor, "affinity", classmethod(lambda _cls: 2))
    asked = settings(container="apptainer exec --nv image.sif", srun=["--mpi=none"])
    made = Submitter(tmp_path, asked, Size(2, 1, 0), "x").text(1)
    assert f"--mpi=none apptainer exec --nv image.sif {sys.executable} -u -m submitit" in made
    assert "#SBATCH --nodes=2" in made
    assert "--array" not in made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tim": 3}, "hydra.launcher.tim: unknown key (value 3)"),
        ({"time": 0}, "hydra.launcher.time: does not accept 0; allowed: at least 1"),
        ({"time": "1h"}, "hydra.launcher.time: does not accept '1h'; allowed: a whole number"),
        ({"mem": "16 gigs"}, "hydra.launcher.mem: does not accept '16 gigs'"),
        ({"setup": "module load x"}, "hydra.launcher.setup: does not accept 'module load x'; allowed: a list of texts"),
        ({"wait": 1}, "hydra.launcher.wait: does not accept 1; allowed: true or false"),
        ({"options": {"ntasks-per-node": 3}}, "is said by another key; allowed: launch.processes"),
        ({"partition": "a\n#SBATCH --uid=0"}, "hydra.launcher.partition: does not accept"),
        ({"cpus": None}, "hydra.launcher.cpus: does not accept None; allowed: not null"),
    ],
)
def test_settings_that_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(Refusal, match="refused") as raised:
        settings(**given)
    assert said in str(raised.value)


def misfits(size: Size, **given: Any) -> list[str]:
    return [str(found) for found in offer.misfits(settings(**given), size, list(offer._read(NODES)))]


def test_a_size_is_held_against_what_nodes_have() -> None:
    one = Size(1, 1, 0)
    assert misfits(Size(2, 4, 4), cpus=8, mem="125G") == []
    assert misfits(one, partition="cpu", time=100_000, mem="250G", cpus=64) == []
    assert misfits(Size(1, 8, 8))[0].startswith("hydra.launcher.gpus: no node has 8; allowed: at most 4")
    assert "allowed: at most 32 on a node" in misfits(one, cpus=33)[0]
    assert misfits(one, time=1441) == [
        "hydra.launcher.time: 1441 minutes are more than the partition allows; allowed: at most 1440"
    ]
    assert "did you mean cpu?" in misfits(one, partition="cpus")[0]
    assert misfits(Size(2, 1, 0), constraint="a100")[0].startswith("launch.nodes: 2 are asked for, and 1 have")
    assert "allowed: a100, ib, v100" in misfits(one, constraint="h100")[0]


def test_states_are_asked_of_the_queue_the_controller_and_the_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "squeue": "7_0|RUNNING|n1|1:02|None\n7_1|PENDING||0:00|BeginTime\n",
        ("scontrol", "7_2"): "JobId=9 JobState=OUT_OF_MEMORY NodeList=n2 RunTime=00:01:00 Reason=OutOfMemory ",
        ("sacct", "7_3"): "CANCELLED by 0|n1|00:00:10\n",
    }

    silent = "Job 7_3 not found"

    def call(*words: str) -> str:
        answer = answers.get(words[0], answers.get((words[0], words[-1])))
        if answer is None:
            raise RunFailed(f"{words[0]}: {silent}")
        return answer

    monkeypatch.setattr(states, "call", call)
    found = states.states(["7_0", "7_1", "7_2", "7_3", "7_4"])
    assert [state.word for state in found.values()] == ["RUNNING", "PENDING", "OUT_OF_MEMORY", "CANCELLED", "GONE"]
    assert [state.is_live for state in found.values()] == [True, True, False, False, False]
    assert found["7_0"] == State("RUNNING", "n1", "1:02", "None")
    silent = "Unable to contact slurm controller"
    with pytest.raises(RunFailed, match="Unable to contact"):
        states.states(["7_3"])


def test_jobs_that_were_cancelled_in_the_queue_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """SLURM knows nothing more of a member of an array that was cancelled before it began."""
    called = []
    monkeypatch.setattr(cancelling, "call", lambda *words: called.append(words))
    jobs = [job_in(tmp_path / str(number), number) for number in range(3)]
    for job in jobs:
        (job.directory / ".ranks").mkdir(parents=True)
    write_run(jobs[1].directory, 0.5, status="done")
    cancelling.cancel(jobs[:2], "cancelled, because member 2 failed")
    assert called == [("scancel", "7_0", "7_1")]
    found = [Progress.of(job, State("GONE")) for job in jobs]
    assert [one.status for one in found] == ["interrupted", "done", "failed"]
    assert [one.error for one in found[:2]] == ["cancelled, because member 2 failed", None]
    assert (found[2].error or "").startswith("the job is not in the queue any more, and its run never began")
    again = Progress.of(replace(jobs[0], id="8"), State("RUNNING"))
    assert (again.status, again.error) == ("running", None)
    assert Progress.of(replace(jobs[0], id="8"), State("OUT_OF_MEMORY")).status == "failed"


def job_in(directory: Path, number: int = 0) -> Job:
    return Job(f"7_{number}", number, directory, ("run.seed=1",), 3.0, "2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("recorded", "state", "status", "said"),
    [
        ("done", "COMPLETED", "done", None),
        ("done", "GONE", "done", None),
        ("failed", "FAILED", "failed", "loss is nan"),
        ("running", "OUT_OF_MEMORY", "failed", "the job ended as OUT_OF_MEMORY on n1, and the run said nothing"),
        ("running", "GONE", "failed", "the job is not in the queue any more on n1, and the run said nothing"),
        ("interrupted", "CANCELLED", "interrupted", "loss is nan"),
        ("running", "RUNNING", "running", None),
    ],
)
def test_how_a_member_stands(recorded: str, state: str, status: str, said: str | None, tmp_path: Path) -> None:
    write_run(tmp_path, 0.5 if recorded == "done" else None, status=recorded, error="loss is nan")
    progress = Progress.of(job_in(tmp_path), State(state, "n1", "00:01:40"))
    assert progress.status == status
    assert (progress.error or "").startswith(said or "") == (said is not None or progress.error is None)
    if said is None:
        assert progress.error is None


def test_fail_fast_cancels_only_what_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A member that ended by itself at the same look as the one that failed keeps its own end."""
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr(cancelling, "call", lambda *words: called.append(words))
    found = {"7_0": State("FAILED"), "7_1": State("OUT_OF_MEMORY", "n1"), "7_2": State("PENDING")}
    monkeypatch.setattr(states, "states", lambda wanted: {job: found[job] for job in wanted})
    sweep = SimpleNamespace(directory=tmp_path, master=OmegaConf.create({"run": {"fail_fast": True}}))
    launcher = SlurmLauncher.__new__(SlurmLauncher)
    launcher.sweep, launcher.settings = cast(Any, sweep), settings(poll=0.1)
    launcher.members = {f"7_{n}": Member(n, ("run.seed=1",), tmp_path / str(n), "") for n in range(3)}
    launcher.jobs = {f"7_{n}": job_in(tmp_path / str(n), n) for n in range(3)}
    launcher.shown, launcher.live, launcher.failed = {}, None, None
    for number in range(3):
        (tmp_path / str(number) / ".ranks").mkdir(parents=True)
    write_run(tmp_path / "1", None, status="running")
    first = launcher.wait()
    assert [one.status for one in first] == ["failed", "failed"]
    assert "the job ended as OUT_OF_MEMORY on n1" in (first[1].error or "")
    assert called == [("scancel", "7_2")]
    found["7_2"] = State("GONE")
    last = launcher.wait()[0]
    assert (last.status, last.error) == ("interrupted", "cancelled, because member 0 failed (run.fail_fast)")


def test_what_was_submitted_is_found_again_the_latest_job_of_each_member(tmp_path: Path) -> None:
    sweep = tmp_path / "multirun" / "ner" / "grid"
    first = Submission(sweep, {"time": 3}, {"nodes": 1, "tasks": 1, "gpus": 0}, (job_in(sweep / "0"),))
    first.folder.mkdir(parents=True)
    first.write()
    (first.folder / "submitted-8.json").write_text("{half")
    assert list(submissions(tmp_path)) == [first]
    again = Submission(sweep, {}, first.size, (Job("9", 0, sweep / "0", (), 3.0, ""),))
    assert [job.id for _, job in latest([first, again])] == ["9"]


def test_without_slurm_a_sweep_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command.shutil, "which", lambda _name: None)
    assert cli.main(["-m", "hydra/launcher=slurm", "run.seed=1,2"]) == 2
    assert "sbatch is not on the path" in capsys.readouterr().err
    assert cli.main(["hydra/launcher=slurm"]) == 2
    assert "hydra/launcher: starts the members of a sweep; allowed: -m before it" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_jobs_without_any(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["jobs"]) == 2
    assert "no submitted jobs under multirun" in capsys.readouterr().err
