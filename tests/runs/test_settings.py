import statistics

from gliexp.runs.catalog import entries
from gliexp.runs.settings import Spread, by_setting, differing

from .directories import grid, write_run


def test_only_overrides_that_differ_are_told(tmp_path):
    grid(tmp_path)
    (tmp_path / "half" / ".hydra").mkdir(parents=True)
    assert differing(entries([tmp_path])) == ["training.learning_rate", "run.seed"]
    write_run(tmp_path / "more", overrides=["training.max_steps=5"])
    assert differing(entries([tmp_path])) == ["training.learning_rate", "run.seed"]
    write_run(tmp_path / "without", overrides=[])
    assert differing(entries([tmp_path])) == ["training.learning_rate", "run.seed", "training.max_steps"]


def test_mean_and_deviation_over_seeds_the_best_first(tmp_path):
    grid(tmp_path)
    best, second = by_setting(entries([tmp_path]), "eval.ner_micro_f1")
    assert best.settings == {"training.learning_rate": "1e-4"}
    assert [run.path.name for run in best.runs] == ["3", "4"]  # the failed one has no figures
    assert best.figures["test.ner_micro_f1"].mean == statistics.fmean([0.71, 0.72])
    assert second.figures["eval.ner_micro_f1"].deviation == statistics.stdev([0.51, 0.52, 0.53])
    assert second.figures["eval.ner_micro_f1"].count == 3


def test_small_is_good_for_errors(tmp_path):
    for name, mae in (("a", 0.3), ("b", 0.1)):
        write_run(tmp_path / name, None, overrides=[f"x={name}"], metrics={"eval": {"cls_mae": mae}})
    assert [setting.settings["x"] for setting in by_setting(entries([tmp_path]), "eval.cls_mae")] == ["b", "a"]


def test_runs_of_other_versions_are_another_setting(tmp_path):
    for name, torch in (("a", "2.12"), ("b", "2.13")):
        write_run(tmp_path / name, overrides=[f"run.seed={len(name)}"], versions={"torch": torch})
    assert len(by_setting(entries([tmp_path]))) == 2
    for name in "ab":
        write_run(tmp_path / name, setting="same", versions={"torch": name})
    assert len(by_setting(entries([tmp_path]))) == 1


def test_a_spread_in_words():
    assert str(Spread(0.5, None, 1)) == "0.5000"
    assert str(Spread(0.5, 0.01, 3)) == "0.5000 ± 0.0100"
