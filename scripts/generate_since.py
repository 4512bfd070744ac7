"""Writes scripts/since.json: the first release of each library that knows a key, read from its wheels.

    python scripts/generate_since.py   # after an upgrade; needs the package index, and a minute or two

A wheel is looked at and not installed: the fields of its config classes stand in its source. Where the oldest release
that is looked at knows a key already, its version is preceded by "≤ ". A key that was gone for a while counts from its
last return.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from packaging.version import Version

TARGET = Path(__file__).with_name("since.json")

SOURCES = {
    "gliner": {"TrainingArguments": "gliner/training/", "GLiNERConfig": "gliner/config.py"},
    "gliclass": {
        "TrainingArguments": "gliclass/training",
        "RLTrainerConfig": "gliclass/training",
        "GLiClassModelConfig": "gliclass/config.py",
    },
    "peft": {
        "LoraConfig": "peft/tuners/lora",
        "AdaLoraConfig": "peft/tuners/adalora",
        "IA3Config": "peft/tuners/ia3",
        "VeraConfig": "peft/tuners/vera",
    },
    "transformers": {"TrainingArguments": "transformers/training_args.py"},
}
"""Library → class → where in a wheel it is defined (the beginning of a path)."""
OLDEST = {"gliner": "0.2.0", "gliclass": "0.1.0", "peft": "0.8.0", "transformers": "4.40.0"}
MINORS = ("transformers", "peft")
"""Of these only the first release of each minor version is looked at: patches bring no keys."""
ALL_OF_THE_FILE = ("GLiNERConfig",)
"""gliner has a config class for each variant: a key counts where one of them has it."""


def main() -> None:
    """Look at every release and write."""
    found = {library: _since(library) for library in SOURCES}
    TARGET.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"wrote {TARGET}")


def _since(library: str) -> dict[str, dict[str, str]]:
    """Class → key → the release since which it is there, for the keys that the installed release has."""
    releases = _releases(library)
    first: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as directory:
        for number, release in enumerate(releases):
            known = _keys(_wheel(library, release, Path(directory)), SOURCES[library])
            print(f"{library} {release}: {sum(map(len, known.values()))} keys", flush=True)
            said = f"{'' if number else '≤ '}{release}"
            first = {
                name: {key: first.get(name, {}).get(key, said) for key in sorted(keys)} for name, keys in known.items()
            }
    return first


def _releases(library: str) -> list[str]:
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", library], capture_output=True, text=True, check=True
    ).stdout
    line = next(line for line in listed.splitlines() if line.startswith("Available versions:"))
    every = sorted(Version(word) for word in line.partition(":")[2].replace(",", " ").split())
    wanted = [one for one in every if Version(OLDEST[library]) <= one <= Version(version(library))]
    if library in MINORS:
        wanted = [one for number, one in enumerate(wanted) if not number or wanted[number - 1].minor != one.minor]
    return [str(one) for one in wanted]


def _wheel(library: str, release: str, directory: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(directory)]
    subprocess.run([*command, f"{library}=={release}"], check=True, capture_output=True)
    return next(directory.glob(f"{library}-{release}-*.whl"))


def _keys(wheel: Path, classes: dict[str, str]) -> dict[str, set[str]]:
    """Class → its fields and the arguments of its __init__, as the source of the wheel has them."""
    found: dict[str, set[str]] = {name: set() for name in classes}
    with zipfile.ZipFile(wheel) as files:
        for file in files.namelist():
            wanted = [name for name, place in classes.items() if file.startswith(place) and file.endswith(".py")]
            if not wanted:
                continue
            for node in ast.walk(ast.parse(files.read(file))):
                if isinstance(node, ast.ClassDef):
                    for name in wanted:
                        if node.name == name or name in ALL_OF_THE_FILE:
                            found[name].update(_fields(node))
    return found


def _fields(node: ast.ClassDef) -> Iterator[str]:
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            yield part.target.id
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            yield from (argument.arg for argument in [*part.args.args, *part.args.kwonlyargs] if argument.arg != "self")


if __name__ == "__main__":
    main()
