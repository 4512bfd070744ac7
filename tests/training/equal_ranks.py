"""Trains every kind of model for two epochs on nine rows, in as many processes as there are; one batch holds four rows.

Started with torchrun: PLACE KIND... ; the weights of each kind go to PLACE/KIND-PROCESSES.pt.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from torch import nn

from gliexp.config.compose import compose
from gliexp.data.splits import load
from gliexp.runs.families import family

BATCH = 4
SUMMED = ["training.loss_reduction=sum", "training.learning_rate=1e-2", "training.others_lr=1e-2"]
KINDS = {
    "span": ["task=ner"],
    "token": ["task=ner", "span_mode=token_level"],
    "grouped": ["task=ner", "training.train_sampling_strategy=group_by_length"],
    "workers": ["task=ner", "training.dataloader_num_workers=1"],
    "summed": ["task=ner", *SUMMED],
    "lora": ["task=ner", "peft=lora", "peft.lora_dropout=0"],
    "relex": ["task=relex"],
    "relex in tokens": ["task=relex", "span_mode=token_level"],
    "summed relex": ["task=relex", *SUMMED],
    "biencoder": ["task=biencoder"],
    "classifier": ["task=classification"],
    "rl": ["task=classification_rl", "rl.supervised_share=0.5", "rl.value_model=mlp"],
}


def main(place: Path, kinds: list[str]) -> None:
    ranks = int(os.environ["WORLD_SIZE"])
    for kind in kinds:
        words = [
            f"data.train_data={place / ('classes' if kind in ('classifier', 'rl') else 'entities')}.jsonl",
            "data.val_data=null",
            "data.test_data=null",
            "data.on_loss=warn",
            "training.use_cpu=true",
            "training.optim=sgd",
            "training.loss_reduction=mean",
            "training.learning_rate=1",
            "training.others_lr=1",
            "training.max_grad_norm=0",
            "training.num_train_epochs=2",
            "training.save_strategy=no",
            "training.eval_strategy=no",
            "training.load_best_model_at_end=false",
            "training.gradient_accumulation_steps=2",
            f"training.per_device_train_batch_size={BATCH // ranks}",
            *KINDS[kind],
        ]
        composed = compose(words)
        stages = family(composed.config.run.task).stages
        built = stages.build_model(composed)
        shown = stages.shown(composed, built, load(composed.config.data, composed.config.run.task, seed=42))
        trainer = stages.make_trainer(composed, built, shown, place / "checkpoints", [])
        assert trainer.accelerator.num_processes == ranks
        for module in trainer.model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
        trainer.train()
        after = trainer.accelerator.unwrap_model(trainer.model).state_dict()
        found = {"before": before, "after": after, "loss": trainer.state.log_history[-1]["train_loss"]}
        torch.save(found, place / f"{kind}-{ranks}-{os.environ['RANK']}.pt")
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
