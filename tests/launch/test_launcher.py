from pathlib import Path

from gliexp.launch.launcher import Launcher, drive
from gliexp.launch.member import Ended, Member


class Scripted(Launcher):
    """Ends members in the order they came, with statuses as scripted."""

    def __init__(self, places: int, statuses: str = "") -> None:
        self.places = places
        self.statuses = dict(enumerate(statuses.split()))
        self.in_work: list[Member] = []
        self.most = 0
        self.closed = False

    def start(self, members):
        self.in_work += members
        self.most = max(self.most, len(self.in_work))

    def wait(self):
        member = self.in_work.pop(0)
        return [Ended(member, self.statuses.get(member.number, "done"))]

    def close(self):
        self.closed = True


def members(count: int, drawn: list[int]):
    for number in range(count):
        drawn.append(number)
        yield Member(number, (), Path(str(number)), "")


def test_all_places_are_used_and_members_drawn_when_there_is_one():
    drawn: list[int] = []
    seen = []
    launcher = Scripted(2)
    drive(members(5, drawn), launcher, lambda ended: seen.append((ended.member.number, len(drawn))))
    assert seen == [(0, 2), (1, 3), (2, 4), (3, 5), (4, 5)]
    assert launcher.most == 2
    assert launcher.closed


def test_after_a_failure_or_a_signal_those_in_work_end():
    for statuses, fail_fast, ends in (
        ("done failed", True, [0, 1, 2]),
        ("done failed", False, [0, 1, 2, 3, 4]),
        ("done interrupted", False, [0, 1, 2]),
    ):
        seen = []
        drive(
            members(5, []),
            Scripted(2, statuses),
            lambda e, seen=seen: seen.append(e.member.number),
            fail_fast=fail_fast,
        )
        assert seen == ends


def test_the_launcher_is_closed_whatever_happens():
    launcher = Scripted(1)
    try:
        drive(members(2, []), launcher, lambda ended: 1 / 0)
    except ZeroDivisionError:
        assert launcher.closed
    else:
        raise AssertionError
