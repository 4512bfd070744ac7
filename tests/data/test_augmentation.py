"""Each way of changing a row keeps it true, leaves the caller's row alone, and depends on (seed, epoch, row)."""

import copy

import gliclass.data_processing as library
import pytest

from gliexp.config.schema.data import Augmentation, Data
from gliexp.data.augmentation import Augmenter, LabelInfo, augmenter

LABELS = ["billing", "delivery", "praise", "refund", "spam"]
ROWS = [
    {"text": "the bill is wrong", "true": {"billing": 1.0}},
    {"text": "parcel lost", "true": {"delivery": 1.0, "refund": 0.5}},
    {"text": "buy pills", "true": {"spam": 1.0}},
]
INFOS = {
    "billing": LabelInfo(descriptions=("about invoices",), synonyms=("invoice", "refund")),
    "spam": LabelInfo(descriptions=("unwanted",), synonyms=("junk",)),
}
OFF = {name: 0.0 for name in vars(Augmentation()) if name.endswith("_prob")}


def only(*names, **more):
    settings = Augmentation(**{"enabled": True, **OFF, **dict.fromkeys(names, 1.0)})
    return Augmenter(settings, ROWS, LABELS, INFOS, **more)


def many(made, row=ROWS[1], asked=LABELS[:4]):
    return [made(row, asked, seed=1, epoch=epoch, index=1) for epoch in range(60)]


def test_nothing_is_changed_where_every_share_is_0():
    assert many(only()) == [(ROWS[1], LABELS[:4])] * 60


def test_fewer_labels_leave_true_what_is_left():
    found = many(only("random_label_removal_prob"))
    assert {len(labels) for _, labels in found} == {1, 2, 3, 4}
    for row, labels in found:
        assert row["true"] == {label: score for label, score in ROWS[1]["true"].items() if label in labels}
    kept = many(only("random_label_removal_prob", keeps_true=True))
    assert all(row["true"] == ROWS[1]["true"] and {"delivery", "refund"} <= set(labels) for row, labels in kept)


def test_more_labels_are_new_ones_and_not_too_many():
    found = many(only("random_label_addition_prob", most=3), asked=LABELS[:2])
    assert all(labels[:2] == LABELS[:2] and len(set(labels)) == len(labels) == 3 for _, labels in found)
    assert {labels[2] for _, labels in found} == set(LABELS[2:])
    assert all(labels == LABELS for _, labels in many(only("random_label_addition_prob"), asked=LABELS))


def test_foreign_text_brings_no_label_that_is_asked_about():
    texts = {row["text"] for row, _ in many(only("random_text_addition_prob"), asked=["delivery", "refund", "spam"])}
    assert not any("buy pills" in text for text in texts)
    assert {"parcel lost the bill is wrong", "the bill is wrong parcel lost"} <= texts


def test_a_synonym_stands_for_its_label_wherever_it_stands():
    found = many(only("random_add_synonyms_prob"), ROWS[0], ["billing", "refund"])
    assert {tuple(labels) for _, labels in found} == {("billing", "refund"), ("invoice", "refund")}
    assert all(row["true"] == {labels[0]: 1.0} for row, labels in found)


def test_descriptions_and_examples_come_beside_the_text():
    texts = {row["text"] for row, _ in many(only("random_add_description_prob"), ROWS[0], ["billing", "praise"])}
    assert texts == {
        "the bill is wrong",
        "billing: about invoices the bill is wrong",
        "the bill is wrong billing: about invoices",
    }
    shown = [row["examples"] for row, _ in many(only("random_add_examples_prob"), ROWS[0], ["billing", "spam"])]
    assert all(example == {"text": "buy pills", "labels": ["spam"]} for examples in shown for example in examples)
    own = {**ROWS[0], "examples": [{"text": "mine", "labels": ["billing"]}]}
    assert all(row["examples"] == own["examples"] for row, _ in many(only("random_add_examples_prob"), own))


def test_everything_at_once_keeps_rows_true_and_the_caller_s_alone():
    made, rows, asked = only(*OFF, most=6), copy.deepcopy(ROWS), list(LABELS[:4])
    for epoch in range(200):
        for index, row in enumerate(rows):
            new, labels = made(row, asked, seed=0, epoch=epoch, index=index)
            assert 1 <= len(labels) == len(set(labels)) <= 6
            assert set(new["true"]) <= set(labels) or not set(row["true"]) <= set(asked)
            assert (new, labels) == made(row, asked, seed=0, epoch=epoch, index=index)
    assert rows == ROWS
    assert asked == LABELS[:4]


def test_the_stock_augmenter_turns_rows_wrong():
    item = {"text": "x", "true_labels": ["billing"], "all_labels": ["billing", "spam"]}
    config = library.AugmentationConfig(**{**OFF, "random_add_synonyms_prob": 1.0})
    stock = library.DataAugmenter(config, [item], LABELS, {"billing": {"synonyms": ["invoice"]}})
    found = [stock.augment(item) for _ in range(40)]
    assert any("billing" not in new["all_labels"] and new["true_labels"] == ["billing"] for new in found), (
        "mended upstream"
    )
    added = [stock.add_random_labels(["billing", "spam"]) for _ in range(40)]
    assert any(len(set(labels)) < len(labels) for labels in added), "mended upstream"


def test_the_fields_are_the_library_s():
    ours = {name: value for name, value in vars(Augmentation()).items() if name != "enabled"}
    assert ours == {name: value for name, value in vars(library.AugmentationConfig()).items() if name != "enabled"}


@pytest.mark.parametrize("enabled", [False, True])
def test_it_is_off_until_it_is_asked_for(enabled):
    data = Data(augmentation=Augmentation(enabled=enabled), label_descriptions={"spam": {"synonyms": ["junk"]}})
    made = augmenter(data, ROWS, LABELS, most=5, keeps_true=False)
    assert (made is not None) == enabled
    if made is not None:
        assert made.infos["spam"].synonyms == ("junk",)
