from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliexp import cli

GOOD = '{"tokens": ["Ana", "Lima"], "ner": [[0, 1, "person"]]}\n'
BAD = '{"tokens": ["Ana"], "ner": [[0, 3, "person"]]}\n'
MENDABLE = '{"tokens": ["Ana"], "ner": [["0", 0, "person "]]}\n'


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name, text in (("train", GOOD + MENDABLE), ("dev", GOOD), ("broken", GOOD + BAD)):
        made[name] = tmp_path / f"{name}.jsonl"
        made[name].write_text(text)
    return made


def test_the_page_names_counts_leaks_and_what_fits(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", str(files["dev"]), str(files["broken"])]) == 2
    page = capsys.readouterr().out
    assert "1 rows of" in page
    assert f"{files['broken']}:2: entity 0: [0, 3] lies beyond" in page
    assert "model.max_width=2" in page


def test_good_files_end_with_0(files: dict[str, Path]) -> None:
    assert cli.main(["data", str(files["dev"])]) == 0


def test_json_holds_everything(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", str(files["train"]), str(files["dev"]), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert [file["rows"] for file in document["files"]] == [1, 1]
    assert document["files"][0]["bad"][0]["where"] == f"{files['train']}:2"
    assert document["shared_rows"][0]["lines"] == [[1, 1]]
    assert {setting["override"] for setting in document["proposal"]} >= {"model.max_types=1"}


def test_fix_writes_what_can_be_used_and_then_ends_with_0(files: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "clean"
    assert cli.main(["data", str(files["train"]), str(files["dev"]), "--fix", str(out)]) == 0
    assert len((out / "train.jsonl").read_text().splitlines()) == 2
    assert cli.main(["data", str(files["broken"]), "--fix", str(tmp_path / "one.jsonl")]) == 2
    assert len((tmp_path / "one.jsonl").read_text().splitlines()) == 1


def test_a_backbone_counts_sub_tokens(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", str(files["dev"]), "--json", "backbone=tiny"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"][0]["sub_tokens"]["max"] >= 2
    assert document["prompt_sub_tokens"] >= 3


def test_without_files_those_of_the_config_are_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) == 3


def test_wrong_files_and_keys_are_refused(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", str(files["dev"].with_name("dve.jsonl")), str(files["dev"].parent)]) == 2
    error = capsys.readouterr().err
    assert "did you mean dev.jsonl?" in error
    assert "directory" in error
    assert cli.main(["data", str(files["dev"]), "data.formt=json"]) == 2
    assert "data.format" in capsys.readouterr().err


def test_columns_are_read_as_the_config_says_and_written_in_our_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "a.conll", tmp_path / "clean.jsonl"
    path.write_text("1|Ana|B-person\n2|Lima|I-person\n3|runs|O\n\n1|Bia|B-person\n")
    words = ["data.columns.separator='|'", "data.columns.token=1", "data.format=conll"]
    assert cli.main(["data", str(path), *words, "--fix", str(out)]) == 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"tokenized_text": ["Ana", "Lima", "runs"], "ner": [[0, 1, "person"]]},
        {"tokenized_text": ["Bia"], "ner": [[0, 0, "person"]]},
    ]


def test_a_directory_names_the_file_of_each_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(9):
        (tmp_path / f"d{number}.txt").write_text("Ana sings")
        (tmp_path / f"d{number}.ann").write_text(f"T1\tperson 0 {3 if number < 3 else 99}\tAna\n")
    (tmp_path / "d1.ann").write_text("T1\tcity 0 3\tAna\n")
    assert cli.main(["data", str(tmp_path)]) == 2
    page = capsys.readouterr().out
    assert "6 rows like this" in page
    assert "d3.ann:1, d4.ann:1" in page
    assert f"{tmp_path}/d1.ann:1 has the words of d0.ann:1, annotated otherwise" in page


def test_classification_is_known_by_its_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, dev = tmp_path / "train.jsonl", tmp_path / "dev.jsonl"
    train.write_text('{"text": "so so", "all_labels": ["good", "bad"], "true_labels": ["good"]}\n')
    dev.write_text('{"text": "so so", "all_labels": ["good", "bad"], "true_labels": ["bad", "poor "]}\n')
    assert cli.main(["data", str(train), str(dev)]) == 2
    shown = capsys.readouterr()
    assert "read as task=classification" in shown.err
    assert f"{dev}:1: all_labels lacks the true label poor" in shown.out
    assert "model.problem_type=single_label_classification" in shown.out
    out = tmp_path / "clean"
    assert cli.main(["data", str(train), str(dev), "--fix", str(out)]) == 0
    mended = json.loads((out / "dev.jsonl").read_text())
    assert mended == {"text": "so so", "all_labels": ["good", "bad", "poor"], "true_labels": ["bad", "poor"]}
    assert cli.main(["data", str(out / "train.jsonl"), str(out / "dev.jsonl"), "--json"]) == 0
    page = capsys.readouterr().out
    document = json.loads(page[page.index("{") :])
    assert document["shared_rows"][0]["lines"] == [[1, 1]]


def test_tables_of_classes_are_audited_under_their_own_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "intents.csv"
    table.write_text("query,category\nhello there,greeting\nbye,farewell\n,greeting\n")
    names = ["data.fields.text=query", "data.fields.true_labels=category"]
    assert cli.main(["data", str(table), "task=classification", "--json", *names]) == 2
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert file["true_labels"] == {"greeting": 1, "farewell": 1}
    assert file["bad"] == [{"where": f"{table}:4", "reason": "query is empty"}]
