"""`check`: says what is wrong with a config, and changes nothing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gliexp.config.compose import Composed, compose
from gliexp.config.routing import route


def run(words: Sequence[str]) -> int:
    """Compose, check and route; print `ok` with notices and keys without effect. Raises Refusal."""
    parser = argparse.ArgumentParser(prog="gliexp check", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--config-dir", "-cd", action="append", default=[])
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_intermixed_args(list(words))
    composed = compose(given.overrides, given.config_dir)
    print("\n".join(lines(composed)))
    if not given.quick:
        print("only the config was checked: data, tokens, one step and the hub are not looked at yet")
    return 0


def lines(composed: Composed) -> list[str]:
    """What the check found, one line each."""
    config = composed.config
    chosen = " ".join(f"{group}={option}" for group, option in composed.chosen.items() if option is not None)
    found = [f"ok: {config.run.task} {composed.name} ({chosen})", *(f"  note: {text}" for text in composed.notices)]
    inert = [item.key for item in route(config).inert]
    found.append(
        f"  {len(inert)} keys have no effect with this task and span mode; none of them is set unless noted above"
    )
    return found
