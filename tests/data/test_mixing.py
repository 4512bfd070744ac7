from __future__ import annotations

from collections import Counter

from gliexp.data.mixing import mixed


def test_weights_repeat_and_thin_out() -> None:
    weights = [1.0] * 10 + [2.5] * 10 + [0.3] * 10
    taken = mixed(weights, 1)
    counts = Counter(taken)
    assert [counts[index] for index in range(10)] == [1] * 10
    assert Counter(counts[index] for index in range(10, 20)) == {2: 5, 3: 5}
    assert Counter(counts[index] for index in range(20, 30)) == {0: 7, 1: 3}
    assert taken == mixed(weights, 1) != mixed(weights, 2)
    assert taken == sorted(taken)
