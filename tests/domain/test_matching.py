"""Which flow a lead enters, and what the trace says about the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.leads import Disposition
from autoflows.domain.matching import Candidate, History, Match, match
from tests.domain.build import ASHA, NOW, flow, mail
from tests.domain.settings import THOROUGH

SOURCE = {"condition_type": "lead_source", "condition_value": "IndiaMART"}
ANY = {"condition_type": "lead_source", "condition_operator": "any"}
ORDER = ["dnc", "consent", "re_entry", "cooldown", "flow_hours"]
NINE_TO_FIVE = {
    "use_custom_business_hours": True,
    "business_hours_start": "09:00",
    "business_hours_end": "17:00",
    "business_hours_timezone": "Asia/Kolkata",
}
NIGHT = datetime(2026, 3, 4, 20, tzinfo=UTC)


def candidate(priority: int, *conditions: dict[str, Any], **settings: Any) -> Candidate:
    definition = flow(mail(), conditions=list(conditions), **settings)
    return Candidate(UUID(int=priority + 1), f"Flow {priority}", priority, definition)


def matched(*candidates: Candidate, history: History | None = None, now: datetime = NOW, **other: Any) -> Match:
    return match(
        other.get("lead", ASHA), candidates, history or History(), AccountSettings(), other.get("hours"), other.get("consent"),
        other.get("holidays", frozenset()), now, other.get("suppressed", ()), other.get("zone", "UTC"),
    )  # fmt: skip


def gates_of(found: Match) -> list[tuple[str, bool]]:
    return [(gate["gate"], gate["passed"]) for line in found.trace for gate in line["gates"]]


def test_the_lowest_number_wins_whatever_the_order() -> None:
    found = matched(candidate(3, ANY), candidate(1, SOURCE), candidate(2, ANY))
    assert found.flow is not None
    assert (found.disposition, found.flow.priority) == (Disposition.ENROLLED, 1)
    assert found.reason == "Matched 'Flow 1' (priority 1)"
    assert [(line["priority"], line["matched"]) for line in found.trace] == [(1, True), (2, True), (3, True)]
    assert [line["note"] for line in found.trace] == ["", *["Matched too, but 'Flow 1' has the higher priority"] * 2]
    assert gates_of(found) == [(name, True) for name in ORDER]


def test_all_conditions_must_hold() -> None:
    tag = {"condition_type": "tag", "condition_value": "vip"}
    assert matched(candidate(1, SOURCE, tag)).disposition is Disposition.NO_MATCH
    assert matched(candidate(1, SOURCE, tag), lead=replace(ASHA, tags=("VIP",))).disposition is Disposition.ENROLLED


def test_a_flow_without_conditions_never_starts() -> None:
    found = matched(candidate(1))
    assert found.disposition is Disposition.NO_MATCH
    assert "never starts by itself" in found.trace[0]["note"]


def test_why_nothing_matched() -> None:
    assert matched().reason == "No flow is enabled"
    assert matched(candidate(1, SOURCE), lead=replace(ASHA, lead_source="X")).reason == "No enabled flow's conditions hold"
    assert matched(lead=replace(ASHA, tags=("dnc",))).disposition is Disposition.BLOCKED_DNC


@pytest.mark.parametrize(("minutes", "free"), [(0, False), (59, False), (60, True), (600, True)])
def test_cooldown(minutes: int, free: bool) -> None:
    found = matched(candidate(1, ANY), history=History(NOW - timedelta(minutes=minutes)))
    assert (found.disposition is Disposition.ENROLLED) is free
    if not free:
        assert found.disposition is Disposition.COOLDOWN
        assert found.reason == "Cooldown: this person entered a flow less than 60 minutes ago"
        assert found.trace[0]["gates"][-1]["next_allowed_at"] == (NOW + timedelta(minutes=60 - minutes)).isoformat()


def test_a_flows_own_cooldown_counts_before_the_accounts() -> None:
    just_now = History(NOW - timedelta(seconds=1))
    assert matched(candidate(1, ANY, cooldown_minutes=0), history=just_now).disposition is Disposition.ENROLLED
    yesterday = History(NOW - timedelta(days=1))
    assert matched(candidate(1, ANY, cooldown_minutes=2000), history=yesterday).disposition is Disposition.COOLDOWN


def test_no_second_run_of_the_same_flow_while_one_is_live() -> None:
    live = History(None, frozenset({UUID(int=2)}))
    found = matched(candidate(1, ANY), candidate(2, ANY), history=live)
    assert (found.disposition, found.flow) == (Disposition.DUPLICATE, None)
    assert gates_of(found)[-1] == ("re_entry", False)
    assert matched(candidate(2, ANY), history=live).disposition is Disposition.ENROLLED


@pytest.mark.parametrize(
    ("consent", "disposition"),
    [
        (None, Disposition.ENROLLED),
        ({"channels": None}, Disposition.ENROLLED),
        ({"channels": ["email"]}, Disposition.ENROLLED),
        ({"channels": []}, Disposition.BLOCKED_CONSENT),
    ],
)
def test_consent(consent: dict[str, Any] | None, disposition: Disposition) -> None:
    assert matched(candidate(1, ANY), consent=consent).disposition is disposition


def test_outside_hours_only_a_flow_that_skips_turns_a_lead_away() -> None:
    found = matched(candidate(1, ANY, outside_hours="skip", **NINE_TO_FIVE), now=NIGHT)
    assert found.disposition is Disposition.OUTSIDE_HOURS
    assert found.trace[0]["gates"][-1]["next_allowed_at"] == "2026-03-05T03:30:00+00:00"
    assert matched(candidate(1, ANY, **NINE_TO_FIVE), now=NIGHT).disposition is Disposition.ENROLLED
    assert matched(candidate(1, ANY, outside_hours="skip", **NINE_TO_FIVE)).disposition is Disposition.ENROLLED
    by_default = matched(candidate(1, ANY, outside_hours="skip"), hours=BusinessHours(), now=NIGHT)
    assert by_default.disposition is Disposition.OUTSIDE_HOURS
    on_a_holiday = matched(candidate(1, ANY, outside_hours="skip"), hours=BusinessHours(), holidays=frozenset({date(2026, 3, 4)}))
    assert on_a_holiday.disposition is Disposition.OUTSIDE_HOURS
    assert "(closed for a holiday), which is set to skip" in on_a_holiday.reason


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    priorities = draw(st.lists(st.integers(1, 50), unique=True, max_size=6))
    conditions = st.lists(st.sampled_from([SOURCE, ANY, {"condition_type": "tag", "condition_value": "vip"}]), max_size=2)
    return [
        candidate(
            n, *draw(conditions), cooldown_minutes=draw(st.sampled_from([None, 0, 90])),
            outside_hours=draw(st.sampled_from(["wait", "skip"])), **draw(st.sampled_from([{}, NINE_TO_FIVE])),
        )
        for n in priorities
    ]  # fmt: skip


@THOROUGH
@given(
    candidates(),
    st.sampled_from([(), ("vip",), ("DNC",), ("vip", "dnc")]),
    st.builds(
        History,
        st.sampled_from([None, NOW, NOW - timedelta(minutes=70), NOW - timedelta(days=3)]),
        st.frozensets(st.integers(2, 51).map(lambda n: UUID(int=n)), max_size=20),
    ),
    st.sampled_from([None, {"channels": []}, {"channels": ["call"]}]),
    st.sampled_from([NOW, NIGHT]),
)
def test_the_trace_tells_what_was_decided(
    flows: list[Candidate], tags: tuple[str, ...], history: History, consent: dict[str, Any] | None, now: datetime
) -> None:
    found = matched(*flows, lead=replace(ASHA, tags=tags), history=history, consent=consent, now=now)
    assert [line["priority"] for line in found.trace] == sorted(c.priority for c in flows)
    for line in found.trace:
        assert line["matched"] == (bool(line["conditions"]) and all(c["met"] for c in line["conditions"]))
    winners = [line for line in found.trace if line["matched"]]
    assert all(not line["gates"] for line in found.trace if line not in winners[:1])
    if not winners:
        assert found.disposition in (Disposition.NO_MATCH, Disposition.BLOCKED_DNC)
        return
    gates = winners[0]["gates"]
    assert [gate["gate"] for gate in gates] == ORDER[: len(gates)]
    assert all(gate["passed"] for gate in gates[:-1])
    if gates[-1]["passed"]:
        assert len(gates) == len(ORDER)
        assert found.disposition is Disposition.ENROLLED
        assert found.flow is not None
        assert str(found.flow.flow_id) == winners[0]["flow_id"]
    else:
        refusals = {
            "dnc": Disposition.BLOCKED_DNC,
            "consent": Disposition.BLOCKED_CONSENT,
            "re_entry": Disposition.DUPLICATE,
            "cooldown": Disposition.COOLDOWN,
            "flow_hours": Disposition.OUTSIDE_HOURS,
        }
        assert found.disposition is refusals[gates[-1]["gate"]]
        assert found.flow is None
        assert found.reason == gates[-1]["detail"]
