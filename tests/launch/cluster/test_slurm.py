"""Sweeps on a real SLURM with two nodes: results, failures, requeues of every kind, several processes."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from gliexp.data import sample

ROOT = Path(__file__).resolve().parents[3]
CLUSTER = ROOT / "scripts" / "slurm_dev_cluster"
INJECTED = Path(__file__).with_name("injected")
PATIENCE = 900
PATH = f"{os.environ['PATH']}:/usr/sbin"
FAULTS = {
    "/six/4/": "raise",
    "/six/5/": "SIGKILL",
    "/preempted/0/": "wait",
    "/requeued/0/": "wait",
    "/limited/0/": "wait",
    "/lost/0/": "wait",
    "/orphan/0/": "wait",
    "/hasty/0/": "raise",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(
            shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("slurmctld", "slurmd", "munged")
        ),
        reason="SLURM is not installed; scripts/slurm_dev_cluster install (root, Debian packages) does it",
    ),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two nodes, and a directory to work in."""
    place = tmp_path_factory.mktemp("slurm")
    started = subprocess.run([CLUSTER, "start", place / "state"], capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    made = Cluster(place)
    try:
        yield made
    finally:
        subprocess.run([CLUSTER, "stop", place / "state"], check=False)


class Cluster:
    """Calls gliexp and SLURM's programs as a user of the cluster does."""

    def __init__(self, place: Path) -> None:
        self.place = place
        rows = place / "rows.jsonl"
        with sample.path("train", "ner").open(encoding="utf-8") as lines:
            rows.write_text("".join(itertools.islice(lines, 8)), encoding="utf-8")
        self.words = [
            "hydra/launcher=slurm",
            "hydra.launcher.poll=0.5",
            f"data.train_data={rows}",
            f"data.val_data={rows}",
            "data.test_data=null",
            "data.on_loss=warn",
            "training.num_train_epochs=3",
            "training.per_device_train_batch_size=2",
        ]
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(place / "state" / "slurm.conf"),
            "FAULTS": json.dumps(FAULTS),
            "PYTHONPATH": os.pathsep.join([str(INJECTED), str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "GLOO_SOCKET_IFNAME": "lo",
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "gliexp", *words]
        return subprocess.Popen(
            command, cwd=self.place, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def gliexp(self, *words: str, code: int = 0) -> str:
        process = self.start(*words)
        said = process.communicate(timeout=PATIENCE)[0]
        assert process.returncode == code, said
        return said

    def submit(self, name: str, *words: str) -> str:
        """Submit one run and return its job; it is not waited for."""
        anew = ["run.rerun=true"]  # its signature is that of a run of the six
        said = self.gliexp(
            "-m", *self.words, f"run.name={name}", "run.seed=1", "hydra.launcher.wait=false", *anew, *words
        )
        found = re.search(r"submitted: (\d+)", said)
        assert found is not None, said
        return found[1]

    def slurm(self, *words: str) -> str:
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, check=True).stdout

    def state(self, job: str) -> dict[str, str]:
        return dict(part.partition("=")[::2] for part in self.slurm("scontrol", "show", "job", "-o", job).split())

    def directory(self, name: str, number: int = 0) -> Path:
        return self.place / "multirun" / "ner" / name / str(number)

    def record(self, name: str, number: int = 0) -> dict[str, Any]:
        try:
            return json.loads((self.directory(name, number) / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def weights(self, name: str, number: int = 0) -> dict[str, Any]:
        return load_file(self.directory(name, number) / "model" / "model.safetensors")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait; jobs that SLURM keeps back for two minutes after a requeue are let go at once."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            for line in self.slurm("squeue", "-h", "-r", "-o", "%A %r").splitlines():
                job, _, reason = line.partition(" ")
                if reason == "BeginTime":
                    subprocess.run(["scontrol", "update", f"JobId={job}", "StartTime=now"], env=self.environment)
            assert time.monotonic() < deadline, f"{what}: {self.slurm('squeue')}"
            time.sleep(0.2)

    def at_second_checkpoint(self, name: str) -> None:
        self.until(lambda: (self.directory(name) / "fault_met").exists(), f"{name} trains")

    def came_again(self, name: str, job: str) -> None:
        """Wait for the end; the run went on in its directory and has the weights of one that nothing disturbed."""
        self.until(lambda: self.record(name).get("status") == "done", f"{name} is done")
        assert self.state(job)["Restarts"] >= "1"
        log = (self.directory(name).parent / ".jobs" / f"{job}_0_log.out").read_text(encoding="utf-8")
        assert "going on from step" in log
        whole = self.weights("six", 1)
        assert all(tensor.equal(whole[key]) for key, tensor in self.weights(name).items())


@pytest.fixture(scope="module")
def six(cluster: Cluster) -> str:
    """What a sweep of six says, of which one run raises and one is killed."""
    return cluster.gliexp(
        "-m", *cluster.words, "run.name=six", "run.seed=1,2,3", "training.weight_decay=0,0.01", code=1
    )


def test_six_runs_end_with_four_results_and_two_failures_explained(cluster: Cluster, six: str) -> None:
    assert "4 done, 2 failed" in six
    assert (
        "4 training.weight_decay=0 run.seed=3: failed" in six or "4 run.seed=3 training.weight_decay=0: failed" in six
    )
    assert "the checkpoint of step 8 cannot be written: injected" in six
    killed = six[six.rindex("5 run.seed=3") :]
    assert "and the run said nothing: killed, out of memory, or its node was lost" in killed
    assert [cluster.record("six", number).get("status") for number in range(4)] == ["done"] * 4
    (job,) = {file.name.partition("_")[0] for file in (cluster.directory("six").parent / ".jobs").glob("*_4_0_log.out")}
    assert cluster.state(f"{job}_4")["JobState"] == "FAILED"
    log = (cluster.directory("six").parent / ".jobs" / f"{job}_4_0_log.out").read_text(encoding="utf-8")
    assert "RuntimeError: injected" in log
    assert six.count("submitted:") == 1


def test_jobs_finds_them_from_another_process_and_retries_what_failed(cluster: Cluster, six: str) -> None:
    listed = cluster.gliexp("jobs", "multirun/ner/six", code=1)
    assert [line.split()[2] for line in listed.splitlines()[1:7]] == ["done"] * 4 + ["failed"] * 2
    assert "injected" in listed
    assert "injected" in cluster.gliexp("jobs", "log", listed.splitlines()[5].split()[0])
    again = cluster.gliexp("jobs", "retry", "multirun/ner/six")
    assert "member 4:" in again
    assert "member 5:" in again
    cluster.until(lambda: cluster.slurm("squeue", "-h") == "", "both have ended")
    listed = cluster.gliexp("jobs", "multirun/ner/six")
    assert [line.split()[2] for line in listed.splitlines()[1:7]] == ["done"] * 6
    assert cluster.gliexp("jobs", "cancel", "multirun/ner/six") == "none of them is in the queue\n"


def test_fail_fast_cancels_what_has_not_begun(cluster: Cluster) -> None:
    words = ["run.name=hasty", "run.seed=1,2,3", "run.rerun=true", "run.fail_fast=true"]
    words.append("hydra.launcher.array_parallelism=1")
    said = cluster.gliexp("-m", *cluster.words, *words, code=1)
    assert "the checkpoint of step 8 cannot be written: injected" in said
    assert cluster.record("hasty", 0)["status"] == "failed"
    assert "0 done, 1 failed, 2 interrupted" in said
    assert said.count("cancelled, because member 0 failed (run.fail_fast)") == 2
    cluster.until(lambda: cluster.slurm("squeue", "-h") == "", "all have left the queue")
    listed = cluster.gliexp("jobs", "multirun/ner/hasty", code=1)
    assert [line.split()[2] for line in listed.splitlines()[1:4]] == ["failed", "interrupted", "interrupted"]


def test_jobs_cancelled_in_the_queue_are_interrupted_and_can_be_submitted_again(cluster: Cluster) -> None:
    words = ["run.name=queued", "run.seed=1,2,3", "run.rerun=true", "hydra.launcher.wait=false"]
    words.append("hydra.launcher.array_parallelism=1")
    cluster.gliexp("-m", *cluster.words, *words)
    said = cluster.gliexp("jobs", "cancel", "multirun/ner/queued")
    assert said.count("_") == 3
    cluster.until(lambda: cluster.slurm("squeue", "-h") == "", "all have left the queue")
    listed = cluster.gliexp("jobs", "multirun/ner/queued", code=1)
    assert [line.split()[2] for line in listed.splitlines()[1:4]] == ["interrupted"] * 3
    assert listed.count("cancelled (gliexp jobs cancel)") == 3
    again = cluster.gliexp("jobs", "retry", "multirun/ner/queued")
    assert again.count("(interrupted) again as") == 3
    cluster.until(lambda: all(cluster.record("queued", n).get("status") == "done" for n in range(3)), "all are done")


def test_a_preempted_run_goes_on_exactly(cluster: Cluster, six: str) -> None:
    job = cluster.submit("preempted", "hydra.launcher.partition=low")
    cluster.at_second_checkpoint("preempted")
    cluster.slurm("sbatch", "-p", "high", "-n", "2", "-o", "/dev/null", "--wrap", "sleep 1")
    cluster.came_again("preempted", job)


def test_a_run_that_an_administrator_requeues_goes_on_exactly(cluster: Cluster, six: str) -> None:
    job = cluster.submit("requeued")
    cluster.at_second_checkpoint("requeued")
    cluster.slurm("scontrol", "requeue", job)
    cluster.came_again("requeued", job)


def test_a_run_beyond_its_time_limit_goes_on_exactly(cluster: Cluster, six: str) -> None:
    job = cluster.submit("limited", "hydra.launcher.time=2", "hydra.launcher.signal_before=60")
    cluster.came_again("limited", job)


def test_a_run_of_a_lost_node_goes_on_exactly(cluster: Cluster, six: str) -> None:
    job = cluster.submit("lost")
    cluster.at_second_checkpoint("lost")
    node = cluster.state(job)["NodeList"]
    for process in (daemon_of(cluster, node), *processes_of(job)):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    cluster.came_again("lost", job)
    start_daemon(cluster, node)


def test_a_run_whose_node_is_given_up_while_it_still_runs_goes_on_exactly(cluster: Cluster, six: str) -> None:
    """slurmd dies alone: SLURM starts the job again on the other node, while the first process holds the directory."""
    job = cluster.submit("orphan")
    cluster.at_second_checkpoint("orphan")
    node = cluster.state(job)["NodeList"]
    os.kill(daemon_of(cluster, node), signal.SIGKILL)
    log = cluster.directory("orphan").parent / ".jobs" / f"{job}_0_log.out"
    waits = "waiting for this job's earlier process"
    cluster.until(lambda: waits in log.read_text(encoding="utf-8"), "it has come again")
    start_daemon(cluster, node)
    cluster.came_again("orphan", job)
    assert cluster.state(job)["Restarts"] == "1"


def daemon_of(cluster: Cluster, node: str) -> int:
    return int((cluster.place / "state" / "run" / f"slurmd-{node}.pid").read_text())


def start_daemon(cluster: Cluster, node: str) -> None:
    subprocess.run(
        ["slurmd", "-N", node, "-f", cluster.environment["SLURM_CONF"]],
        env={**cluster.environment, "PATH": PATH},
        check=True,
    )


def processes_of(job: str) -> list[int]:
    """Everything of the job, SLURM's own processes for it among them."""
    ours = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                variables = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if f"SLURM_JOB_ID={job}\0".encode() in variables or f"slurmstepd: [{job}.".encode() in command:
                ours.append(int(entry.name))
    return ours


def test_two_tasks_and_two_nodes_train_as_one_run(cluster: Cluster) -> None:
    tasks = cluster.start("-m", *cluster.words, "run.name=tasks", "run.seed=1", "launch=cpu_ddp")
    nodes = ["launch=cpu_ddp", "launch.processes=1", "launch.nodes=2"]
    said = cluster.gliexp("-m", *cluster.words, "run.name=nodes", "run.seed=1", *nodes)
    assert "1 done" in said
    assert "1 done" in tasks.communicate(timeout=PATIENCE)[0]
    assert [cluster.record(name)["world_size"] for name in ("tasks", "nodes")] == [2, 2]
    one, other = cluster.weights("tasks"), cluster.weights("nodes")
    assert all(tensor.equal(other[key]) for key, tensor in one.items())


REFUSED = {
    "cpus": (["hydra.launcher.cpus=64"], "hydra.launcher.cpus: 1 processes with 64 each need 64 on a node"),
    "mem": (["hydra.launcher.mem=900T"], "hydra.launcher.mem: no node has 900T"),
    "gpus": (["hydra.launcher.gpus=1"], "hydra.launcher.gpus: no node has 1"),
    "time": (["hydra.launcher.partition=high", "hydra.launcher.time=600"], "hydra.launcher.time: 600 minutes are more"),
    "partition": (["hydra.launcher.partition=mian"], "hydra.launcher.partition: the cluster has no 'mian'"),
    "nodes": (["launch=cpu_ddp", "launch.nodes=3"], "launch.nodes: 3 are asked for, and 2 have what each is to have"),
    "constraint": (["hydra.launcher.constraint=a100"], "hydra.launcher.constraint: no node has 'a100'"),
    "option": (["+hydra.launcher.options.partition=main"], "hydra.launcher.options.partition: is said by another key"),
    "only SLURM knows": (["+hydra.launcher.options.reservation=none"], "the cluster refuses the job: "),
    "one bad member": (["training.learning_rate=1e-4,-1"], "training.learning_rate"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_sizes_are_refused_before_sbatch(case: str, cluster: Cluster) -> None:
    words, said = REFUSED[case]
    assert said in cluster.gliexp("-m", *cluster.words, f"run.name=refused {case}", "run.seed=7,8", *words, code=2)
    assert not list((cluster.place / "multirun" / "ner").glob(f"refused {case}/.jobs/submitted*"))
