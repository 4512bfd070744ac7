"""Scores of spans against labels without a vector for every span.

markerV0 takes a span from its first and last word: v = W2·drop(relu(a[start] + b[end])) + bias, and scores v·p for each
label p. So v·p = drop(relu(a + b))·(W2ᵀp) + bias·p: the second layer is multiplied once with each label of a row, and
not with each of words x max_width spans. What remains is a sum of two vectors a span, taken width by width, whose
starts and ends are slices of a row's words: nothing is gathered, and neither padding nor a span over the row's end is
computed.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable

from gliexp.models.algebra import WordwiseSpanMarker
from gliexp.models.fast import dropout, linear
from gliexp.models.fast.deferred import Deferred
from gliexp.models.fast.grid import Grid

SCORES = "BLKD,BCD->BLKC"
"""The product by which the library scores spans (gliner/modeling/base.py:553, 1625, 2891)."""


class _Scores(torch.autograd.Function):
    """(B, L, max_width, C) scores from starts and ends (words, H) and labels' weights (B, C, H)."""

    @staticmethod
    def forward(
        ctx: Any,
        starts: torch.Tensor,
        ends: torch.Tensor,
        labels: torch.Tensor,
        grid: Grid,
        hidden: torch.Tensor,
        probability: float,
    ) -> torch.Tensor:
        scores = starts.new_empty(len(grid.lengths), grid.words, grid.max_width, labels.shape[1])
        for row, further, start, end, place in grid.blocks():
            block = torch.add(starts[start], ends[end], out=hidden[place]).relu_()
            if probability:
                block.mul_(dropout.drawn(block.shape, probability))
            scores[row, : len(block), further] = block @ labels[row].t()
        real = grid.real().unsqueeze(-1)
        scores = torch.where(real, scores, scores[:, :1, :1])  # no span: as the library, the row's first word
        ctx.save_for_backward(starts, labels, hidden)
        ctx.grid, ctx.real, ctx.scale = grid, real, dropout.scale(probability)
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        starts, labels, hidden = ctx.saved_tensors
        first = gradient[:, 0, 0] + gradient.masked_fill(ctx.real, 0).sum(dim=(1, 2))
        of_starts, of_ends, of_labels = torch.zeros_like(starts), torch.zeros_like(starts), torch.zeros_like(labels)
        scaled = labels * ctx.scale
        for row, further, start, end, place in ctx.grid.blocks():
            block = hidden[place]
            received = gradient[row, : len(block), further]
            if not further:
                received = torch.cat([first[row].unsqueeze(0), received[1:]])
            of_labels[row].addmm_(received.t(), block)
            # a value that is positive passed the ReLU and was kept
            passed = torch.ops.aten.threshold_backward(received @ scaled[row], block, 0)
            of_starts[start] += passed
            of_ends[end] += passed
        return of_starts, of_ends, of_labels, None, None, None


class Spans(Deferred):
    """The spans of a batch before the last layer: what is asked of them is computed when it is asked.

    It stands where the library has their vectors (B, L, max_width, D). Scores are taken as above, vectors of single
    spans by themselves with the dropout that the scores had, and anything else on the whole tensor.
    """

    def __init__(self, layer: Any, words: torch.Tensor, grid: Grid) -> None:
        first = layer.out_project[0]
        width = words.shape[-1]
        real = torch.arange(grid.words) < torch.tensor(grid.lengths).unsqueeze(1)
        packed = words[real]
        self.layer, self.grid = layer, grid
        self.starts = linear.like(first, layer.project_start(packed).relu(), first.weight[:, :width], first.bias)
        self.ends = linear.like(first, layer.project_end(packed).relu(), first.weight[:, width:])
        self.shape = torch.Size([len(grid.lengths), grid.words, grid.max_width, width])
        self.hidden: torch.Tensor | None = None

    @property
    def probability(self) -> float:
        """Of dropout, now."""
        drop = self.layer.out_project[2]
        return float(drop.p) if drop.training else 0.0

    def scores(self, labels: torch.Tensor) -> torch.Tensor:
        """(B, L, max_width, C) of the labels (B, C, D)."""
        last = self.layer.out_project[3]
        wide = last.weight.shape[1]
        if labels.shape[1] * wide > last.weight.numel() + labels.shape[1] * self.shape[-1]:
            return torch.einsum(SCORES, self.vectors(), labels)
        self.hidden = self.starts.new_empty(self.grid.spans, wide)
        weights = labels @ last.weight
        scores: torch.Tensor = _Scores.apply(  # type: ignore[no-untyped-call]
            self.starts, self.ends, weights, self.grid, self.hidden, self.probability
        )
        constant: torch.Tensor = labels @ last.bias
        return scores + constant[:, None, None, :]

    def chosen(self, rows: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
        """Vectors (n, D) of cells (n) of the flat grid L*max_width, in rows (n)."""
        starts, further = cells // self.grid.max_width, cells % self.grid.max_width
        inside = starts + further < torch.tensor(self.grid.lengths)[rows]
        starts, further = starts * inside, further * inside
        place = self.grid.word_offsets()[rows] + starts
        values = (self.starts.index_select(0, place) + self.ends.index_select(0, place + further)).relu()
        if self.hidden is not None:
            kept = self.hidden.index_select(0, self.grid.span_offsets()[rows, further] + starts) > 0
            values = values * kept.to(values.dtype).mul_(dropout.scale(self.probability))
        else:
            values = self.layer.out_project[2](values)
        vectors: torch.Tensor = self.layer.out_project[3](values)
        return vectors

    def vectors(self) -> torch.Tensor:
        """All of them (B, L, max_width, D)."""
        rows = torch.arange(self.shape[0]).repeat_interleave(self.grid.words * self.grid.max_width)
        cells = torch.arange(self.grid.words * self.grid.max_width).repeat(self.shape[0])
        return self.chosen(rows, cells).view(self.shape)

    # -- where the library handles them as a tensor ----------------------------------------------------------------

    def size(self, dimension: int | None = None) -> Any:
        return self.shape if dimension is None else self.shape[dimension]

    def view(self, *sizes: int) -> Any:
        if sizes == (self.shape[0], -1, self.shape[-1]):
            return FlatSpans(self)
        return self.vectors().view(*sizes)

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        if function is torch.einsum and given[0] == SCORES and isinstance(given[1], Spans):
            return given[1].scores(given[2])
        return super().__torch_function__(function, types, given, named)


class FlatSpans(Deferred):
    """The same as (B, L*max_width, D), of which gliner picks entities (gliner/modeling/base.py:2871)."""

    def __init__(self, spans: Spans) -> None:
        self.spans = spans
        batch, words, width, hidden = spans.shape
        self.shape = torch.Size([batch, words * width, hidden])

    def new_zeros(self, *sizes: Any) -> torch.Tensor:
        return self.spans.starts.new_zeros(*sizes)

    def __getitem__(self, places: Any) -> torch.Tensor:
        if isinstance(places, tuple) and len(places) == 2 and all(_is_list(place) for place in places):
            return self.spans.chosen(*places)
        return self.vectors()[places]

    def vectors(self) -> torch.Tensor:
        """All of them."""
        return self.spans.vectors().view(self.shape)


def _is_list(place: Any) -> bool:
    return isinstance(place, torch.Tensor) and place.dim() == 1 and place.dtype == torch.long


class FoldedSpanMarker(WordwiseSpanMarker):
    """SpanMarkerV0 that leaves its last layer to whoever asks for scores, on float32 CPU words."""

    def forward(self, h: torch.Tensor, span_idx: torch.Tensor) -> Any:
        """Span representations (B, L, max_width, D), as a tensor or as `Spans`."""
        grid = Grid.of(span_idx, self.max_width) if linear.holds(h, self.out_project[0].weight) else None
        return Spans(self, h, grid) if grid is not None else super().forward(h, span_idx)
