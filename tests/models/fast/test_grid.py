import torch

from gliexp.models.fast.grid import Grid

WORDS, MAX_WIDTH = 6, 3


def library_grid(lengths: list[int]) -> torch.Tensor:
    """Every (start, start + k), (0, 0) where it ends beyond the row."""
    grid = torch.tensor([[(start, start + k) for start in range(WORDS) for k in range(MAX_WIDTH)]] * len(lengths))
    return grid * (grid[..., 1] < torch.tensor(lengths).view(-1, 1)).unsqueeze(-1)


def test_blocks_hold_every_span_once_at_its_words():
    lengths = [6, 2, 4]
    grid = Grid.of(library_grid(lengths), MAX_WIDTH)
    offsets, found = [0, 6, 8], []
    for row, further, starts, ends, place in grid.blocks():
        assert place == slice(len(found), len(found) + starts.stop - starts.start)
        assert ends.stop - ends.start == starts.stop - starts.start
        first = range(starts.start - offsets[row], starts.stop - offsets[row])
        assert ends.start - starts.start == further
        found += [(row, start, start + further) for start in first]
    expected = {(row, i, j) for row, n in enumerate(lengths) for i in range(n) for j in range(i, min(i + MAX_WIDTH, n))}
    assert len(found) == len(expected) == grid.spans == int(grid.real().sum())
    assert set(found) == expected
    assert grid.word_offsets().tolist() == offsets
    for place, (row, start, end) in enumerate(found):
        assert int(grid.span_offsets()[row, end - start]) + start == place


def test_a_row_without_words_keeps_its_first_cell_as_in_the_library():
    assert Grid.of(library_grid([6, 0]), MAX_WIDTH).lengths == [6, 1]


def test_spans_in_another_order_are_no_grid():
    assert Grid.of(library_grid([6, 4]).flip(1), MAX_WIDTH) is None
