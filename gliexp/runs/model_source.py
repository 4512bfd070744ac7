"""A model that a command names: a run, an adapter, a saved model or a repository; found and opened."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gliexp.errors import Problem, Refusal
from gliexp.models.usage import Usage

GLINER, GLICLASS = "gliner", "gliclass"
ADAPTER_FILE = "gliexp_adapter.json"
ALLOWED = "a run, an adapter, a saved GLiNER or GLiClass, or a hub repository (owner/name)"


@dataclass(frozen=True)
class ModelSource:
    """Where the model is and what it is: `name` as it was given, `run` its run directory if it is known."""

    name: str
    place: Path
    library: str
    is_adapter: bool = False
    run: Path | None = None

    @property
    def usage(self) -> Usage:
        """How the model is meant to be asked; the defaults where it does not say."""
        return Usage.read(self.place) or Usage()

    def usage_with(self, labels_at_once: int | None) -> Usage:
        """The same with at most so many labels in a question. Raises Refusal for a GLiNER, asked by its room."""
        if labels_at_once is None:
            return self.usage
        if self.library != GLICLASS:
            raise Refusal([Problem("--labels-at-once", f"{self.name} is a GLiNER", "only with a GLiClass")])
        return replace(self.usage, labels_at_once=labels_at_once)

    def open(self, *, trust_remote_code: bool = False) -> Any:
        """The model in eval mode on CPU: a GLiNER or a Classifier, with its adapters merged. Raises Refusal."""
        try:
            if self.is_adapter:
                from gliexp.models import adapters

                made = adapters.load(self.place, trust_remote_code=trust_remote_code)
                return self._described(adapters.merge(made.model))
            if self.library == GLICLASS:
                from gliexp.models import gliclass

                return gliclass.load(self.place, trust_remote_code=trust_remote_code)
            from gliexp.models import gliner

            return self._described(gliner.load(self.place, trust_remote_code=trust_remote_code))
        except Refusal as refusal:
            raise Refusal([replace(problem, key=self.name) for problem in refusal.problems]) from refusal

    def _described(self, model: Any) -> Any:
        """The model reading the descriptions that it was trained with."""
        from gliexp.models.descriptions import describe

        if self.library != GLICLASS:
            describe(model, self.usage.label_descriptions)
        return model


def find(word: str) -> ModelSource:
    """What `word` names. Raises Refusal where it is nothing that can be opened."""
    given = Path(word).expanduser()
    if given.is_dir():
        return _in_directory(word, given)
    if given.exists():
        raise _refused(word, "is a file, not a model's directory")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", word):
        beside = [str(path) for path in given.parent.iterdir()] if given.parent.is_dir() else []
        near = difflib.get_close_matches(str(given), beside, n=1)
        raise _refused(word, "there is no such directory", nearest="".join(near))
    return _in_directory(word, _fetched(word))


def _fetched(word: str) -> Path:
    from huggingface_hub import snapshot_download

    from gliexp.models.pretrained import first_line

    repository, _, revision = word.partition("@")
    try:
        return Path(snapshot_download(repository, revision=revision or None))
    except (OSError, ValueError) as error:
        message = f"is no directory, and cannot be fetched from the hub: {first_line(error)}"
        raise _refused(word, message) from error


def _in_directory(word: str, given: Path) -> ModelSource:
    if (given / "run.json").is_file():
        for place in (given / "model", given / "adapter"):
            found = _known(word, place, given)
            if found is not None:
                return found
        raise _refused(word, f"the run has saved no model ({_status(given)})", f"one of its checkpoints, or {ALLOWED}")
    run = next((parent for parent in (given.parent, given.parent.parent) if (parent / "run.json").is_file()), None)
    found = _known(word, given, run)
    if found is not None:
        return found
    if (given / "adapter_config.json").is_file():
        allowed = "the adapter/ of a run, or the model with the adapter merged"
        raise _refused(word, "is one peft adapter alone, without the heads that trained beside it", allowed)
    raise _refused(word, "is no saved model: it has no gliner_config.json, config.json of a GLiClass or adapter")


def _known(word: str, place: Path, run: Path | None) -> ModelSource | None:
    if (place / ADAPTER_FILE).is_file():
        # what is wrong with the description is said when it is opened
        library = GLICLASS if (place / "config.json").is_file() else GLINER
        return ModelSource(word, place, library, is_adapter=True, run=run)
    if (place / "gliner_config.json").is_file():
        return ModelSource(word, place, GLINER, run=run)
    file = place / "config.json"
    if not file.is_file():
        return None
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refused(word, f"{file} is damaged: {error}") from error
    if isinstance(config, dict) and str(config.get("model_type")).lower() == "gliclass":
        return ModelSource(word, place, GLICLASS, run=run)
    kind = config.get("model_type") if isinstance(config, dict) else None
    raise _refused(word, f"is neither a GLiNER nor a GLiClass: config.json says model_type {kind!r}")


def _status(run: Path) -> str:
    try:
        return f"it is {json.loads((run / 'run.json').read_text(encoding='utf-8'))['status']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its run.json is damaged"


def _refused(word: str, message: str, allowed: str = ALLOWED, nearest: str = "") -> Refusal:
    return Refusal([Problem(word, message, allowed, nearest=nearest)])
