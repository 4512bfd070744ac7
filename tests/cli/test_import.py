"""import at the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliexp import cli

SOURCE = "num_steps: 50\nlr_encoder: '1e-4'\nsize_sup: -1\ntrain_data: train.jsonl\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source.yaml"
    file.write_text(SOURCE)
    return file


def test_written_checked_and_imported_again(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = source.parent / "deep" / "mine.yaml"
    assert cli.main(["import", str(source), "-o", str(output)]) == 0
    assert "flat config: 3 set, 0 as the default, 1 without a place" in capsys.readouterr().out
    first = output.read_bytes()
    assert cli.main(["import", str(source), "-o", str(output)]) == 0
    assert cli.main(["import", str(output), "-o", str(source.parent / "again.yaml")]) == 0
    assert output.read_bytes() == first == (source.parent / "again.yaml").read_bytes()
    capsys.readouterr()
    assert cli.main(["check", "--quick", f"experiment={output}"]) == 0
    said = capsys.readouterr().out
    assert "not on this machine: data.train_data: no file train.jsonl" in said


def test_printed_without_a_place_to_write(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["import", str(source)]) == 0
    said = capsys.readouterr()
    assert "  max_steps: 50  # num_steps" in said.out
    assert "3 set" in said.err


def test_nothing_is_replaced_in_silence(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = source.parent / "mine.yaml"
    output.write_text("run:\n  seed: 3\n")
    assert cli.main(["import", str(source), "-o", str(output)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert output.read_text() == "run:\n  seed: 3\n"
    assert cli.main(["import", str(source), "-o", str(output), "--force"]) == 0
    assert "max_steps: 50" in output.read_text()


@pytest.mark.parametrize("words", [[], ["none.yaml"], ["a", "b"], ["source.yaml", "-o", "mine.txt"]])
def test_refusals(words: list[str], source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source.parent)
    assert cli.main(["import", *words]) == 2
