"""Adapters on the backbones of a model: put on by role, saved with what else was trained, loaded, merged."""

from gliexp.models.adapters.base import Base
from gliexp.models.adapters.combine import combine
from gliexp.models.adapters.directory import load, save
from gliexp.models.adapters.files import find
from gliexp.models.adapters.wrap import Adapted, is_adapted, merge, wrap

__all__ = ["Adapted", "Base", "combine", "find", "is_adapted", "load", "merge", "save", "wrap"]
