"""The config groups and their options, as directories and files: the project's conf/ and any a user adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Spellings of the library and of older documents for options of span_mode.
SPAN_MODE_SPELLINGS = {
    "markerv0": "marker_v0",
    "markerv1": "marker_v1",
    "markerv2": "marker_v2",
    "marker": "marker_v0",
    "token": "token_level",
    "tokenlevel": "token_level",
}
SEVERAL = ("tracking",)
"""Groups of which several options may be chosen at once: group=[a,b]."""
# Other words that people use for a group.
GROUP_NAMES = {
    "lora": "peft",
    "adapter": "peft",
    "model": "backbone",
    "encoder": "backbone",
    "base_model": "backbone",
    "optim": "optimizer",
    "optimiser": "optimizer",
    "exp": "experiment",
    "recipe": "experiment",
    "dataset": "data",
    "tracker": "tracking",
    "logger": "tracking",
    "launcher": "launch",
}


@cache
def conf_directory() -> Path:
    """conf/ of the checkout, or the copy inside an installed package."""
    package = Path(__file__).resolve().parent.parent
    for directory in (package.parent / "conf", package / "conf"):
        if (directory / "config.yaml").is_file():
            return directory
    raise FileNotFoundError(f"no conf/config.yaml beside or inside {package}")


@dataclass(frozen=True)
class Groups:
    """Group name → option name → file; as in Hydra, conf/ goes before a directory of the user."""

    files: dict[str, dict[str, Path]]

    @classmethod
    def read(cls, directories: Sequence[Path] = ()) -> Groups:
        """The groups of conf/, then those of the given directories."""
        files: dict[str, dict[str, Path]] = {}
        for directory in (conf_directory(), *directories):
            for file in sorted((*directory.glob("*/**/*.yaml"), *directory.glob("*/**/*.yml"))):
                group = file.parent.relative_to(directory).as_posix()
                files.setdefault(group, {}).setdefault(file.stem, file)
        files.setdefault("experiment", {})
        return cls(files)

    def __contains__(self, name: object) -> bool:
        return name in self.files

    def names(self) -> tuple[str, ...]:
        """All group names but Hydra's own."""
        return tuple(name for name in self.files if not name.startswith("hydra"))

    def options(self, group: str) -> tuple[str, ...]:
        """The options of one group, sorted."""
        return tuple(sorted(self.files.get(group, ())))

    def spelling(self, group: str, option: str) -> str:
        """The option that a deviating spelling means, or the option itself."""
        if option in self.files.get(group, ()):
            return option
        plain = option.lower().replace("-", "").replace("_", "")
        if group == "span_mode" and plain in SPAN_MODE_SPELLINGS:
            return SPAN_MODE_SPELLINGS[plain]
        for known in self.files.get(group, ()):
            if known.lower().replace("-", "").replace("_", "") == plain:
                return known
        return option
