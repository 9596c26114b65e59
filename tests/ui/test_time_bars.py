"""Where the time went: bars, gaps and labels on one axis, for eyes and for ears."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from autoflows.services.views.executions import ActionLogView, ExecutionView
from autoflows.ui.time_bars import TimeBars, time_bars
from autoflows.ui.timeline import timeline
from tests.ui.runs import NOW, log, run, story


def drawn(execution: ExecutionView, logs: Sequence[ActionLogView], now: datetime = NOW + timedelta(hours=1)) -> TimeBars:
    return time_bars(execution, timeline(story(execution, logs), {}), logs, now)


def test_a_short_call_beside_a_long_wait_is_seen() -> None:
    logs = [log(1, "ai_call", "success", took=2, outcome="missed"), log(2, "wait", "success", begin=2, took=600)]
    bars = drawn(run("completed", completed_at=NOW + timedelta(seconds=602)), logs)
    (call,), (wait,) = (row.bars for row in bars.rows)
    assert (call.kind, wait.kind) == ("contact", "wait")
    assert call.left == 0
    assert call.width > 10  # 0.3 by scale
    assert abs(wait.left - call.width) < 0.01
    assert abs(wait.left + wait.width - 100) < 0.01
    assert [tick.label for tick in bars.ticks] == ["start", "+2.0 s", "+10 min 2 s"]
    assert [row.lasted for row in bars.rows] == ["2.0 s", "10 min"]
    assert (bars.worked, bars.waited) == ("2.0 s", "10 min")


def test_every_row_is_a_sentence_for_those_who_do_not_see_it() -> None:
    logs = [
        log(1, "ai_call", "failed", took=3),
        log(1, "ai_call", "success", 2, begin=63, took=30, outcome="answered"),
        log(2, "wait", "skipped", begin=93, took=0, skip_reason="Call was answered"),
        log(3, "email", "running", begin=93),
    ]
    assert [row.text for row in drawn(run(step=3), logs, NOW + timedelta(seconds=95)).rows] == [
        "1. AI call, attempt 1: began at the start, took 3.0 s, failed.",
        "1. AI call, attempt 2: pause before trying again for 1 min, began 1 min 3 s after the start, took 30.0 s, answered.",
        "2. Wait: 1 min 33 s after the start, skipped: Call was answered.",
        "3. E-mail: began 1 min 33 s after the start, not over yet, running.",
    ]


def test_a_gap_is_a_hold_and_a_blink_is_not() -> None:
    logs = [log(1, "ai_call", "success", begin=3600, took=30), log(3, "email", "success", begin=3630.4, took=1)]
    first, second = drawn(run("completed"), logs).rows
    assert [bar.kind for bar in first.bars] == ["held", "contact"]
    assert first.bars[0].text == "Held or queued: 1 h"
    assert [bar.kind for bar in second.bars] == ["contact"]


def test_a_hold_that_lasts_is_drawn_to_its_end() -> None:
    bars = drawn(run(waiting="Flow hours: opens 12:00", until=NOW + timedelta(hours=3)), [], NOW)
    (row,) = bars.rows
    assert (row.bars[0].kind, row.bars[0].is_open, row.lasted) == ("held", True, "3 h")
    assert row.bars[0].text == "Flow hours: opens 12:00: 3 h"
    assert row.text.startswith("1. AI call: held, beginning at the start, to take 3 h, Held until 12:00")
    assert (bars.worked, bars.waited) == ("—", "0 ms")


def test_a_call_that_is_out_is_drawn_up_to_now_and_a_wait_to_its_end() -> None:
    out = drawn(run(), [log(1, "ai_call", "running")], NOW + timedelta(seconds=20))
    assert (out.rows[0].bars[0].is_open, out.rows[0].lasted, out.worked) == (True, "running", "20.0 s")
    waits = drawn(run(step=2), [log(2, "wait", "running", wait_until=NOW + timedelta(minutes=10))], NOW + timedelta(seconds=1))
    assert (waits.rows[0].lasted, waits.worked) == ("10 min", "—")
    assert waits.rows[0].text == "2. Wait: began at the start, to take 10 min, running."


def test_nothing_yet_is_no_picture() -> None:
    assert drawn(run(), []).rows == []


moments = st.floats(0, 1_000_000, allow_nan=False)
attempts = st.lists(
    st.tuples(
        st.sampled_from(["ai_call", "wait", "email"]), st.sampled_from(["success", "failed", "running", "skipped"]), moments, moments
    ),
    max_size=12,
)


@given(attempts, moments)
def test_bars_and_labels_stay_on_the_axis_in_order(made: list[tuple[str, str, float, float]], now: float) -> None:
    logs = [
        log(n, kind, status, begin=begin, took=None if status == "running" else took)
        for n, (kind, status, begin, took) in enumerate(made, 1)
    ]
    bars = drawn(run(), logs, NOW + timedelta(seconds=now))
    assert len(bars.rows) == len(logs)
    for row in bars.rows:
        for bar in row.bars:
            assert bar.left >= 0
            assert bar.width >= 0
            assert bar.left + bar.width <= 100.01
    places = [tick.left for tick in bars.ticks]
    assert places == sorted(places)
