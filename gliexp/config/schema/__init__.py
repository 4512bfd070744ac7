"""The typed config: one dataclass per section, and `register`, which puts it into Hydra's ConfigStore."""

from __future__ import annotations

from dataclasses import dataclass, field

from gliexp.config.schema.backbone import Backbone
from gliexp.config.schema.data import Data
from gliexp.config.schema.launch import Launch
from gliexp.config.schema.model import Model
from gliexp.config.schema.peft import Peft
from gliexp.config.schema.rl import Rl
from gliexp.config.schema.run import Run
from gliexp.config.schema.tracking import Tracking
from gliexp.config.schema.training import Training

SCHEMA_NAME = "gliexp_schema"


@dataclass
class Config:
    """Everything that one run is told."""

    run: Run = field(default_factory=Run)
    backbone: Backbone = field(default_factory=Backbone)
    model: Model = field(default_factory=Model)
    peft: Peft = field(default_factory=Peft)
    data: Data = field(default_factory=Data)
    training: Training = field(default_factory=Training)
    rl: Rl = field(default_factory=Rl)
    tracking: Tracking = field(default_factory=Tracking)
    launch: Launch = field(default_factory=Launch)


def register() -> None:
    """Store the schema where conf/config.yaml finds it (idempotent)."""
    from hydra.core.config_store import ConfigStore

    ConfigStore.instance().store(name=SCHEMA_NAME, node=Config, provider="gliexp")
