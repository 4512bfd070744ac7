from __future__ import annotations

from random import Random

from gliexp.data.stratify import draw


def test_every_label_keeps_its_share() -> None:
    random = Random(1)
    chances = {"common": 0.9, "usual": 0.5, "rare": 0.05}
    rows = [{label for label, chance in chances.items() if random.random() < chance} for _ in range(2000)]
    for seed in range(5):
        drawn = draw(rows, 200, Random(seed))
        assert len(drawn) == 200
        for label in chances:
            total = sum(label in row for row in rows)
            assert abs(sum(label in rows[index] for index in drawn) - total / 10) <= 1


def test_rare_labels_stay_and_the_rest_is_drawn_by_the_seed() -> None:
    rows = [{"once"}, *({"thrice"} for _ in range(3)), *(set[str]() for _ in range(96))]
    drawn = [draw(rows, 10, Random(seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(len(rows_drawn) == 10 and not rows_drawn & {0, 1, 2, 3} for rows_drawn in drawn)
    assert draw(rows, 0, Random(1)) == set()
    assert draw([], 0, Random(1)) == set()
