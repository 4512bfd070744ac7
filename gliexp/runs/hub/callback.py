"""Uploads each checkpoint that training saves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from gliexp.runs.hub import contents
from gliexp.runs.hub.uploads import Uploads


class UploadOnSave(TrainerCallback):  # type: ignore[misc]  # transformers is not followed
    """Hands every saved checkpoint to `uploads`; `strategy` is training.hub_strategy."""

    def __init__(self, uploads: Uploads, strategy: str) -> None:
        self.uploads = uploads
        self.strategy = strategy

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and self.strategy != "end" and checkpoint.is_dir():
            best = Path(state.best_model_checkpoint) if state.best_model_checkpoint else None
            files = contents.of_checkpoint(checkpoint, self.strategy, best)
            self.uploads.put(f"step {state.global_step}", files)
