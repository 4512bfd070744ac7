"""sweep.html: the page that every sweep leaves behind in its directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gliexp.config import secrets
from gliexp.launch.member import Ended, Member
from gliexp.launch.sweep import Plan, Sweep
from gliexp.runs import headline
from gliexp.runs.entry import Entry, read


def write(sweep: Sweep, planned: Plan, ended: Sequence[Ended], searched_by: Sequence[str] = ()) -> Path:
    """Write the page over all members, failed ones and those known before too; `searched_by` are a search's metrics.

    Raises OSError where it cannot be written.
    """
    from gliexp.runs import sweep_page  # matplotlib, which no check of a sweep needs

    entries = standing(planned, ended)
    figure = searched_by[0] if searched_by else headline.ranking(entries)
    figures = dict.fromkeys([*([figure] if figure else []), *searched_by, *headline.shown(entries)])
    return sweep_page.write(
        sweep.directory / sweep_page.NAME,
        f"sweep {sweep.directory.parent.name} · {sweep.directory.name}",
        entries,
        list(figures),
        keys=planned.swept,
        objectives=searched_by,
        command=secrets.scrub(" ".join(["python -m gliexp -m", *sweep.overrides])),
    )


def standing(planned: Plan, ended: Sequence[Ended]) -> list[Entry]:
    """Every member that has ended or was known, as its directory and the sweep know it."""
    known = [as_asked(member, entry) for member, entry in planned.known]
    return [*known, *(_of_ended(one) for one in ended)]


def as_asked(member: Member, entry: Entry) -> Entry:
    """The entry under the overrides by which this sweep asked for it; a known run may have been asked for otherwise."""
    return replace(entry, record={**entry.record, "overrides": list(member.overrides)})


def _of_ended(one: Ended) -> Entry:
    entry = as_asked(one.member, read(one.member.directory))
    if entry.status == one.status:
        return entry
    # Nothing was written, or by another process than the one that says how it ended.
    return replace(entry, status=one.status, record={**entry.record, "error": one.error}, remarks=())
