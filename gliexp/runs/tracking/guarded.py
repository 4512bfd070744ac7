"""A tracker's integration from transformers, kept from ending the run."""

from __future__ import annotations

import logging
from typing import Any

from transformers import TrainerCallback
from transformers.integrations import get_reporting_integration_callbacks

logger = logging.getLogger("gliexp")


class Guarded(TrainerCallback):  # type: ignore[misc]  # transformers is not followed
    """Passes the events that trackers listen to on to `name`'s own callback, until it fails."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.error: str | None = None
        self.callback: Any = None

    def on_train_begin(self, *given: Any, **others: Any) -> None:
        self._pass("on_train_begin", given, others)

    def on_log(self, *given: Any, **others: Any) -> None:
        self._pass("on_log", given, others)

    def on_save(self, *given: Any, **others: Any) -> None:
        self._pass("on_save", given, others)

    def on_train_end(self, *given: Any, **others: Any) -> None:
        self._pass("on_train_end", given, others)

    def _pass(self, event: str, given: Any, others: Any) -> None:
        if self.error is not None:
            return
        try:
            if self.callback is None:
                (kind,) = get_reporting_integration_callbacks([self.name])
                self.callback = kind()
            getattr(self.callback, event)(*given, **others)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}".splitlines()[0]
            logger.exception("tracker %s", self.name)
