from __future__ import annotations

from gliexp.data.row import RowReader
from gliexp.training.metrics import score_relations

ENTITIES = [(0, 0, "person"), (3, 3, "person"), (5, 5, "city"), (8, 9, "city")]
CLUSTERS = [[0, 1], [2], [3]]


def scores(relations, predicted_entities=ENTITIES, gold=((0, 2, "in"),), clusters=CLUSTERS):
    return score_relations([ENTITIES], [list(gold)], [predicted_entities], [relations], [clusters])


def test_any_mention_stands_for_its_cluster() -> None:
    found = scores([(1, 2, "in")])
    assert found["rel_strict_micro_f1"] == 0.0
    assert found["rel_cluster_micro_f1"] == 1.0


def test_a_fact_between_clusters_counts_once() -> None:
    found = scores([(0, 2, "in"), (1, 2, "in")])
    assert found["rel_strict_micro_precision"] == 0.5
    assert found["rel_cluster_micro_precision"] == 1.0


def test_another_cluster_label_or_direction_is_wrong() -> None:
    for relation in ((1, 3, "in"), (1, 2, "at"), (2, 1, "in")):
        assert scores([relation])["rel_cluster_micro_f1"] == 0.0


def test_a_mention_outside_of_all_clusters_stands_for_itself() -> None:
    other = [(0, 0, "place"), (6, 6, "city")]
    assert scores([(0, 1, "in")], other)["rel_cluster_micro_f1"] == 0.0
    assert scores([(0, 1, "in")], [(0, 0, "place"), (5, 5, "x")])["rel_cluster_micro_f1"] == 1.0


def test_without_clusters_there_are_no_such_scores() -> None:
    assert not any(key.startswith("rel_cluster") for key in scores([(0, 2, "in")], clusters=None))


def test_clusters_are_read_with_the_row_and_follow_its_entities() -> None:
    row = {"tokenized_text": list("abc"), "ner": [[0, 0, "x"], [0, 0, "x"], [2, 2, "x"]], "clusters": [[0, 1], [2]]}
    assert RowReader().tidy(row).example["clusters"] == [[0], [1]]
    for wrong in ([[0, 5]], [["a"]], "text", [0]):
        tidied = RowReader().tidy({**row, "clusters": wrong})
        assert "clusters" not in tidied.example
        assert any("clusters" in reason for reason in tidied.dropped)
