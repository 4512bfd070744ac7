import pytest

from gliexp.errors import Refusal
from gliexp.runs.catalog import entries
from gliexp.runs.selection import chosen, ordered

from .directories import grid, write_run


@pytest.fixture
def runs(tmp_path):
    grid(tmp_path)
    return entries([tmp_path])


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        (["status=done"], "01234"),
        (["status!=done"], "5"),
        (["training.learning_rate=0.0001"], "345"),
        (["training.learning_rate>1e-5", "status=done"], "34"),
        (["ner_micro_f1>=0.71"], "34"),
        (["test.ner_micro_f1 < 0.52"], "0"),
        (["error~nan"], "5"),
        (["path~/[12]$"], "12"),
        (["started>2026-02"], ""),
        (["started<2026-02", "seconds<=11"], "01"),
    ],
)
def test_conditions(runs, conditions, names):
    assert "".join(entry.path.name for entry in chosen(runs, conditions)) == names


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("status=don", "did you mean done"),
        ("stauts=done", "did you mean status"),
        ("status", "is no condition"),
        ("seconds>many", "is no number"),
        ("name~[", "not a regular expression"),
    ],
)
def test_conditions_without_meaning_are_refused(runs, condition, says):
    with pytest.raises(Refusal, match=says):
        chosen(runs, ["status=done", condition])


def test_order(runs, tmp_path):
    def names(key):
        return "".join(entry.path.name for entry in ordered(runs, key))

    assert names("ner_micro_f1") == "432105"
    assert names("-ner_micro_f1") == "012345"
    assert names("seconds") == "012345"
    assert names("-seconds") == "543210"
    assert names("run.seed")[:2] == "03"
    with pytest.raises(Refusal, match="did you mean seconds"):
        names("secnds")
    write_run(tmp_path / "x", None, metrics={"eval": {"cls_mae": 1.0}})
    write_run(tmp_path / "y", None, metrics={"eval": {"cls_mae": 2.0}})
    runs[:] = entries([tmp_path])
    assert names("cls_mae")[:2] == "xy"
