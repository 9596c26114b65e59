"""What the team can be told, as sentences to read by eye."""

from __future__ import annotations

import pytest

from autoflows.domain.notices import KINDS, NoticeKind, Severity, how_long, kinds_for, say
from autoflows.domain.permissions import ROLE_PERMISSIONS, Permission, Role


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("number", [0, 1, 12_345])
def test_every_kind_has_a_sentence_and_a_place_to_go(kind: NoticeKind, number: int) -> None:
    notice = say(kind, "one", number=number, seconds=75, name="Voice")
    assert notice.title
    assert notice.detail.endswith(".")
    assert notice.href.startswith("/dashboard")
    assert (notice.kind, notice.subject, notice.severity) == (kind, "one", KINDS[kind].severity)


@pytest.mark.parametrize(
    ("kind", "number", "title"),
    [
        (NoticeKind.LEAD_STUCK, 1, "1 lead waits to be matched for too long"),
        (NoticeKind.LEAD_STUCK, 1200, "1,200 leads wait to be matched for too long"),
        (NoticeKind.UNACCOUNTED, 2, "2 leads are unaccounted for"),
        (NoticeKind.QUEUE_LATE, 2, "2 executions are overdue"),
        (NoticeKind.ATTEMPT_UNKNOWN, 3, "Not known whether 3 contact attempts reached anyone"),
    ],
)
def test_one_and_many(kind: NoticeKind, number: int, title: str) -> None:
    assert say(kind, number=number).title == title


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 minute"), (119, "1 minute"), (120, "2 minutes"), (7199, "119 minutes"), (7200, "2 hours"), (200_000, "2 days")],
)
def test_durations_are_coarse(seconds: float, words: str) -> None:
    assert how_long(seconds) == words


def test_all_kinds_are_known_and_the_worst_come_first() -> None:
    assert set(KINDS) == set(NoticeKind)
    order = [list(Severity).index(known.severity) for known in KINDS.values()]
    assert order == sorted(order)


def test_each_role_is_told_what_it_could_look_into() -> None:
    for role in (Role.OWNER, Role.ADMIN, Role.MANAGER):
        assert set(kinds_for(ROLE_PERMISSIONS[role])) == set(NoticeKind)
    not_for_viewers = {NoticeKind.KILL_SWITCH, NoticeKind.BUDGET_REACHED, NoticeKind.SPEED_LATE}
    assert set(NoticeKind) - set(kinds_for(ROLE_PERMISSIONS[Role.VIEWER])) == not_for_viewers
    assert kinds_for(frozenset({Permission.EXPORT})) == ()
