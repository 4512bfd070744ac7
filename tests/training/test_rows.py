from gliexp.training.rows import Draw, EpochSampler, TrainingRows


def test_each_epoch_is_its_own_permutation_of_every_row():
    sampler = EpochSampler([1] * 50, seed=7)
    orders = []
    for epoch in (0, 1):
        sampler.set_epoch(epoch)
        draws = list(sampler)
        assert {draw.epoch for draw in draws} == {epoch}
        assert sorted(draw.number for draw in draws) == list(range(50))
        orders.append([draw.number for draw in draws])
    assert orders[0] != orders[1]


def test_order_is_a_function_of_seed_and_epoch_alone():
    first, second, other = EpochSampler([1] * 50, 7), EpochSampler([1] * 50, 7), EpochSampler([1] * 50, 8)
    list(first)  # an earlier pass leaves no trace
    assert list(first) == list(second)
    assert list(first) != list(other)


def test_grouping_by_length_keeps_every_row_and_narrows_batches():
    lengths = [(7 * index) % 101 for index in range(400)]
    sampler = EpochSampler(lengths, seed=1, batch_size=8)
    indices = [draw.number for draw in sampler]
    assert sorted(indices) == list(range(400))

    def padding(order: list[int]) -> int:
        batches = [[lengths[index] for index in order[start : start + 8]] for start in range(0, 400, 8)]
        return sum(max(batch) * len(batch) - sum(batch) for batch in batches)

    assert padding(indices) < padding([draw.number for draw in EpochSampler(lengths, seed=1)]) / 5


def test_a_row_carries_its_draw():
    rows = TrainingRows([{"tokenized_text": ["a"]}, {"tokenized_text": ["b"]}])
    drawn = rows[Draw(epoch=3, number=1)]
    assert drawn.draw == (3, 1)
    assert drawn.row == {"tokenized_text": ["b"]}
