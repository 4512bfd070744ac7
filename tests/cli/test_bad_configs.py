"""Hundreds of wrong configurations are refused before anything runs: exit code 2, the key by its name, no traceback."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import pytest

from gliexp import cli
from gliexp.config.compose import compose
from gliexp.errors import Refusal

from .bad_configs import Bad, names, pairs, values

BY_KEY: dict[str, list[Bad]] = {}
for bad in values():
    BY_KEY.setdefault(bad.named, []).append(bad)
# One wrong value of each key, of another kind from key to key; the others go together, since a refusal names them all.
ALONE = [of_key[place % len(of_key)] for place, of_key in enumerate(BY_KEY.values())]


def test_there_are_enough_of_them() -> None:
    assert len({*ALONE, *names(), *pairs()}) >= 400
    assert len(values()) >= 1000


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [*pairs(), *names(), *ALONE], ids=lambda bad: bad.id)
def test_a_wrong_config_is_refused_before_anything_runs(
    wrong: Bad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(list(wrong.overrides)) == 2
    said = capsys.readouterr().err
    assert "refused: " in said
    assert wrong.named in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("round_of", zip_longest(*BY_KEY.values()), ids=lambda _: "values")
def test_every_wrong_value_of_every_key_is_named(round_of: tuple[Bad | None, ...]) -> None:
    given = [bad for bad in round_of if bad is not None]
    with pytest.raises(Refusal) as caught:
        compose([override for bad in given for override in bad.overrides], environment=False)
    named = {problem.key for problem in caught.value.problems}
    assert {bad.overrides[0] for bad in given if bad.named not in named} == set()
