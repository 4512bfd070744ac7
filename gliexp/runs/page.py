"""Pages for people: one file each, filled from a template beside this module, that asks nothing of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from gliexp.config import secrets


def render(template: str, **values: Any) -> str:
    """The page of a template. Values cannot become markup; known secrets are masked."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
    )
    return secrets.scrub_file(environment.get_template(template).render(**values))
