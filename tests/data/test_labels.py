from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliexp.data.labels import POLICIES, LabelSampler
from gliexp.errors import Refusal

POOL = [f"label {n}" for n in range(8)]
NUMBERS = st.integers(0, 1000)


def example(gold: list[str], **more: Any) -> dict[str, Any]:
    return {"tokenized_text": ["a"] * 9, "ner": [[n, n, label] for n, label in enumerate(gold)], **more}


@given(st.lists(st.sampled_from([*POOL, "foreign"])), st.sampled_from(POLICIES), st.integers(1, 10), NUMBERS, NUMBERS)
def test_gold_is_always_offered_once_and_room_is_kept(gold, policy, max_types, epoch, index) -> None:
    offered = LabelSampler(POOL, policy=policy, max_types=max_types).offer(
        example(gold), seed=1, epoch=epoch, index=index
    )
    assert set(gold) <= set(offered.entity) <= {*POOL, *gold}
    assert len(set(offered.entity)) == len(offered.entity) <= max(max_types, len(set(gold)))
    assert offered.entity
    assert offered.relation == []


def test_all_offers_everything_in_ever_new_order() -> None:
    sampler = LabelSampler(POOL)
    orders = [sampler.offer(example(["label 1"]), seed=1, epoch=e, index=i).entity for e in range(3) for i in range(3)]
    assert all(sorted(order) == POOL for order in orders)
    assert len(set(map(tuple, orders))) > 5


def test_fixed_offers_everything_in_its_own_order() -> None:
    backwards = POOL[::-1]
    sampler = LabelSampler(backwards, ["s", "r"], policy="fixed")
    rows = [example(["label 1"]), example(["label 5", "label 2"]), example([])]
    offers = [sampler.offer(row, seed=1, epoch=e, index=i) for e in range(3) for i, row in enumerate(rows)]
    assert all(offer == (backwards, ["s", "r"]) for offer in offers)


def test_fixed_puts_a_rows_own_labels_behind_those_of_the_set_in_the_rows_order() -> None:
    row = example(["label 1"], ner_labels=["own", "label 1", "other"])
    assert LabelSampler(["other"], policy="fixed").offer(row, seed=1, epoch=0, index=0).entity == [
        "other",
        "own",
        "label 1",
    ]


def test_fixed_beyond_max_types_keeps_gold_labels_and_draws_the_others_anew() -> None:
    sampler = LabelSampler(POOL, policy="fixed", max_types=3)
    offers = [sampler.offer(example(["label 7"]), seed=1, epoch=e, index=0).entity for e in range(30)]
    assert all("label 7" in offer and len(offer) == 3 and offer == sorted(offer) for offer in offers)
    assert len(set(map(tuple, offers))) > 5


def test_the_policies_differ_in_the_negatives_they_offer() -> None:
    def sizes(policy: str) -> list[int]:
        sampler = LabelSampler(POOL, policy=policy)
        return [len(sampler.offer(example(["label 1"]), seed=1, epoch=0, index=i).entity) for i in range(200)]

    assert set(sizes("all")) == {8}
    assert set(sizes("sampled")) == {1, 2}
    mixed = sizes("mixed")
    assert 90 < mixed.count(8) < 140
    assert len(set(mixed)) > 4


def test_a_rows_own_labels_take_the_place_of_the_set() -> None:
    row = example(["label 1"], ner_labels=["label 1", "own"], relations=[[0, 0, "r"]], rel_labels=["r", "s"])
    for policy in POLICIES:
        offered = LabelSampler(POOL, ["t"], policy=policy).offer(row, seed=1, epoch=0, index=0)
        assert sorted(offered.entity) == ["label 1", "own"]
        assert sorted(offered.relation) == ["r", "s"]


def test_neither_the_hash_seed_nor_global_randomness_nor_the_order_of_the_set_matters() -> None:
    code = (
        "import random; from gliexp.data.labels import LabelSampler; random.random()\n"
        "s = LabelSampler({f'label {n}' for n in range(8)}, {'r', 's'}, 'sampled', negative_ratio=3)\n"
        "row = {'ner': [[0, 0, 'label 3'], [1, 1, 'label 5']], 'relations': [[0, 1, 'r']]}\n"
        "print([s.offer(row, seed=7, epoch=e, index=i) for e in range(3) for i in range(9)])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(Refusal, match="sampled"):
        LabelSampler(POOL, policy="some")


def test_half_of_the_mixed_rows_are_asked_as_the_model_will_be_in_the_end() -> None:
    backwards = POOL[::-1]
    sampler = LabelSampler(backwards, policy="mixed")
    offers = [sampler.offer(example(["label 1"]), seed=1, epoch=0, index=i).entity for i in range(200)]
    assert 80 < offers.count(backwards) < 120
    assert any(len(offer) == 8 and offer != backwards for offer in offers) or any(len(offer) < 8 for offer in offers)


def test_a_gold_label_outside_the_set_comes_behind_it() -> None:
    sampler = LabelSampler(POOL, policy="mixed")
    offers = [sampler.offer(example(["elsewhere"]), seed=1, epoch=0, index=i).entity for i in range(20)]
    assert [*POOL, "elsewhere"] in offers
    assert all("elsewhere" in offer for offer in offers)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("max_types", [2, 4, 30])
@pytest.mark.parametrize("own", [None, ["d", "a", "bb", "ccc"]])
def test_no_epoch_offers_a_longer_prompt_than_the_most(policy: str, max_types: int, own: list[str] | None) -> None:
    pool = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"]
    sampler = LabelSampler(pool, ["r", "ss", "ttt"], policy=policy, max_types=max_types, negative_ratio=2)
    for ner in ([], [[0, 0, "a"]], [[0, 0, "a"], [1, 1, "bb"], [1, 1, "ccc"]]):
        row = {"tokenized_text": ["x", "y"], "ner": ner, **({"ner_labels": own} if own else {})}
        most = sampler.most(row)
        offers = [sampler.offer(row, seed=1, epoch=epoch, index=0) for epoch in range(200)]
        assert {label for _, _, label in ner} <= set(most.entity)
        assert max(len(offer.entity) for offer in offers) == len(most.entity)
        assert max(len("".join(offer.entity)) for offer in offers) == len("".join(most.entity))
        assert max(len("".join(offer.relation)) for offer in offers) == len("".join(most.relation))
