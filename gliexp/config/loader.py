"""Hydra's config loader with this project's rules: every file's keys are checked and their origin is kept.

Hydra's own loader stops at the first error, merges an experiment after the groups, and keeps tokens. This one reads all
overrides and files first, drops what is wrong (to the report), lets a group named on the command line outweigh the
experiment, and leaves marks where tokens stood. Everything that composes goes through it: `compose`, `--cfg`, runs and
the members of a sweep.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, IConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.default_element import GroupDefault, InputDefault, ResultDefault
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from gliexp.config import nearest, path_rules, request, resolvers, schema, secrets, settle, values
from gliexp.config.groups import Groups, conf_directory
from gliexp.config.lines import line_of, line_of_default
from gliexp.config.report import COMMAND_LINE, Report, Step
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
    """Hydra's repository, in which an experiment may also be any YAML file and wrong defaults entries are reported.

    `read` keeps what was read for the compositions to come: parsing is most of the cost of each member of a sweep.
    """

    def __init__(
        self, delegate: IConfigRepository, groups: Groups, report: Report, read: dict[str, ConfigResult | None]
    ) -> None:
        # Not through super(), which copies a delegate that is a copy already.
        self.delegate = delegate
        self.cache: dict[str, ConfigResult | None] = {}
        self.groups = groups
        self.report = report
        self.read = read

    def load_config(self, config_path: str) -> ConfigResult | None:
        """One file's content; a file that is no YAML mapping counts as empty and is reported."""
        if config_path in self.cache:
            return self.cache[config_path]
        file = experiment_file(config_path)
        if config_path not in self.read:
            try:
                self.read[config_path] = (
                    self._load_file(file, config_path) if file else self.delegate.load_config(config_path)
                )
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                self.cache[config_path] = self._unreadable(file or self.file_of(config_path), error)
                return self.cache[config_path]
        loaded = self.read[config_path]
        if loaded is not None:
            # Hydra replaces the content of a result and changes its defaults list.
            loaded = replace(loaded, defaults_list=copy.deepcopy(loaded.defaults_list))
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

    def _unreadable(self, file: Path, error: yaml.YAMLError | UnicodeDecodeError) -> ConfigResult:
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
            near = nearest.nearest_key(group, self.groups.names())
            self.report.refuse(Problem(group, "unknown group in the defaults list", where=where, nearest=near))
            return False
        meant = self.groups.spelling(group, entry.value)
        if meant not in self.groups.files[group]:
            allowed = ", ".join(self.groups.options(group))
            near = nearest.nearest_option(self.groups, group, entry.value)
            self.report.refuse(Problem(group, f"no option {entry.value!r}", allowed, where, near))
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
        self.read: dict[str, ConfigResult | None] = {}
        self.merged: dict[tuple[Any, ...], tuple[DictConfig, Report]] = {}
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
        for notice in secrets.mask(config):
            self.report.note(notice)
        hydra = {"hydra": OmegaConf.to_container(config.hydra, resolve=False)}
        for key, message, allowed in path_rules.hydra_problems(hydra):
            self.report.refuse(Problem(key, message, allowed=allowed))
        settle.settle(config, self.report)
        self.ready = config
        self._ready_for = None if self.report.problems else (config_name, tuple(overrides), run_mode)
        return config

    def _parse_overrides_and_create_caching_repo(
        self, config_name: str | None, overrides: list[str]
    ) -> tuple[list[Override], CachingConfigRepository]:
        parsed = OverridesParser.create().parse_overrides(overrides=overrides)
        # Hydra copies the repository deeply, with the whole ConfigStore; a search path that changes makes a new list.
        sources = Sources(copy.copy(self.repository), self.groups, self.report, self.read)
        self._process_config_searchpath(config_name, parsed, sources)
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
        config = self._merged(self._named_groups_last(defaults), repo)
        self.report.choosers = self._choosers(repo) | self.report.choosers
        for path in self.opened:
            # OmegaConf cannot merge an override into a mapping that is null.
            if OmegaConf.select(config, path) is None:
                OmegaConf.update(config, path, {}, merge=False)
        return config

    def _merged(self, defaults: list[ResultDefault], repo: IConfigRepository) -> DictConfig:
        """The files of a defaults list as one config; members of a sweep that choose the same share the work."""
        key = tuple((entry.config_path, entry.parent, entry.package, entry.is_self) for entry in defaults)
        if key not in self.merged:
            report, self.report = self.report, Report()
            try:
                self.merged[key] = (super()._compose_config_from_defaults_list(defaults, repo), self.report)
            finally:
                self.report = report
        config, found = self.merged[key]
        self.report.add(found)
        return copy.deepcopy(config)

    def _choosers(self, repo: IConfigRepository) -> dict[str, str]:
        """Group → the place that chose its option: command line, an `override` of a defaults list, or the primary's."""
        found = dict.fromkeys(self.named_groups, COMMAND_LINE)
        if not isinstance(repo, Sources):
            return found
        for is_override in (True, False):  # the first override that Hydra meets counts, before any plain entry
            for path, loaded in repo.cache.items():
                # Hydra's own cache has each config twice, once under "config_path=…".
                if loaded is None or path.startswith(("hydra", "config_path=")):
                    continue
                for entry in loaded.defaults_list or []:
                    if isinstance(entry, GroupDefault) and bool(entry.override) is is_override:
                        group = (entry.group or "").lstrip("/")
                        file = repo.file_of(path)
                        found.setdefault(group, f"{_short(file)}:{line_of_default(file, group)}")
        return found

    def _load_single_config(self, default: ResultDefault, repo: IConfigRepository) -> ConfigResult:
        loaded = super()._load_single_config(default, repo)
        path = default.config_path or ""
        if loaded.is_schema_source or path.startswith("hydra") or not isinstance(repo, Sources):
            # A copy: what is merged into an empty config is that config from then on, and is changed by what follows.
            return replace(loaded, config=copy.deepcopy(loaded.config))
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
                written, value = value, self._corrected(key, value, where)
                if request.check_leaf(key, value, where, self.groups, self.report):
                    note = "" if value == written else f"written {values.shown(key, written)}"
                    shown = secrets.MARK if secrets.is_secret(key) and value is not None else value
                    self.report.record(key, Step(where, shown, explicit, _layer(path), note))
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


def _layer(config_path: str) -> str:
    """What a file is in the composition: the primary config, an experiment, or a group's option."""
    group, _, option = config_path.rpartition("/")
    if config_path.startswith("experiment"):
        return f"experiment {Path(option).stem}"
    return f"{group}={option}" if group else "primary config"


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
