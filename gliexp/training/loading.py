"""How a trainer comes to its batches; goes in front of a trainer of the HF family, as a part of Strict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliexp.training.batches import Batches, Costs
from gliexp.training.rank_batches import RankBatches, loader


class Loading:
    """Loads the batches that `Batches` makes of the rows' `costs`; with `max_batch_tokens` by that budget."""

    args: Any
    accelerator: Any
    train_dataset: Any
    data_collator: Any
    costs: Costs
    max_batch_tokens: int | None
    batches: Batches | None = None

    def get_train_dataloader(self) -> Any:
        """The loader of an epoch's batches; of several processes each gets its share of every batch."""
        args = self.args
        self.batches = Batches(
            self.costs,
            args.seed if args.data_seed is None else args.data_seed,
            self._train_batch_size,  # type: ignore[attr-defined]
            strategy=args.train_sampling_strategy,
            budget=self.max_batch_tokens,
            world=args.world_size,
            drop_last=args.dataloader_drop_last,
        )
        shares = RankBatches(self.batches, args.process_index, args.world_size)
        return loader(shares, self.train_dataset, self.data_collator, args)

    def _run_epoch(self, *args: Any, epoch: int, **options: Any) -> None:
        """The loop's epoch, whose number the batches are told here.

        accelerate does not find them behind what skips an interrupted epoch's batches (data_loader.py:622, set_epoch).
        """
        if self.batches is not None:
            self.batches.set_epoch(epoch)
        super()._run_epoch(*args, epoch=epoch, **options)  # type: ignore[misc]

    def longest_batch(self) -> list[int]:
        """Numbers of the costliest rows that one batch can hold."""
        size = self.args.per_device_train_batch_size
        if self.max_batch_tokens is not None:
            size = max(1, self.max_batch_tokens // max(self.costs.tokens))
        return sorted(range(len(self.costs)), key=lambda number: -self.costs.work[number])[:size]


def most_rows(costs: Costs, batch_size: int, budget: int | None) -> int:
    """The most rows that a batch can have."""
    shortest: Sequence[int] = costs.tokens or [1]
    return batch_size if budget is None else max(1, budget // max(1, min(shortest)))
