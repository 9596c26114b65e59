"""Goals: what meets which, when it counts, and that nothing is counted twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from autoflows.domain.conditions import Lead
from autoflows.domain.flow import Goal, GoalKind
from autoflows.domain.goals import OF_CONTACT, converted_at, goal_in_words, met_by_contact, met_by_event, window_end
from autoflows.domain.outcomes import CallOutcome, MessageState
from tests.domain.made import goals

NOW = datetime(2026, 3, 4, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
ASHA = Lead("IndiaMART", "api", company="Asha Agro", tags=("pump", "Won "), custom_fields={"Stage": "Won"})


def goal(kind: str, **more: Any) -> Goal:
    return Goal.model_validate({"kind": kind, **more})


@pytest.mark.parametrize(
    ("wanted", "met"),
    [
        (goal("tag_added", tag="won"), True),
        (goal("tag_added", tag="lost"), False),
        (goal("field_equals", field="custom_fields.stage", value="WON"), True),
        (goal("field_equals", field="custom_fields.stage"), True),
        (goal("field_equals", field="custom_fields.other"), False),
        (goal("field_equals", field="tags", value="won"), True),
        (goal("reply_received"), False),
    ],
)
def test_what_a_contact_meets(wanted: Goal, met: bool) -> None:
    assert met_by_contact(wanted, ASHA) is met


@pytest.mark.parametrize(
    ("wanted", "outcome", "state", "seconds", "met"),
    [
        (goal("reply_received"), None, MessageState.REPLIED, None, True),
        (goal("reply_received"), CallOutcome.ANSWERED, MessageState.READ, 90, False),
        (goal("call_answered"), CallOutcome.ANSWERED, None, None, True),
        (goal("call_answered", min_seconds=30), CallOutcome.ANSWERED, None, None, False),
        (goal("call_answered", min_seconds=30), CallOutcome.ANSWERED, None, 30.0, True),
        (goal("call_answered"), CallOutcome.VOICEMAIL, None, 99, False),
        (goal("tag_added", tag="x"), CallOutcome.ANSWERED, MessageState.REPLIED, 99, False),
    ],
)
def test_what_an_event_meets(
    wanted: Goal, outcome: CallOutcome | None, state: MessageState | None, seconds: float | None, met: bool
) -> None:
    assert met_by_event(wanted, outcome, state, seconds) is met


@given(goals(), st.none() | MOMENTS, st.lists(MOMENTS, max_size=6))
def test_the_first_time_within_the_window_stands(wanted: Goal, until: datetime | None, times: list[datetime]) -> None:
    found: datetime | None = None
    for at in times:
        found = converted_at(until, found, at)
    assert found == next((at for at in times if until is not None and at <= until), None)
    assert converted_at(until, found, NOW) in (found, NOW)


@given(goals())
def test_windows(wanted: Goal) -> None:
    assert window_end(None, ASHA, NOW) is None
    end = window_end(wanted, ASHA, NOW)
    assert end == (None if met_by_contact(wanted, ASHA) else NOW + timedelta(days=wanted.window_days))
    assert wanted.kind in OF_CONTACT or end is not None
    assert goal_in_words(wanted)


@pytest.mark.parametrize("kind", [GoalKind.TAG_ADDED, GoalKind.FIELD_EQUALS])
def test_a_goal_names_what_it_is_about(kind: GoalKind) -> None:
    with pytest.raises(ValidationError, match="is needed for the goal"):
        Goal(kind=kind)
