"""Hydra's config loader with this project's rules: every file's keys are checked and their origin is kept.

Hydra's own loader stops at the first error, merges an experiment after the groups, and keeps tokens. This one reads all
overrides and files first, drops what is wrong (to the report), lets a group named on the command line outweigh the
experiment, and leaves marks where tokens stood. Everything that composes goes through it: `compose`, `--cfg`, runs and
the members of a sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, IConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.default_element import GroupDefault, InputDefault, ResultDefault
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from gliexp.config import keys, request, resolvers, schema, secrets, settle
from gliexp.config.groups import Groups, conf_directory
from gliexp.config.lines import line_of
from gliexp.config.report import Report, Step
from gliexp.errors import Problem, Refusal

CONFIG_NAME = "config"


def search_path(directories: Sequence[Path] = ()) -> ConfigSearchPath:
    """Hydra's search path: conf/, then the given directories, then the schema."""
    path = create_config_search_path(f"file://{conf_directory()}")
    for directory in directories:
        path.get_path().insert(-1, _element(directory))
    return path


def _element(directory: Path) -> Any:
    from hydra.core.config_search_path import SearchPathElement

    return SearchPathElement("command-line", f"file://{directory}")


class Sources(CachingConfigRepository):
    """Hydra's repository, in which an experiment may also be any YAML file and wrong defaults entries are reported."""

    def __init__(self, delegate: IConfigRepository, groups: Groups, report: Report) -> None:
        super().__init__(delegate)
        self.groups = groups
        self.report = report

    def load_config(self, config_path: str) -> ConfigResult | None:
        """One file's content; a file that is no YAML mapping counts as empty and is reported."""
        if config_path in self.cache:
            return self.cache[config_path]
        file = experiment_file(config_path)
        try:
            loaded = self._load_file(file, config_path) if file else super().load_config(config_path)
        except yaml.YAMLError as error:
            loaded = self._unreadable(file or self.file_of(config_path), error)
        if loaded is not None and not loaded.is_schema_source and not config_path.startswith("hydra"):
            self._check_defaults(loaded, config_path)
        self.cache[config_path] = loaded
        return loaded

    def config_exists(self, config_path: str) -> bool:
        """Whether there is such a config, files outside the search path included."""
        return experiment_file(config_path) is not None or super().config_exists(config_path)

    def file_of(self, config_path: str) -> Path:
        """The file that a config path names."""
        outside = experiment_file(config_path)
        if outside is not None:
            return outside
        group, _, option = config_path.rpartition("/")
        return self.groups.files.get(group, {}).get(option, conf_directory() / f"{config_path}.yaml")

    def _load_file(self, file: Path, config_path: str) -> ConfigResult:
        source = FileConfigSource("experiment", f"file://{file.parent}")
        loaded = source.load_config(file.name)
        raw = self.delegate._extract_defaults_list(config_path, loaded.config)  # type: ignore[attr-defined]
        loaded.defaults_list = self.delegate._create_defaults_list(config_path, raw)  # type: ignore[attr-defined]
        return loaded

    def _unreadable(self, file: Path, error: yaml.YAMLError) -> ConfigResult:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        self.report.refuse(Problem(file.name, f"not valid YAML: {getattr(error, 'problem', error)}", where=where))
        return ConfigResult("file", f"file://{file.parent}", OmegaConf.create({}), {"package": None}, [])

    def _check_defaults(self, loaded: ConfigResult, config_path: str) -> None:
        """Drop defaults entries that name no group or option; Hydra would stop at the first."""
        entries = loaded.defaults_list or []
        loaded.defaults_list = [entry for entry in entries if self._entry_is_known(entry, config_path)]

    def _entry_is_known(self, entry: InputDefault, config_path: str) -> bool:
        if not isinstance(entry, GroupDefault) or not isinstance(entry.value, str) or config_path == CONFIG_NAME:
            return True
        group = (entry.group or "").lstrip("/")
        if group.startswith("hydra"):
            return True
        where = f"{self.file_of(config_path)}:{line_of(self.file_of(config_path), 'defaults')}"
        if group not in self.groups:
            near = keys.nearest(group, self.groups.names())
            self.report.refuse(Problem(group, "unknown group in the defaults list", where=where, nearest=near))
            return False
        meant = self.groups.spelling(group, entry.value)
        if meant not in self.groups.files[group]:
            allowed = ", ".join(self.groups.options(group))
            self.report.refuse(Problem(group, f"no option {entry.value!r}", allowed=allowed, where=where))
            return False
        entry.value = meant
        return True


def experiment_file(config_path: str) -> Path | None:
    """The file behind `experiment=/some/file.yaml`, or None for a config on the search path."""
    if not config_path.startswith("experiment//"):
        return None
    file = Path(config_path[len("experiment/") :])
    return file if file.is_file() else None


class Loader(ConfigLoaderImpl):
    """Composes, checking every key on the way.

    `report` is that of the latest composition and `ready` its config, which is handed out once when Hydra asks for the
    same again: it then need not compose a second time.
    """

    def __init__(self, directories: Sequence[Path] = (), path: ConfigSearchPath | None = None) -> None:
        schema.register()
        resolvers.register()
        self.directories = tuple(directories)
        self.groups = Groups.read(self.directories)
        self.report = Report()
        self.named_groups: frozenset[str] = frozenset()
        self.opened: frozenset[str] = frozenset()
        self.ready: DictConfig = OmegaConf.create()
        self._ready_for: tuple[str | None, tuple[str, ...], RunMode] | None = None
        super().__init__(path or search_path(self.directories))

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        """Hydra's entry: the composed config, or a Refusal with all that is wrong in overrides and files."""
        if config_name is None:  # Hydra's own help composes nothing of ours
            return super().load_configuration(None, overrides, run_mode, from_shell, validate_sweep_overrides)
        if self._ready_for == (config_name, tuple(overrides), run_mode):
            self._ready_for = None
            return self.ready
        config = self.collect(config_name, overrides, run_mode, from_shell, validate_sweep_overrides)
        if self.report.problems:
            raise Refusal(self.report.problems)
        return config

    def collect(
        self,
        config_name: str | None,
        overrides: Sequence[str],
        run_mode: RunMode = RunMode.RUN,
        from_shell: bool = False,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        """The config composed of whatever is right; what is wrong stands in `report`."""
        self.report = Report()
        wanted = request.read(overrides, self.groups, self.report, sweep=run_mode == RunMode.MULTIRUN)
        wanted = settle.with_backbone_of_model(wanted, self.groups, self.report)
        self.named_groups = wanted.named_groups
        self.opened = wanted.opened
        config = super().load_configuration(
            config_name, list(wanted.overrides), run_mode, from_shell, validate_sweep_overrides
        )
        chosen = {str(group).split("@")[0]: option for group, option in config.hydra.runtime.choices.items()}
        self.report.choices = {group: option for group, option in chosen.items() if not group.startswith("hydra")}
        self.report.command_line_last()
        secrets.mask(config)
        settle.settle(config, self.report)
        self.ready = config
        self._ready_for = None if self.report.problems else (config_name, tuple(overrides), run_mode)
        return config

    def _parse_overrides_and_create_caching_repo(
        self, config_name: str | None, overrides: list[str]
    ) -> tuple[list[Override], CachingConfigRepository]:
        parsed, repository = super()._parse_overrides_and_create_caching_repo(config_name, overrides)
        sources = Sources(repository.delegate, self.groups, self.report)
        return parsed, sources

    def compute_defaults_list(self, config_name: str | None, overrides: list[str], run_mode: RunMode) -> Any:
        """Hydra's `--info defaults`, in the order that is really merged."""
        wanted = request.read(overrides, self.groups, self.report, sweep=run_mode == RunMode.MULTIRUN)
        self.named_groups = wanted.named_groups
        found = super().compute_defaults_list(config_name, list(wanted.overrides), run_mode)
        found.defaults = self._named_groups_last(found.defaults)
        return found

    def _named_groups_last(self, defaults: list[ResultDefault]) -> list[ResultDefault]:
        """What the user chose on the command line outweighs what an experiment file says."""

        def is_named(entry: ResultDefault) -> bool:
            group = (entry.config_path or "").rpartition("/")[0]
            return group in self.named_groups and group != "experiment"

        return [entry for entry in defaults if not is_named(entry)] + [entry for entry in defaults if is_named(entry)]

    def _compose_config_from_defaults_list(self, defaults: list[ResultDefault], repo: IConfigRepository) -> DictConfig:
        config: DictConfig = super()._compose_config_from_defaults_list(self._named_groups_last(defaults), repo)
        for path in self.opened:
            # OmegaConf cannot merge an override into a mapping that is null.
            if OmegaConf.select(config, path) is None:
                OmegaConf.update(config, path, {}, merge=False)
        return config

    def _load_single_config(self, default: ResultDefault, repo: IConfigRepository) -> ConfigResult:
        loaded = super()._load_single_config(default, repo)
        path = default.config_path or ""
        if loaded.is_schema_source or path.startswith("hydra") or not isinstance(repo, Sources):
            return loaded
        file = repo.file_of(path)
        package = default.package or ""
        content = OmegaConf.to_container(loaded.config, resolve=False)
        if isinstance(content, dict):
            loaded.config = OmegaConf.create(self._checked(content, file, package, path))
        return loaded

    def _checked(self, content: dict[Any, Any], file: Path, package: str, path: str) -> dict[str, Any]:
        """A file's content without the keys that are wrong; each is reported with its line."""
        prefix = "" if package == "_global_" or not package else f"{package}."
        explicit = path.startswith("experiment")
        kept: dict[str, Any] = {}
        for section, inner in content.items():
            if section == "hydra":
                kept[section] = inner
                continue
            if section == "defaults":
                continue
            for key, value in request.leaves(str(section), inner):
                where = f"{_short(file)}:{line_of(file, key[len(prefix) :] if key.startswith(prefix) else key)}"
                value = self._corrected(key, value, where)
                if request.check_leaf(key, value, where, self.groups, self.report):
                    self.report.record(key, Step(where, value, explicit))
                    _put(kept, key, value)
        return kept

    def _corrected(self, key: str, value: Any, where: str) -> Any:
        """Values that YAML or older documents spell otherwise."""
        if value is False and key.endswith("_strategy"):
            return "no"
        if key == "model.span_mode" and isinstance(value, str) and value in ("token-level", "tokenlevel"):
            self.report.note(f"model.span_mode: {value} is read as token_level [{where}]")
            return "token_level"
        if secrets.is_secret(key) and isinstance(value, str) and secrets.is_placeholder(value):
            self.report.note(f"{key}: {value} is a placeholder and counts as not given [{where}]")
            return None
        return value


def _short(file: Path) -> str:
    """A file's path as the user would type it."""
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    *parents, leaf = key.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[leaf] = value
