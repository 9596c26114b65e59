"""The list of executions without a browser: what an address asks for, what a row says, and what came of doing something to many."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from autoflows.domain.errors import Invalid
from autoflows.services.views.executions import (
    DueBucket,
    ExecutionFilter,
    ExecutionSort,
    ExecutionView,
    Forecast,
    StatusCounts,
    WaitingView,
)
from autoflows.services.views.leads import PersonView
from autoflows.ui.states.executions_bulk import ENDED, Tally, told
from autoflows.ui.states.executions_forecast import outlook_of
from autoflows.ui.states.executions_rows import merged, row_of, tabs_of
from autoflows.ui.states.executions_wanted import Wanted, cleared, export_href, filter_of, is_narrowed, query, read, wanted_of, with_choice

KOLKATA = ZoneInfo("Asia/Kolkata")
FLOW = str(uuid4())
FULL = Wanted(
    status="waiting", flow=FLOW, source="India & Mart", outcome="missed", rule="flow_hours", runs="both", contact=FLOW, first="2026-11-01",
    last="2026-11-03", search="+91 98765", sort="soonest", size=50,
)  # fmt: skip


def test_an_address_says_all_that_is_asked_for_and_nothing_else() -> None:
    assert query(Wanted()) == ""
    assert read(dict(parse_qsl(query(FULL)))) == (FULL, [])
    assert read({}) == (Wanted(), [])
    assert read(dict(parse_qsl(query(Wanted(within="24"), after="x")))) == (Wanted(within="24"), [])


def test_what_means_nothing_in_an_address_is_named_and_left_out() -> None:
    wanted, unknown = read({"status": "asleep", "flow": "me", "from": "someday", "size": "7", "sort": "random", "outcome": "busy"})
    assert wanted == Wanted(outcome="busy")
    assert sorted(unknown) == ["flow", "from", "size", "sort", "status"]


@pytest.mark.parametrize("value", [None, 5, ["x"], {"a": 1}, "x" * 5000])
def test_a_socket_cannot_ask_for_anything_else(value: Any) -> None:
    for name in ("status", "flow", "source", "outcome", "rule", "runs", "contact", "within", "first", "last", "search", "sort", "size"):
        try:
            with_choice(Wanted(), name, value)
        except Invalid:
            continue
        assert value is None  # for a choice from a closed vocabulary: all
    with pytest.raises(Invalid):
        with_choice(Wanted(), "__class__", "x")


def test_choices_that_contradict_each_other_do_not_stand_together() -> None:
    days = with_choice(with_choice(Wanted(within="24"), "first", "2026-11-05"), "last", "2026-11-07")
    assert (days.within, days.first, days.last) == ("", "2026-11-05", "2026-11-07")
    assert with_choice(days, "first", "2026-11-09").last == ""
    assert with_choice(days, "last", "2026-11-01").first == ""
    assert (with_choice(days, "within", "1").first, with_choice(days, "within", "1").last) == ("", "")
    assert with_choice(FULL, "flow", "none").flow == ""
    assert is_narrowed(FULL)
    assert cleared(FULL) == Wanted(status="waiting", sort="soonest", size=50)
    assert not is_narrowed(cleared(FULL))


def test_days_are_those_of_the_viewers_clock() -> None:
    found = filter_of(FULL, KOLKATA)
    assert found.since == datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
    assert found.until == datetime(2026, 11, 3, 18, 30, tzinfo=UTC)
    assert (found.status, found.stage, found.needs_person, found.is_test_run) == (None, "waiting", None, None)
    assert filter_of(Wanted(), KOLKATA).is_test_run is False
    assert filter_of(Wanted(status="needs_person"), KOLKATA).needs_person is True
    assert filter_of(Wanted(status="failed"), KOLKATA).status == "failed"
    with pytest.raises(Invalid):
        filter_of(Wanted(last="9999-12-31"), KOLKATA)


def test_a_saved_filter_asks_for_the_same_again() -> None:
    for wanted in (Wanted(), FULL, Wanted(status="needs_person"), Wanted(status="failed", within="168"), Wanted(runs="test")):
        kept = ExecutionFilter.model_validate(filter_of(wanted, KOLKATA).model_dump(mode="json", by_alias=True, exclude_defaults=True))
        assert wanted_of(kept, ExecutionSort(wanted.sort), KOLKATA) == wanted.model_copy(update={"size": 25})


def test_the_file_is_of_the_same_list() -> None:
    asked = dict(parse_qsl(export_href(filter_of(FULL, KOLKATA)).partition("?")[2]))
    assert asked["lead_source"] == "India & Mart"
    assert asked["from"].startswith("2026-10-31T18:30")
    assert "is_test_run" not in asked
    assert export_href(filter_of(Wanted(), KOLKATA)).endswith("?is_test_run=false")


def view(**changes: Any) -> ExecutionView:
    now = datetime(2026, 11, 24, 6, tzinfo=UTC)
    plain = ExecutionView(
        id=uuid4(), flow_id=uuid4(), flow_name="First", flow_version=2, contact_id=uuid4(), lead_event_id=None, lead_source="manual",
        contact=PersonView(id=uuid4(), name="Asha", phone="+919876543210", email=None), status="running", outcome=None,
        current_action_step=2, action_count=3, triggered_at=now, completed_at=None, waiting=None, error_message=None, metadata={},
        is_test_run=False, speed_to_lead_ms=1500,
    )  # fmt: skip
    return plain.model_copy(update=changes)


def test_a_row_says_why_it_waits_and_its_place_now() -> None:
    until = datetime(2026, 11, 24, 9, tzinfo=UTC)
    held = row_of(view(waiting=WaitingView(reason="Flow hours: opens 09:00", until=until, rule="flow_hours")))
    assert (held.state, held.why, held.until, held.step, held.source) == (
        "waiting",
        "Flow hours: opens 09:00",
        until.isoformat(),
        "Step 2 of 3",
        "By hand",
    )
    line = WaitingView(reason="Waiting for a free line, 7 ahead", until=None, rule="concurrency", ahead=3)
    assert row_of(view(waiting=line)).why == "Waiting for a free line, 3 ahead"
    assert row_of(view(waiting=line.model_copy(update={"ahead": 0}))).why == "Waiting for a free line, next in line"
    assert row_of(view(waiting=line.model_copy(update={"ahead": 1000}))).why == "Waiting for a free line, 1,000 or more ahead"
    assert row_of(view(waiting=WaitingView(reason="Call in progress", until=None))).state == "running"
    failed = row_of(view(status="failed", error_message="Refused", completed_at=until))
    assert (failed.state, failed.why, failed.step) == ("failed", "Refused", "")


def test_only_what_is_new_or_moved_on_is_marked() -> None:
    one, other = row_of(view()), row_of(view())
    moved = one.model_copy(update={"status": "completed", "state": "completed"})
    nearer = other.model_copy(update={"why": "Waiting for a free line, 2 ahead"})
    arrived = row_of(view())
    now = merged([one, other], [arrived, moved, nearer])
    assert [row.revision for row in now] == [1, 1, 0]
    assert [row.revision for row in merged(now, now)] == [1, 1, 0]


def test_the_tabs_say_when_there_are_more_than_are_counted() -> None:
    by_status = {"running": 30, "completed": 10_000, "failed": 2, "cancelled": 0, "skipped": 0}
    counts = StatusCounts(total=10_032, by_status=by_status, active=10, waiting=20, needs_person=1, capped=["completed", "total"])
    said = {tab.label: tab.count for tab in tabs_of(counts, "")}
    assert said == {
        "All": "10,032+", "Active now": "10", "Waiting": "20", "Needs a person": "1", "Completed": "10,000+", "Failed": "2",
        "Cancelled": "0", "Skipped": "0",
    }  # fmt: skip
    assert [tab.count for tab in tabs_of(counts, "running") if tab.value == "running"] == ["30"]


def test_the_next_hour_has_a_text_for_each_bar() -> None:
    now = datetime(2026, 11, 24, 6, tzinfo=UTC)
    buckets = [DueBucket(at=now, due=3, by_rule={"flow_hours": 2, "wait": 1}), DueBucket(at=now + timedelta(minutes=10), due=0, by_rule={})]
    found = outlook_of(Forecast(since=now, until=now, total=3, by_rule={"wait": 1, "flow_hours": 2}, buckets=buckets), "Asia/Kolkata")
    assert found.text == "3 that wait are due in the next hour."
    assert [bar.text for bar in found.bars] == ["From 11:30: 3 (2 flow hours, 1 a wait step)", "From 11:40: 0"]
    assert [(reason.label, reason.width) for reason in found.reasons] == [("Flow hours", "100%"), ("A wait step", "50%")]
    quiet = outlook_of(Forecast(since=now, until=now, total=0, by_rule={}, buckets=[]), "UTC")
    assert quiet.text == "None of those that wait is due in the next hour."


def test_what_came_of_it_is_said_in_words() -> None:
    assert told("cancel", Tally(done=11, refused=Counter({ENDED: 1}))) == ("11 cancelled, 1 had ended already.", [])
    assert told("cancel", Tally(done=1200, left=300)) == ("1,200 cancelled, 300 left.", [])
    why = "Another execution of this flow runs for this person now, so this one cannot be tried again."
    assert told("retry", Tally(done=2, refused=Counter({why: 3}))) == ("2 tried again.", [f"3 not tried again: {why}"])
