"""What rows cost is what batches of them hold: sub-tokens counted beforehand are those that a collator makes."""

from __future__ import annotations

import pytest

from gliexp.training import costs
from gliexp.training.batches import GROUPED
from gliexp.training.collator import ROWS
from gliexp.training.rows import Draw

EXACT = ("data.mention_swap=0", "data.label_sampling=all", "training.train_sampling_strategy=group_by_length")


def read(trainer, number):
    """Real sub-tokens of a row's own batch."""
    batch = trainer.data_collator([trainer.train_dataset[Draw(0, number)]])
    batch.pop(ROWS)
    return int(batch["attention_mask"].sum())


@pytest.mark.parametrize(
    "words",
    [
        ("task=ner",),
        ("task=ner", "span_mode=token_level"),
        ("task=biencoder",),
        ("task=relex",),
        ("task=ner", "data.label_descriptions={person: somebody with a name}"),
        ("task=classification",),
        ("task=classification", "model.architecture_type=bi-encoder"),
        ("task=classification", "model.architecture_type=bi-encoder-fused"),
    ],
    ids=lambda words: " ".join(words),
)
def test_sub_tokens_are_those_of_the_batch(make_trainer, words):
    trainer = make_trainer(*words, *EXACT, rows=12)
    assert trainer.costs.tokens == [read(trainer, number) for number in range(12)]


@pytest.mark.parametrize("task", ["ner", "relex", "classification"])
def test_longer_rows_cost_more(make_trainer, task):
    trainer = make_trainer(f"task={task}", *EXACT, rows=40)
    by_tokens = sorted(range(40), key=lambda number: trainer.costs.tokens[number])
    assert trainer.costs.work[by_tokens[-1]] > 1.5 * trainer.costs.work[by_tokens[0]]


@pytest.mark.parametrize("mode", ["marker_v0", "token_level"])
def test_work_of_long_rows_is_counted_to_the_end(make_trainer, mode):
    trainer = make_trainer("task=ner", f"span_mode={mode}", "model.max_len=100000", *EXACT, rows=2)
    rows = [{"tokenized_text": ["in"] * size, "ner": []} for size in (10, 100_000)]
    short, long = costs.of_entities(rows, trainer.model, trainer.data_collator.collate.labels).work
    assert 5_000 * short < long  # in 32 bits it would be anything


def test_where_nothing_asks_for_costs_only_words_are_counted(make_trainer):
    trainer = make_trainer(
        "task=ner",
        rows=6,
    )
    words = [len(row["tokenized_text"]) for row in trainer.rows]
    assert trainer.costs == costs.by_length(trainer.rows)
    assert trainer.costs.work == words


def test_windows_count_the_words_that_they_show(make_trainer):
    whole = make_trainer("task=ner", *EXACT, rows=4)
    rows = whole.rows.windows([0, 0], [0, 2], [2, 5])
    labels = whole.data_collator.collate.labels
    found = costs.of_entities(rows, whole.model, labels).tokens
    apart = costs.of_entities([dict(row) for row in rows], whole.model, labels).tokens
    assert found == apart
    assert found[0] < found[1] < whole.costs.tokens[0]


def test_grouped_rows_train_with_less_padding(make_trainer):
    def padding(*words):
        trainer = make_trainer("task=ner", *words, rows=64)
        cells = real = 0
        for batch in trainer.get_train_dataloader():
            cells, real = cells + batch["attention_mask"].numel(), real + int(batch["attention_mask"].sum())
        return 1 - real / cells

    assert padding(f"training.train_sampling_strategy={GROUPED}") < 0.5 * padding()
