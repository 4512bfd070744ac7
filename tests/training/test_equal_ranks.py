"""Two processes with two rows each make the updates that one makes with four, whatever is trained."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gliexp.data import sample
from gliexp.training.batches import Batches, Costs
from gliexp.training.rank_batches import RankBatches

from .equal_ranks import KINDS

ROWS = 9  # the last batch of an epoch has one row: the second process has none
PROGRAM = Path(__file__).with_name("equal_ranks.py")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one process and two have left their weights."""
    made: Path = tmp_path_factory.mktemp("equal")
    for kind, task in (("entities", "relex"), ("classes", "classification")):
        with sample.path("train", task).open(encoding="utf-8") as rows:
            (made / f"{kind}.jsonl").write_text("".join(itertools.islice(rows, ROWS)), encoding="utf-8")
    for processes in (1, 2):
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [*command, str(PROGRAM), str(made), *KINDS],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stderr
    return made


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_make_the_updates_of_one(kind: str, place: Path) -> None:
    one, left, right = (torch.load(place / f"{kind}-{end}.pt", weights_only=True) for end in ("1-0", "2-0", "2-1"))
    numbers = {name: tensor for name, tensor in one["after"].items() if tensor.is_floating_point()}
    moved = max(float((tensor - one["before"][name]).abs().max()) for name, tensor in numbers.items())
    apart = max(float((tensor - left["after"][name]).abs().max()) for name, tensor in numbers.items())
    assert moved > 1e-3
    assert apart <= 1e-6
    assert all(torch.equal(tensor, right["after"][name]) for name, tensor in left["after"].items())
    assert left["loss"] == pytest.approx(one["loss"], rel=1e-5)


@pytest.mark.parametrize(("rows", "drop_last"), [(9, False), (9, True), (8, False), (1, False), (11, False)])
def test_the_shares_of_a_batch_are_the_batch(rows: int, drop_last: bool) -> None:
    costs = Costs([1] * rows, [1] * rows)

    def dealt(rank: int) -> list[list[tuple[int, bool]]]:
        batches = RankBatches(Batches(costs, 1, 2, world=3, drop_last=drop_last), rank, 3)
        batches.set_epoch(3)
        found = [[(draw.number, draw.filler) for draw in batch] for batch in batches]
        assert len(found) == len(batches)
        return found

    alone = Batches(costs, 1, rows)
    alone.set_epoch(3)
    order = [draw.number for batch in alone for draw in batch]
    kept = rows - rows % 6 if drop_last else rows
    together = [
        [number for share in shares for number, filler in share if not filler]
        for shares in zip(*map(dealt, range(3)), strict=True)
    ]
    assert together == [order[start : start + 6] for start in range(0, kept, 6)]
    sizes = [[len(share) for share in shares] for shares in zip(*map(dealt, range(3)), strict=True)]
    assert all(max(shares) - min(shares) <= 1 for shares in sizes)
