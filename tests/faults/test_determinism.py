"""The same config gives the same bits, whatever the workers, the hash seed, and the state of the global generators."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from gliexp.training.class_evaluation import ClassEvaluation
from gliexp.training.evaluation import Evaluation
from gliexp.training.resumable import Resumable
from gliexp.training.watched import WatchedCollator

from . import families
from .child import Child
from .result import differences, result


def by_another_process(words, directory, **environment):
    command = [sys.executable, "-m", "gliexp", *words]
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("family", families.OFTEN)
def test_workers_and_hash_seeds_change_nothing(family, data, whole, tmp_path):
    for workers in (0, 4):
        directory = tmp_path / str(workers)
        child = Child([*families.words(family, data), f"training.dataloader_num_workers={workers}"], directory)
        assert child.wait() == 0, child.said()
        assert differences(whole(family).result, result(directory)) == [], workers
    words = [*families.words(family, data), "training.dataloader_num_workers=2"]
    by_another_process(words, tmp_path, PYTHONHASHSEED="7")
    assert differences(whole(family).result, result(tmp_path)) == []


def scrambled(function):
    """The function, called with global generators in a state that nobody can know."""

    def called(*arguments, **options):
        seed = int.from_bytes(os.urandom(4), "big")
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        return function(*arguments, **options)

    return called


def prepare():
    WatchedCollator.__call__ = scrambled(WatchedCollator.__call__)
    Evaluation.score = scrambled(Evaluation.score)
    ClassEvaluation.score = scrambled(ClassEvaluation.score)
    Resumable.get_batch_samples = scrambled(Resumable.get_batch_samples)
    Resumable._maybe_log_save_evaluate = scrambled(Resumable._maybe_log_save_evaluate)


@pytest.mark.parametrize("family", [*families.FAMILIES, *families.ALSO])
def test_nothing_depends_on_what_global_generators_held(family, data, whole, tmp_path):
    child = Child(families.words(family, data), tmp_path, prepare)
    assert child.wait() == 0, child.said()
    assert differences(whole(family).result, result(tmp_path)) == []


@pytest.mark.parametrize("key", ["training.seed=5", "training.data_seed=5", "run.seed=5"])
def test_another_seed_is_another_run(key, data, whole, tmp_path):
    child = Child([*families.words("span", data), key], tmp_path)
    assert child.wait() == 0, child.said()
    assert differences(whole("span").result, result(tmp_path)) != []
