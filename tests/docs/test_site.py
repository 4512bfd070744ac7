"""The documentation builds as a site: with every page, and no link or anchor that leads nowhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = sorted(file.stem for file in (ROOT / "conf" / "experiment").glob("*.yaml"))


def test_it_builds_with_every_link_checked(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="mkdocs-material is not installed: pip install 'gliexp[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = {page.relative_to(tmp_path / "site").with_suffix("").as_posix() for page in tmp_path.rglob("*.html")}
    written = {page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    assert pages - {"404"} == written


def test_nothing_of_the_site_is_fetched_from_elsewhere() -> None:
    theme = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["theme"]
    assert theme["font"] is False


def test_every_experiment_has_its_recipe_and_every_recipe_its_experiment() -> None:
    recipes = {page.stem for page in (ROOT / "docs" / "recipes").glob("*.md")} - {"index"}
    assert recipes == {name for name in EXPERIMENTS if not name.endswith("_debug")}
    for name in recipes:
        assert f"experiment={name} " in (ROOT / "docs" / "recipes" / f"{name}.md").read_text()
