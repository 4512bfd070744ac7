"""The last touches on a composed config: its name, its true backbone, and old keys carried to today's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf, open_dict

from gliexp.config import legacy
from gliexp.config.groups import Groups
from gliexp.config.report import DERIVED, Report, Step
from gliexp.config.request import EXPERIMENT, Request
from gliexp.config.schema.run import CLASSIFICATION_TASKS


def with_backbone_of_model(wanted: Request, groups: Groups, report: Report) -> Request:
    """Choose the backbone whose model_name the user wrote, when no backbone was chosen.

    A config that names only `model.model_name` would otherwise get the rates and LoRA targets of another encoder.
    """
    if "backbone" in wanted.named_groups:
        return wanted
    name = _model_name_of(wanted, groups)
    if name is None:
        return wanted
    for option, file in groups.files["backbone"].items():
        if _yaml(file).get("model_name") == name:
            report.note(f"model.model_name is {name}: backbone={option} is chosen with it")
            report.choosers["backbone"] = "model.model_name"
            # Not among the named groups: the experiment's own keys go on outweighing it.
            return replace(wanted, overrides=(f"backbone={option}", *wanted.overrides))
    return wanted


def settle(config: DictConfig, report: Report) -> None:
    """Fill in what follows from the rest of the config (in place)."""
    name = OmegaConf.select(config, "model.model_name")
    with open_dict(config):
        legacy.carry(config, report)
        _settle_backbone(config, name, report)
        _settle_name(config, report)


def _settle_backbone(config: DictConfig, name: Any, report: Report) -> None:
    backbone = config.backbone
    if name in (backbone.model_name, backbone.causal) or name is None:
        return
    built_in = backbone.source == "built_in"
    if built_in:
        backbone.source = "hub"
        backbone.name = str(name).rsplit("/", 1)[-1]
        backbone.attention_modules = []
        backbone.mlp_modules = []
        for key in ("source", "name", "attention_modules", "mlp_modules"):
            _derived(report, f"backbone.{key}", getattr(backbone, key), "model.model_name")
        report.note(f"model.model_name {name} is no known backbone: rates are those of {backbone.model_name}")
    backbone.model_name = name
    _derived(report, "backbone.model_name", name, "model.model_name")


def _settle_name(config: DictConfig, report: Report) -> None:
    if config.run.name is not None:
        return
    experiment = report.choices.get("experiment")
    if experiment:
        config.run.name = Path(experiment).stem
        report.record(
            "run.name", Step("", config.run.name, explicit=False, layer=DERIVED, note="the experiment's name")
        )
        return
    kind = "model.architecture_type" if config.run.task in CLASSIFICATION_TASKS else "model.span_mode"
    reads = ["backbone.name", kind, *(["peft.method"] if config.peft.enabled else [])]
    config.run.name = "-".join(str(OmegaConf.select(config, key)) for key in reads)
    _derived(report, "run.name", config.run.name, *reads)


def _derived(report: Report, key: str, value: Any, *reads: str) -> None:
    """Note in a key's chain that its value follows from other keys."""
    plain = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
    report.record(key, Step("", plain, explicit=False, layer=DERIVED, note=f"from {', '.join(reads)}", reads=reads))


def _model_name_of(wanted: Request, groups: Groups) -> str | None:
    """model.model_name as the user wrote it: on the command line, else in the experiment."""
    name: str | None = None
    for override in wanted.overrides:
        key, _, value = override.partition("=")
        if key == EXPERIMENT:
            plain = value.strip("'")
            file = Path(plain) if plain.endswith((".yaml", ".yml")) else groups.files["experiment"].get(plain)
            content = _yaml(file) if file is not None and file.is_file() else {}  # in a sweep it may be several
            model = content.get("model")
            name = name or (model.get("model_name") if isinstance(model, dict) else None)
            if any("backbone" in str(entry) for entry in content.get("defaults") or []):
                return None
    for override in wanted.overrides:
        key, _, value = override.partition("=")
        if key == "model.model_name":
            name = value.strip("'\"")
    return name


def _yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return {}  # reported with its line where the file is composed
    return content if isinstance(content, dict) else {}
