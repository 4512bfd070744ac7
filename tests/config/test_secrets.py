"""No token that comes in anywhere goes out anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gliexp.config import secrets
from gliexp.config.compose import compose
from gliexp.config.routing import route
from gliexp.errors import Refusal

TOKEN = "hf_PLANTEDtokenPLANTED"


@pytest.fixture(autouse=True)
def _nothing_held() -> Iterator[None]:
    secrets.forget()
    yield
    secrets.forget()


@pytest.fixture
def given(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Overrides that bring the token in one of the ways there are."""
    monkeypatch.setenv("PLANTED_TOKEN", TOKEN)
    file = tmp_path / "with_token.yaml"
    value = "${oc.env:PLANTED_TOKEN}" if "env" in request.param else TOKEN
    file.write_text(f"training:\n  {'push_to_hub_token' if 'old' in request.param else 'hub_token'}: {value}\n")
    ways = {
        "yaml": [f"experiment={file}"],
        "yaml env": [f"experiment={file}"],
        "yaml old": [f"experiment={file}"],
        "override": [f"training.hub_token={TOKEN}"],
        "override old": [f"training.push_to_hub_token={TOKEN}"],
        "override env": ["training.hub_token=${oc.env:PLANTED_TOKEN}"],
        "override quoted": [f"+training.hub_token='{TOKEN}'"],
    }
    return ways[request.param]


EVERY_WAY = pytest.mark.parametrize(
    "given",
    ["yaml", "yaml env", "yaml old", "override", "override old", "override env", "override quoted"],
    indirect=True,
)


@EVERY_WAY
def test_held_in_memory_and_marked_in_the_config(given: list[str]) -> None:
    composed = compose([*given, "hub=end", "training.hub_model_id=a/b"])
    assert secrets.reveal("training.hub_token") == TOKEN
    assert composed.config.training.hub_token == secrets.MARK
    assert TOKEN not in f"{composed.tree}{composed.overrides}{composed.notices}{composed.report.problems}"
    assert TOKEN not in str(route(composed.config).objects)


@EVERY_WAY
def test_in_no_refusal(given: list[str]) -> None:
    with pytest.raises(Refusal) as caught:
        compose([*given, f"training.hub_tokn={TOKEN}", f"nope={TOKEN}", f"training.seed={TOKEN}"])
    assert len(caught.value.problems) == 3
    assert "PLANTED" not in str(caught.value)


@EVERY_WAY
@pytest.mark.parametrize("flags", [["--cfg", "all", "--resolve"], ["--info", "config"]])
def test_in_no_output_of_the_command(given: list[str], flags: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gliexp", *flags, *given],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "hub_token: '***'" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_a_child_process_gets_it_by_environment_only() -> None:
    secrets.hold("training.hub_token", TOKEN)
    handed = secrets.environment()
    secrets.forget()
    secrets.adopt(handed)
    assert secrets.reveal("training.hub_token") == TOKEN


def test_a_masked_override_of_a_sweep_member_keeps_what_is_held() -> None:
    secrets.hold("training.hub_token", TOKEN)
    compose([f"training.hub_token={secrets.MARK}"])
    assert secrets.reveal("training.hub_token") == TOKEN


def test_placeholders_and_nulls_are_no_tokens() -> None:
    assert secrets.hold("training.hub_token", "<HUB_TOKEN>") is None
    assert compose(["training.hub_token=null"]).config.training.hub_token is None
    assert secrets.reveal("training.hub_token") is None


def test_unset_variable_is_named() -> None:
    with pytest.raises(Refusal, match="PLANTED_NOWHERE") as caught:
        compose(["training.hub_token=${oc.env:PLANTED_NOWHERE}"])
    assert caught.value.problems[0].key == "training.hub_token"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("training.hub_token", True),
        ("training.hub_tokn", True),
        ("wandb_api_key", True),
        ("training.password", True),
        ("model.ent_token", False),
        ("model.embed_rel_token", False),
        ("data.fields.tokens", False),
        ("hydra.job.env_set.WANDB_API_KEY", True),
        ("tracking.apiKey", True),
        ("tracking.db-password", True),
        ("signing_key", True),
        ("bearer", True),
        ("model.encoder_config.pad_token", False),
        ("generation.max_new_tokens", False),
        ("model.monkey", False),
    ],
)
def test_which_keys_are_secret(key: str, expected: bool) -> None:
    assert secrets.is_secret(key) is expected


def test_scrub_knows_the_forms_of_tokens() -> None:
    assert secrets.scrub("a hf_abcdefghijkl b") == "a *** b"
    assert secrets.scrub("key " + "0123456789abcdef" * 2 + "01234567") == "key ***"
    assert secrets.scrub("hf_trainer stays") == "hf_trainer stays"


def test_scrub_knows_the_secrets_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_PASSWORD", "hunter2-hunter2")
    monkeypatch.setenv("PLANTED_CREDENTIALS", "/home/of/credentials.json")
    monkeypatch.setenv("PLANTED_SECRET", "true")
    said = "hunter2-hunter2 true /home/of/credentials.json"
    assert secrets.scrub_file(said) == "*** true /home/of/credentials.json"


def test_a_commit_stays_in_what_is_read_again() -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    assert secrets.scrub_file(f"revision: {commit}") == f"revision: {commit}"
    composed = compose([f"backbone.revision={commit}"])
    assert composed.overrides == (f"backbone.revision={commit}",)


@pytest.mark.parametrize(
    "text", ["glpat-abcdefghij0123456789", "AKIAABCDEFGHIJKLMNOP", "https://me:hunter2@host/x", "wandb_v1_" + "a" * 24]
)
def test_forms_of_tokens_and_passwords_in_addresses(text: str) -> None:
    assert secrets.MARK in secrets.scrub_file(text)
    assert "hunter2" not in secrets.scrub_file(text)


def test_a_variable_of_the_job_is_set_and_not_written() -> None:
    composed = compose(["+hydra.job.env_set.MY_TOKEN=hunter2-hunter2", "+hydra.job.env_set.PLAIN=1"])
    assert secrets.exported() == {"MY_TOKEN": "hunter2-hunter2"}
    assert "hunter2" not in str(composed)


def test_the_token_is_no_training_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gliner.training import TrainingArguments

    from gliexp.training.arguments import training_arguments

    monkeypatch.delenv("HF_TOKEN", raising=False)
    values = {"hub_token": TOKEN, "optim": "adamw_torch", "use_cpu": True}
    made = training_arguments(values, TrainingArguments, task="ner", checkpoints=tmp_path, has_dev=False)
    assert TOKEN not in str(vars(made))
    assert os.environ["HF_TOKEN"] == TOKEN
    monkeypatch.delenv("HF_TOKEN")
