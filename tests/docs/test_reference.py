"""docs/reference.md is what the code says, and messages in docs/troubleshooting.md are messages of the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from gliexp.config.keys import index

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("generate_reference", ROOT / "scripts" / "generate_reference.py")
assert SPEC is not None
assert SPEC.loader is not None
REFERENCE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(REFERENCE)


def test_the_page_is_up_to_date() -> None:
    assert REFERENCE.PAGE.read_text(encoding="utf-8") == REFERENCE.page(), "run scripts/generate_reference.py"


def test_every_key_has_its_row_with_a_meaning_and_a_destination_or_a_reason() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \|(.*)\|$", REFERENCE.page(), re.MULTILINE)
    assert [key for key, _ in rows] == list(index())
    for key, cells in rows:
        meaning, _, _, goes_to, without_effect, *_ = re.split(r"(?<!\\)\|", cells)
        assert meaning.strip()
        assert goes_to.strip() != "nowhere" or without_effect.strip(), key


OUTSIDE = ("EarlyStoppingCallback", "model._attn_implementation", "environment")
"""Library objects whose releases are not looked at: as old as transformers 4, or no config's field."""


def test_what_a_library_receives_has_the_release_that_first_knew_it() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \|(.*)\|$", REFERENCE.page(), re.MULTILINE)
    unknown = []
    for key, cells in rows:
        *_, goes_to, _, _, since = re.split(r"(?<!\\)\|", cells)
        received = [end for end in goes_to.split(", ") if "→" not in end and "gliexp." not in end and "`" in end]
        if received and not any(name in goes_to for name in OUTSIDE) and not since.strip():
            unknown.append(key)
    assert unknown == [], "run scripts/generate_since.py"


def test_a_key_of_two_libraries_has_a_release_of_each_and_one_of_gliexp_none() -> None:
    assert [one.split()[0] for one in REFERENCE._since("model.dropout")] == ["gliner", "gliclass"]
    assert [one.split()[0] for one in REFERENCE._since("training.learning_rate")] == ["transformers"]
    assert REFERENCE._since("run.seed") == []


def test_messages_of_the_troubleshooting_page_are_those_of_the_code() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "gliexp").rglob("*.py"))
    messages = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "troubleshooting.md").read_text(), re.MULTILINE)
    assert len(messages) > 25
    assert [message for message in messages if message not in code] == []


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target


NAMED = re.compile(
    r"(?<![\w./-])((?:run|backbone|model|peft|data|training|rl|tracking|launch)\.[a-z_]\w*(?:\.[a-z_]\w*)*)"
)
NO_KEYS = {
    "data.tune_threshold",  # in docs/status.md, of earlier versions
    "model.evaluate",
    "model.inference",
    "model.safetensors",
    "peft.get_peft_model",
    "run.json",
    "tracking.failed",  # of run.json
    "training.lear",  # for the shell to complete
}
"""What looks like a key in a page and is a method or a file."""


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_keys_that_a_page_names_are_keys(page: Path) -> None:
    if page.name in ("decisions.md", "reference.md"):
        return
    known = index()
    text = page.read_text(encoding="utf-8")
    for code in re.findall(r"`([^`\n]+)`", text) + re.findall(r"^python -m gliexp .*$", text, re.MULTILINE):
        for name in NAMED.findall(code):
            right = name in known or any(key.startswith(f"{name}.") or name.startswith(f"{key}.") for key in known)
            assert right or name in NO_KEYS, f"{page.name}: {name}"
