"""The GPU benchmark: what it computes, and that it runs, tried on the processor."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))


def test_operations_are_those_of_the_encoder_forward_and_backward(scripts: None) -> None:
    from bench.gpu import step_operations

    # BERT base: 85 million weights, 12 layers, 768 wide; a row of 128 sub-tokens
    assert step_operations(85_000_000, 12, 768, 128, 128) == 128 * (6 * 85_000_000 + 12 * 12 * 768 * 128)


def test_rate_of_products_is_that_of_a_timed_product(scripts: None) -> None:
    from bench.gpu import matmul_rate

    assert 1e6 < matmul_rate("cpu", size=64, repeats=2) < 1e14


def test_a_processor_has_no_busy_share(scripts: None) -> None:
    from bench.gpu import Busy

    with Busy("cpu") as busy:
        pass
    assert busy.share is None


def test_busy_is_the_mean_of_what_was_sampled(scripts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench import gpu

    said = "print(90, flush=True); print(100, flush=True); print('[N/A]', flush=True); import time; time.sleep(60)"
    monkeypatch.setattr(gpu, "QUERY", (sys.executable, "-c", said))
    with gpu.Busy("cuda") as busy:
        # like nvidia-smi it goes on for ever; what it had written by the time it is ended counts
        assert select.select([busy._sampler.stdout], [], [], 30)[0]
        time.sleep(0.5)
    assert busy.share == 0.95


def test_rows_are_uneven_and_their_entities_lie_within(scripts: None) -> None:
    from benchmark_gpu import uneven_rows

    rows = uneven_rows(200, 16)
    lengths = [len(row["tokenized_text"]) for row in rows]
    assert min(lengths) >= 4
    assert max(lengths) <= 64
    assert 13 < sum(lengths) / len(lengths) < 19
    assert len(set(lengths)) > 20
    assert all(span[1] < len(row["tokenized_text"]) for row in rows for span in row["ner"])
    assert any(row["ner"] for row in rows)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_nothing_is_measured_and_that_is_said(scripts: None, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmark_gpu import main

    main([])
    assert capsys.readouterr().out == "there is no GPU here: nothing is measured\n"


@pytest.mark.slow
def test_all_sides_are_measured(tmp_path: Path) -> None:
    sizes = "--device cpu --encoders tiny --words 8 --rows 8 --batch-size 4 --passes 1 --threads 1".split()
    subprocess.run(
        [sys.executable, str(SCRIPTS / "benchmark_gpu.py"), *sizes, "--json", str(tmp_path / "found.json")],
        check=True,
        timeout=600,
    )
    found = json.loads((tmp_path / "found.json").read_text())
    sides = {one["side"]: one for one in found["sides"]}
    assert list(sides) == ["stock", "gliexp", "gliexp, like lengths"]
    for one in sides.values():
        assert one["examples_per_second"] > 0
        assert one["tokens_per_second"] > 4 * one["examples_per_second"]
        assert 0 <= one["padding"] < 1
        assert all(share > 0 for share in one["shares"].values())
        assert 0 < one["matmul_share"] < 1
        assert one["loss"] > 0
    assert sides["stock"]["ratio"] == 1
