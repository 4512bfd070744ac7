"""The fields that gliclass.training.TrainingArguments adds to those it shares with gliner's."""

from __future__ import annotations

from dataclasses import dataclass

from gliexp.config.schema.key import GLICLASS_TRAIN, key


@dataclass
class GliclassArguments:
    """Under the library's names, with its defaults."""

    recurrent_lr: float | None = key(
        None, "Learning rate of decoder-kv's reasoning cell; null takes others_lr", GLICLASS_TRAIN, minimum=0
    )
    use_ewc: bool = key(False, "Hold weights that data.previous_data needs near where they were (EWC)", GLICLASS_TRAIN)
    ewc_lambda: float = key(100.0, "How firmly they are held", GLICLASS_TRAIN, minimum=0)
    ewc_fisher_samples: int | None = key(
        None, "Rows of data.previous_data that say which weights are needed; null is all", GLICLASS_TRAIN, minimum=1
    )
    ewc_normalize_fisher: bool = key(True, "Count what is needed most as 1", GLICLASS_TRAIN)
    ewc_gamma: float = key(
        0.95, "Decay of earlier tasks; gliclass reads it nowhere", GLICLASS_TRAIN, minimum=0, maximum=1
    )
    save_optimizer_state: bool = key(
        True, "False is save_only_model=true: checkpoints that no run can go on from", GLICLASS_TRAIN
    )
