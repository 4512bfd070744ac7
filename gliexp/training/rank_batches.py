"""Batches of several processes: what one process would put into one batch, dealt out to all of them.

accelerate deals whole batches, repeats rows where an epoch does not fill the last ones (so that they count twice), and
forgets the epoch where a resumed run skips batches: its order is then that of epoch 0 (accelerate/data_loader.py:630
looks for the sampler one level higher than it is).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from accelerate.data_loader import prepare_data_loader
from torch.utils.data import DataLoader, Sampler
from transformers.trainer_utils import seed_worker

from gliexp.training.batches import Batches
from gliexp.training.micro_batches import split
from gliexp.training.rows import Draw


class RankBatches(Sampler[list[Draw]]):
    """One rank's share of each batch; shares differ by at most one row.

    A rank that has no row of a small batch gets a filler.
    """

    def __init__(self, batches: Batches, rank: int, ranks: int) -> None:
        self.batches = batches
        self.rank = rank
        self.ranks = ranks

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the batches."""
        self.batches.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[Draw]]:
        for whole in self.batches:
            shares = split(range(len(whole)), self.ranks)
            if self.rank < len(shares):
                yield [whole[place] for place in shares[self.rank]]
            else:
                yield [whole[0]._replace(filler=True)]


def loader(batches: Sampler[list[Draw]], rows: Any, collate: Any, args: Any) -> Any:
    """The training loader of one process, by the loader settings of HF's TrainingArguments."""
    made = DataLoader(
        rows,
        batch_sampler=batches,
        collate_fn=collate,
        num_workers=args.dataloader_num_workers,
        pin_memory=args.dataloader_pin_memory,
        persistent_workers=args.dataloader_persistent_workers,
        prefetch_factor=args.dataloader_prefetch_factor,
        multiprocessing_context=args.dataloader_multiprocessing_context,
        in_order=args.dataloader_in_order,
        worker_init_fn=partial(seed_worker, num_workers=args.dataloader_num_workers, rank=args.process_index),
    )
    # accelerate's loader, which tells the end of an epoch to gradient accumulation; nothing is left to deal out
    return prepare_data_loader(made, device=args.device, num_processes=1, process_index=0, put_on_device=False)
