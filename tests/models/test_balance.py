from __future__ import annotations

from typing import Any

import pytest
import torch

from gliexp.models import balance, gliner
from gliexp.training.collator import LABEL_WEIGHTS
from models.conftest import ENTITY_TYPES, OPTIONS, ROWS

SPANS = torch.tensor([[[1, 0], [0, 1], [0, 0], [1, 1]]])  # (1, 4 spans, 2 labels)


def test_a_span_takes_the_greatest_weight_of_the_labels_that_it_bears() -> None:
    found = balance.emphasis(SPANS, torch.tensor([[2.0, 5.0]]))
    assert found.squeeze().tolist() == [2.0, 5.0, 1.0, 5.0]


def test_a_word_bears_a_label_as_start_end_or_inside_and_ignored_cells_bear_none() -> None:
    labels = torch.zeros(1, 3, 2, 3, dtype=torch.long)
    labels[0, 1, 1, 2] = 1
    labels[0, 2] = -100
    found = balance.emphasis(labels, torch.tensor([[2.0, 5.0]]))
    assert found.shape == (1, 3, 1, 1)
    assert found.squeeze().tolist() == [1.0, 5.0, 1.0]


@pytest.mark.parametrize("name", ["uni_markerV0", "uni_token"])
def test_the_model_s_loss_heeds_the_weights_of_its_batch_and_of_no_other(name: str, values: Any, collated: Any) -> None:
    model = gliner.build(values(name), seed=1).eval()
    batch = collated(model)
    plain = model(**batch, **OPTIONS).loss.item()
    balance.apply(model)
    ones = torch.ones(len(batch["input_ids"]), batch["labels"].shape[2 if name == "uni_token" else -1])
    assert model(**batch, **OPTIONS, **{LABEL_WEIGHTS: ones}).loss.item() == pytest.approx(plain)
    assert model(**batch, **OPTIONS, **{LABEL_WEIGHTS: ones * 3}).loss.item() > plain * 1.01
    assert model(**batch, **OPTIONS).loss.item() == pytest.approx(plain)


def test_weights_go_to_the_label_in_their_place(values: Any) -> None:
    model = balance.apply(gliner.build(values("uni_markerV0"), seed=1)).eval()
    batch = gliner.training_collator(model)(ROWS, [ENTITY_TYPES] * len(ROWS))
    labels = batch["labels"].view(len(batch["input_ids"]), -1, batch["labels"].shape[-1])
    mask = batch["span_mask"].view(len(labels), -1)
    scores = model(**batch, **OPTIONS).logits.view_as(labels)
    for place in range(labels.shape[-1]):
        weights = torch.ones(len(labels), labels.shape[-1])
        weights[:, place] = 4.0
        cells = torch.nn.functional.binary_cross_entropy_with_logits(scores, labels.float(), reduction="none")
        by_hand = (
            cells * torch.where(labels[..., place : place + 1] == 1, 4.0, 1.0) * mask.unsqueeze(-1)
        ).sum() / mask.sum()
        assert model(**batch, **OPTIONS, **{LABEL_WEIGHTS: weights}).loss.item() == pytest.approx(
            by_hand.item(), rel=1e-4
        )


def test_a_variant_with_pooled_classes_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="bi_span"):
        balance.apply(gliner.build(values("bi_span"), seed=1))
