"""The nearest right name: misspelt by one edit, old, or foreign."""

from __future__ import annotations

import dataclasses
import random
import re
import string
from pathlib import Path

import pytest
import yaml
from transformers import TrainingArguments

from gliexp.cli import VERBS
from gliexp.config import foreign, keys, legacy
from gliexp.config.compose import compose
from gliexp.config.groups import Groups
from gliexp.config.nearest import distance, nearest_choice, nearest_key, nearest_option, nearest_verb
from gliexp.errors import Refusal

GROUPS = Groups.read()
SHARED = Path(__file__).parents[3] / "shared"


def misspelt(word: str, chance: random.Random) -> str:
    """A word with one edit: a letter out, in, replaced, or two neighbours swapped; dots stay where they are."""
    places = [place for place, letter in enumerate(word) if letter != "."]
    at = chance.choice(places)
    letter = chance.choice(string.ascii_lowercase)
    edits = [word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :]]
    if at + 1 < len(word) and word[at + 1] != ".":
        edits.append(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
    return chance.choice(edits)


def today(key: str) -> str:
    old = legacy.CARRIED.get(key.removeprefix("training."))
    return f"training.{old.key}" if old and key.startswith("training.") else key


def drawn(chance: random.Random) -> list[tuple[str, str, str]]:
    """(kind, wrong, right): 100 keys, 20 groups, 40 options, 30 choices, 10 verbs."""
    options = [(group, option) for group in GROUPS.names() for option in GROUPS.options(group) if len(option) > 3]
    choices = [
        (key.path, choice) for key in keys.index().values() for choice in key.limits.choices if len(str(choice)) > 3
    ]
    long_keys = [key for key in keys.index() if len(key.rpartition(".")[2]) > 3]
    cases: list[tuple[str, str, str]] = []
    while len(cases) < 200:
        number = len(cases)
        if number < 100:
            right = chance.choice(long_keys)
            kind, valid = "key", set(keys.index())
        elif number < 120:
            right = chance.choice(GROUPS.names())
            kind, valid = "group", {*GROUPS.names(), *foreign.RENAMED}
        elif number < 160:
            group, right = chance.choice(options)
            kind, valid = f"option {group}", set(GROUPS.options(group))
        elif number < 190:
            key, right = chance.choice(choices)
            kind, valid = f"choice {key}", set(map(str, keys.index()[key].limits.choices))
        else:
            right = chance.choice(list(VERBS))
            kind, valid = "verb", set(VERBS)
        wrong = misspelt(str(right), chance)
        if wrong not in valid and wrong:
            cases.append((kind, wrong, today(str(right))))
    return cases


def first_answer(kind: str, wrong: str) -> str:
    what, _, where = kind.partition(" ")
    if what in ("key", "group"):
        return nearest_key(wrong, GROUPS.names())
    if what == "option":
        return nearest_option(GROUPS, where, wrong)
    if what == "choice":
        return nearest_choice(wrong, keys.index()[where].limits.choices)
    return nearest_verb(wrong, VERBS, GROUPS)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_at_least_95_percent_of_200_misspellings_get_the_right_name_first(seed: int) -> None:
    cases = drawn(random.Random(seed))
    missed = [(kind, wrong, right, first_answer(kind, wrong)) for kind, wrong, right in cases]
    missed = [case for case in missed if case[2] != case[3]]
    assert len(missed) <= 10, missed


def test_every_foreign_name_leads_to_a_key() -> None:
    assert set(foreign.RENAMED.values()) <= set(keys.index())
    assert set(foreign.SECTIONS.values()) <= keys.sections()
    for name, key in foreign.RENAMED.items():
        assert nearest_key(name, GROUPS.names()) == key, name


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("lora_r", "peft.r"),
        ("lora.r", "peft.r"),
        ("lr", "training.learning_rate"),
        ("training.lr", "training.learning_rate"),
        ("num_steps", "training.max_steps"),
        ("evaluation_strategy", "training.eval_strategy"),
        ("trainer.evaluation_strategy", "training.eval_strategy"),
        ("lora", "peft"),
        ("lora_config.lora_alpha", "peft.lora_alpha"),
        ("traning.learning_rate", "training.learning_rate"),
        ("traning.seed", "training.seed"),
        ("bakcbone.learning_rate", "backbone.learning_rate"),
        ("seed", "run.seed"),
        ("name", "run.name"),
        ("dropout", "model.dropout"),
        ("bacbkone", "backbone"),
        ("training.num_step", "training.max_steps"),
        ("hub.model_id", "training.hub_model_id"),
        ("long_doc_chunking.stride", "data.long_doc_chunking.stride"),
        ("chunking.max_words", "data.long_doc_chunking.max_words"),
        ("model.name.x", "model.name"),
        ("x", ""),
        ("nothing_like_it_at_all", ""),
    ],
)
def test_keys(wrong: str, right: str) -> None:
    assert nearest_key(wrong, GROUPS.names()) == right


@pytest.mark.parametrize(
    ("group", "wrong", "right"),
    [
        ("backbone", "deberta", "deberta_v3_base or deberta_v3_large or deberta_v3_small"),
        ("backbone", "tinny", "tiny"),
        ("backbone", "microsoft/deberta-v3-small", "deberta_v3_small"),
        ("task", "lora", "peft=lora"),
        ("task", "relation", ""),
        ("peft", "LoRa", "lora"),
        ("task", "token-level", "span_mode=token_level"),
        ("optimizer", "adamw8bit", "adamw_8bit"),
    ],
)
def test_options(group: str, wrong: str, right: str) -> None:
    assert nearest_option(GROUPS, group, wrong) == right


def test_choices_and_verbs() -> None:
    optim = keys.index()["training.optim"].limits.choices
    assert nearest_choice("adamw", optim) == "adamw_torch"
    assert nearest_choice("ADAMW_TORCH", optim) == "adamw_torch"
    assert nearest_choice("tokenlevel", keys.index()["model.span_mode"].limits.choices) == "token_level"
    assert nearest_verb("chek", VERBS, GROUPS) == "check"
    assert nearest_verb("validate", VERBS, GROUPS) == "check"
    assert nearest_verb("fit", VERBS, GROUPS) == "train"
    assert nearest_verb("backbone", VERBS, GROUPS) == "backbone=…"
    assert nearest_verb("xyzzy", VERBS, GROUPS) == ""


def test_distance() -> None:
    assert [distance(*pair) for pair in (("", "ab"), ("abc", "abc"), ("abc", "acb"), ("abc", "ac"), ("ab", "xb"))] == [
        2,
        0,
        1,
        1,
        1,
    ]


def test_what_has_no_place_says_why() -> None:
    with pytest.raises(Refusal, match=r"unknown key \(value -1\): gliner's old trainer cut the training set"):
        compose(["training.size_sup=-1"])


HF_4 = {field.name for field in dataclasses.fields(TrainingArguments)} | set(legacy.CARRIED) | set(legacy.GONE)


@pytest.mark.parametrize("name", sorted(HF_4))
def test_every_argument_of_transformers_4_and_5_without_its_section(name: str) -> None:
    found = nearest_key(name, GROUPS.names())
    assert found in keys.index()
    if name not in ("seed", "project"):  # run.seed and tracking.project stand above the trainer's
        assert found == today(f"training.{name}")


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared samples")
def test_every_name_of_the_specification_s_table() -> None:
    text = (SHARED / "spec" / "gliner_unified_config.md").read_text()
    rows = re.findall(r"^\| `(\w+)`\s*\| (\w+)\s*\| `(\w+)`", text, re.MULTILINE)
    assert len(rows) > 30
    for field, section, key in rows:
        assert nearest_key(field, GROUPS.names()) == f"{section}.{key}"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared samples")
@pytest.mark.parametrize("name", ["gliner_config_span", "gliner_config_token", "gliner_lora_template"])
def test_every_name_of_gliner_s_yamls(name: str) -> None:
    content = yaml.safe_load((SHARED / "configs" / f"{name}.yaml").read_text())
    for section, inner in content.items():
        for key in inner:
            path = f"{section}.{key}"
            known = path in keys.index() or nearest_key(path, GROUPS.names()) in keys.index()
            assert known or key in foreign.PLACELESS, path
