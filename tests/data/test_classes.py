from gliexp.config.schema.classifier import MULTI, SINGLE
from gliexp.data.classes import NO_SHARE, NOT_ONE, UNOFFERED, ClassSampler, usable

ROWS = [
    {"text": "a", "true": {"x": 1.0}},
    {"text": "b", "true": {"x": 1.0, "y": 1.0}},
    {"text": "c", "true": {}},
    {"text": "d", "true": {"new": 1.0}},
    {"text": "e", "true": {"x": 3.0}},
]
PLACES = [f"f:{number}" for number in range(1, 6)]


def test_single_label_takes_rows_with_one_true_label():
    kept, losses = usable(ROWS, PLACES, ["x", "y"], SINGLE)
    assert kept == [0, 4]
    assert losses.counts == {NOT_ONE: 2, UNOFFERED: 1}
    assert losses.places[NOT_ONE] == ["f:2", "f:3"]


def test_multi_label_takes_shares():
    kept, losses = usable(ROWS, PLACES, ["x", "y"], MULTI)
    assert kept == [0, 1, 2]
    assert losses.counts == {NO_SHARE: 1, UNOFFERED: 1}


def test_a_row_s_own_labels_are_offered_and_true_ones_never_cut():
    row = {"text": "t", "true": {"k1": 1.0, "k2": 1.0, "k3": 1.0}, "all_labels": [f"k{n}" for n in range(30)]}
    sampler = ClassSampler(["other"], "all", 2, 1)
    assert sorted(sampler.offer(row, seed=1, epoch=0, index=0)) == ["k1", "k2", "k3"]
    wide = ClassSampler(["other"], "all", 10, 1)
    offers = [wide.offer(row, seed=1, epoch=epoch, index=0) for epoch in range(3)]
    assert all(len(offer) == 10 and {"k1", "k2", "k3"} <= set(offer) <= set(row["all_labels"]) for offer in offers)
    assert offers[0] != offers[1]
    assert offers[0] == ClassSampler(["other"], "all", 10, 1).offer(row, seed=1, epoch=0, index=0)
