from gliexp.runs.comparison import ABSENT, differences
from gliexp.runs.entry import read

from .directories import write_run


def test_config_data_versions_and_metrics(tmp_path):
    sources = [{"split": "train", "path": "a.jsonl", "rows": 10, "sha256": "aa"}]
    other = [{"split": "train", "path": "b.jsonl", "rows": 12, "sha256": "bb"}, {"split": "dev", "path": "d.jsonl"}]
    first = write_run(tmp_path / "a", 0.5, data=sources, versions={"torch": "1", "peft": "1"})
    second = write_run(tmp_path / "b", 0.75, data=other, versions={"torch": "2", "peft": "1"}, dropped={"wide": 3})
    for directory, rate in ((first, "0.1"), (second, "0.2")):
        text = f"training:\n  learning_rate: {rate}\n  max_steps: 5\n"
        (directory / "config.resolved.yaml").write_text(text)
    found = {(one.part, one.key): one for one in differences(read(first), read(second))}
    assert [key for key in found if key[0] != "metrics"] == [
        ("config", "training.learning_rate"),
        ("data", "train rows"),
        ("data", "train sha256"),
        ("data", "dev path"),
        ("data", "dropped wide"),
        ("versions", "torch"),
    ]
    assert (found["data", "dev path"].first, found["data", "dev path"].second) == (ABSENT, "d.jsonl")
    assert found["metrics", "test.ner_micro_f1"].change == 0.25
    assert found["data", "train rows"].change is None


def test_a_damaged_config_gives_way_to_the_overrides(tmp_path):
    first = write_run(tmp_path / "a", overrides=["x=1"])
    second = write_run(tmp_path / "b", overrides=["x=2"])
    (second / "config.resolved.yaml").write_text("a: [1, {")
    assert ("config", "x") in [(one.part, one.key) for one in differences(read(first), read(second))]
