"""The options of groups that imported settings stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from gliexp.config.groups import Groups
from gliexp.config.importing.reading import ADAPTER_CONFIG, GLICLASS_CONFIG, Source

DEFAULTS = {"task": "ner", "backbone": "tiny", "span_mode": "marker_v0", "peft": "none", "tracking": "none"}
"""The groups that an import may choose, with what is chosen without it."""
SAID_BY_GROUP = {
    "task": ("run.task",),
    "backbone": ("model.model_name",),
    "span_mode": ("model.span_mode",),
    "peft": ("peft.enabled", "peft.method"),
    "tracking": ("training.report_to",),
}


def options(source: Source, values: Mapping[str, Any], groups: Groups) -> dict[str, str]:
    """The options of groups that the values stand for, without those that are chosen anyway."""
    chosen = {"task": _task(source, values)}
    chosen["backbone"] = _backbone(values.get("model.model_name"), groups)
    span_mode = values.get("model.span_mode")
    if span_mode is not None and groups.spelling("span_mode", span_mode) in groups.files["span_mode"]:
        chosen["span_mode"] = groups.spelling("span_mode", span_mode)
    if values.get("peft.enabled") or source.kind == ADAPTER_CONFIG:
        chosen["peft"] = _method(values)
    reports = values.get("training.report_to")
    tracker = reports[0] if isinstance(reports, list) and len(reports) == 1 else reports
    if isinstance(tracker, str) and tracker in groups.files["tracking"]:
        chosen["tracking"] = tracker
    return {group: option for group, option in chosen.items() if option not in ("", DEFAULTS[group])}


def _task(source: Source, values: Mapping[str, Any]) -> str:
    if values.get("run.task"):
        return str(values["run.task"])
    if source.kind == GLICLASS_CONFIG:
        return "classification"
    if "streaming" in str(source.content.get("model_type", "")):
        return "streaming"
    # The order in which gliner picks its class (gliner/model.py, _get_gliner_class).
    for key, task in (("relations_layer", "relex"), ("labels_decoder", "decoder"), ("labels_encoder", "biencoder")):
        if values.get(f"model.{key}") is not None:
            return task
    return "ner"


def _backbone(name: Any, groups: Groups) -> str:
    for option, file in groups.files["backbone"].items():
        if name is not None and yaml.safe_load(file.read_text(encoding="utf-8")).get("model_name") == name:
            return option
    return ""


def _method(values: Mapping[str, Any]) -> str:
    method = str(values.get("peft.method") or "lora")
    if method == "lora" and values.get("peft.use_dora"):
        return "dora"
    return "rslora" if method == "lora" and values.get("peft.use_rslora") else method


def said(chosen: Mapping[str, str]) -> set[str]:
    """The keys that the chosen options say."""
    return {key for group in chosen for key in SAID_BY_GROUP[group]}
