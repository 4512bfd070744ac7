from hypothesis import given
from hypothesis import strategies as st

from gliexp.data.spread import Spread


@given(st.lists(st.integers(0, 50), min_size=1), st.sampled_from([50, 95, 99]))
def test_a_percentile_is_the_smallest_number_that_covers_the_share(numbers: list[int], share: int) -> None:
    spread = Spread()
    for number in numbers:
        spread.add(number)
    found = spread.percentile(share)
    covered = sum(number <= found for number in numbers)
    below = sum(number < found for number in numbers)
    assert found in numbers
    assert covered * 100 >= share * len(numbers)
    assert below * 100 < share * len(numbers)
    assert spread.above(found) == len(numbers) - covered


def test_nothing_counted_gives_zeros() -> None:
    assert Spread().figures() == {"total": 0, "min": 0, "p50": 0, "p95": 0, "p99": 0, "max": 0}
