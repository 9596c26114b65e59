"""Legal hours: the rules as data, and that no contact is allowed while any rule that applies forbids it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.conditions import Lead
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.gate_context import GateContext, GateResult, Standing
from autoflows.domain.gates import ask
from autoflows.domain.holidays import public_holidays
from autoflows.domain.hours import EVERY_DAY, next_open_in_all
from autoflows.domain.legal import CALLS, RULES, Bound, LegalRule, bounds_of, rules_of, tightest
from autoflows.domain.regions import REGIONS
from autoflows.domain.whereabouts import Place, Whereabouts, address_of, whereabouts
from tests.domain import clockwork
from tests.domain.build import ASHA, call, flow, mail, policy
from tests.domain.settings import QUICK, THOROUGH

SMS = {"action_type": "sms", "action_config": {"text": "Hello", "sms_sender_id": "x"}}
HOLIDAYS = {c: {day for year in range(2022, 2029) for day in public_holidays(c, None, year)} for c in ("AU", "CA", "FR", "IN", "US")}


def legal(channel: str, where: Whereabouts, at: datetime) -> bool:
    return all(bound.is_open(at) for bound in bounds_of(channel, where))


def in_place(country: str, region: str | None, zone: str) -> Whereabouts:
    return Whereabouts((Place(country, (region,) if region else (), (zone,)),), "address")


def test_rules_are_well_formed() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.id.startswith(rule.label)
        assert rule.source
        assert rule.since < rule.until
        assert rule.region is None or rule.region in REGIONS[rule.country]
        # No clock changes at these hours, so a legal hour is the same by the wall and by instants.
        assert all(time(4) < start < end for start, end in rule.hours)


@pytest.mark.parametrize(
    ("country", "region", "channel", "local", "allowed"),
    [
        ("IN", None, "call", "2026-03-04T09:00", True),
        ("IN", None, "call", "2026-03-04T08:59", False),
        ("IN", None, "call", "2026-03-04T20:59", True),
        ("IN", None, "whatsapp", "2026-03-04T21:00", False),
        ("IN", None, "sms", "2026-03-04T09:30", False),
        ("IN", None, "sms", "2025-09-30T09:30", True),
        ("IN", None, "email", "2026-03-04T03:00", True),
        ("IN", None, "call", "2010-11-30T03:00", True),
        ("US", None, "call", "2026-03-04T20:30", True),
        ("US", "CA", "call", "2026-03-04T20:30", True),
        ("US", "FL", "call", "2026-03-04T20:30", False),
        ("US", "FL", "call", "2021-06-30T20:30", True),
        ("US", "KY", "sms", "2026-03-04T09:30", False),
        ("US", "KY", "sms", "2026-03-04T10:00", True),
        ("US", "TX", "call", "2026-03-08T11:59", False),  # a Sunday
        ("US", "TX", "call", "2026-03-08T12:00", True),
        ("US", "TX", "call", "2026-03-07T08:00", True),
        ("US", "ME", "call", "2026-03-04T17:00", False),
        ("US", "ME", "call", "2026-03-07T12:00", False),
        ("US", "ME", "sms", "2026-03-07T12:00", True),
        ("US", "PA", "call", "2026-10-11T12:00", True),  # the last Sunday before the rule
        ("US", "PA", "call", "2026-10-18T12:00", False),
        ("PR", None, "call", "2026-03-04T07:59", False),
        ("CA", "ON", "call", "2026-03-04T21:29", True),
        ("CA", "ON", "call", "2026-03-07T18:00", False),
        ("CA", "ON", "sms", "2026-03-07T03:00", True),
        ("FR", None, "call", "2026-03-04T13:30", False),
        ("FR", None, "call", "2026-03-04T14:00", True),
        ("FR", None, "call", "2026-03-07T11:00", False),
        ("FR", None, "call", "2026-07-14T11:00", False),  # the national holiday
        ("AU", "VIC", "call", "2026-01-26T11:00", False),
        ("AU", "VIC", "call", "2026-03-07T16:59", True),
        ("AU", "VIC", "call", "2026-03-08T12:00", False),
        ("GB", None, "call", "2026-03-04T03:00", True),
        ("DE", None, "call", "2026-03-04T03:00", True),
    ],
)
def test_what_is_legal(country: str, region: str | None, channel: str, local: str, allowed: bool) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=UTC)
    assert legal(channel, in_place(country, region, "UTC"), at) is allowed


def test_a_rule_begins_and_ends_on_its_dates_also_within_a_wait() -> None:
    rule = LegalRule("x", "XX", CALLS, EVERY_DAY, ((time(10), time(12)),), "a test", since=date(2026, 3, 5), until=date(2026, 3, 7))
    bound = Bound(rule, "Asia/Kolkata")
    before = datetime(2026, 3, 4, 18, 29, tzinfo=UTC)  # 23:59 in Kolkata on the day before it begins
    assert bound.next_open(before) == before
    begun = before + timedelta(minutes=1)
    assert not bound.is_open(begun)
    assert bound.next_open(begun) == datetime(2026, 3, 5, 4, 30, tzinfo=UTC)
    last_evening = datetime(2026, 3, 6, 6, 30, tzinfo=UTC)  # 12:00 on its last day
    assert bound.next_open(last_evening) == datetime(2026, 3, 6, 18, 30, tzinfo=UTC), "midnight, when it is no longer in force"


def test_a_wait_across_a_rules_first_day_keeps_the_rule() -> None:
    """Saturday evening before the first Sunday on which Pennsylvania forbids calls: the next legal time is Monday's."""
    saturday = datetime(2026, 10, 18, 1, 30, tzinfo=UTC)  # 21:30 on the 17th
    bounds = bounds_of("call", in_place("US", "PA", "America/New_York"))
    assert next_open_in_all(bounds, saturday) == datetime(2026, 10, 19, 12, 0, tzinfo=UTC)
    week_before = saturday - timedelta(days=7)
    assert next_open_in_all(bounds, week_before) == datetime(2026, 10, 11, 12, 0, tzinfo=UTC)


def test_a_rule_that_never_allows_has_no_opening() -> None:
    never = Bound(LegalRule("x", "XX", CALLS, EVERY_DAY, (), "a test"), "UTC")
    assert never.next_open(datetime(2026, 3, 4, tzinfo=UTC)) is None
    assert tightest([never], datetime(2026, 3, 4, tzinfo=UTC)) == never


@st.composite
def whereabouts_of(draw: st.DrawFn) -> Whereabouts:
    places = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3))
    return Whereabouts(tuple(places), "address")


STRICTER = {rule.region for rule in RULES if rule.country == "US" and rule.region}
PLACES = [
    *(Place("US", (code,), REGIONS["US"][code].zones) for code in sorted(STRICTER)),
    *(Place("CA", (code,), region.zones) for code, region in REGIONS["CA"].items()),
    Place("AU", ("NSW",), REGIONS["AU"]["NSW"].zones),
    Place("FR", (), ("Europe/Paris",)),
    Place("IN", (), ("Asia/Kolkata",)),
    Place("US", ("NY", "FL"), ("America/New_York", "Pacific/Honolulu")),
]
# Around the changes of clocks of 2026, New Year, a national holiday, and the days on which rules begin.
DAYS = st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-05", "2026-07-14", "2026-10-17", "2026-11-01", "2026-12-31", "2025-09-30"])


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    return datetime.fromisoformat(draw(DAYS)).replace(tzinfo=UTC) + timedelta(minutes=draw(st.integers(-1440, 2880)))


@THOROUGH
@given(whereabouts_of(), st.sampled_from(["call", "sms", "whatsapp", "email"]), instants())
def test_an_instant_is_legal_if_every_rule_allows_it(where: Whereabouts, channel: str, at: datetime) -> None:
    rules = [
        (rule, zone)
        for place in where.places
        for rule in RULES
        if rule.country == place.country and rule.region in (None, *place.regions) and channel in rule.channels
        for zone in place.zones
    ]
    for minutes in (0, 1, 30, 720):
        then = at + timedelta(minutes=minutes)
        assert legal(channel, where, then) == all(clockwork.is_legal(rule, zone, HOLIDAYS[rule.country], then) for rule, zone in rules)


@QUICK
@given(whereabouts_of(), st.sampled_from(["call", "sms"]), instants())
def test_the_next_legal_instant_is_the_first_minute_that_all_rules_allow(where: Whereabouts, channel: str, at: datetime) -> None:
    bounds = bounds_of(channel, where)
    found = next_open_in_all(bounds, at)

    def allowed(moment: datetime) -> bool:
        return all(clockwork.is_legal(bound.rule, bound.zone, HOLIDAYS[bound.rule.country], moment) for bound in bounds)

    if found is None or found > at + timedelta(days=5):
        step = timedelta(minutes=11)
        assert not [n for n in range(5 * 1440 // 11) if allowed(at + n * step)]
    else:
        assert found == clockwork.first_moment(at, allowed)


@QUICK
@given(
    st.sampled_from([None, "America/Chicago", "Australia/Sydney"]),
    st.sampled_from([None, "+919876543210", "+12145550123", "+18005550123", "+14165550123", "+33612345678"]),
    st.sampled_from([{}, {"state": "FL"}, {"country": "US"}, {"country": "CA", "province": "BC"}, {"zip": "15213", "country": "US"}]),
    instants(),
)
def test_the_gate_never_lets_a_call_through_that_a_rule_forbids(
    zone: str | None, phone: str | None, fields: dict[str, Any], at: datetime
) -> None:
    lead = Lead("API", "api", phone=phone or "+919876543210", timezone=zone, custom_fields=fields)
    asked = legal_answer(lead, at)
    places = whereabouts(zone, lead.phone, address_of(fields), "Asia/Kolkata", "IN").places
    applying = [(rule, z) for place in places for rule in rules_of("call", place.country, place.regions) for z in place.zones]
    assert asked.passed == all(clockwork.is_legal(rule, z, HOLIDAYS[rule.country], at) for rule, z in applying)
    if not asked.passed and asked.next_allowed_at is not None:
        assert legal_answer(lead, asked.next_allowed_at).passed


def legal_answer(lead: Lead, now: datetime, definition: FlowDefinition | None = None) -> GateResult:
    step = definition or flow(call())
    context = GateContext(step.actions[0], step, lead, None, Standing(), policy(legal_hours="on"), now)
    return next(result for result in ask(context).results if result.gate == "legal_hours")


def test_the_gate_says_which_rule_and_by_which_clock() -> None:
    texan = replace(ASHA, phone="+12145550123")
    sunday = datetime(2026, 3, 8, 15, 0, tzinfo=UTC)  # 10:00 in Chicago
    answer = legal_answer(texan, sunday)
    assert answer.detail == "Legal hours (US-TX): opens Sun 08 Mar 12:00 America/Chicago; zone from phone"
    assert answer.as_dict() == {
        "gate": "legal_hours", "passed": False, "detail": answer.detail, "next_allowed_at": "2026-03-08T17:00:00+00:00",
        "rule": "US-TX-sunday", "zones": ["America/Chicago"], "zone_origin": "phone",
    }  # fmt: skip
    passed = legal_answer(texan, sunday + timedelta(hours=3)).as_dict()
    assert (passed["passed"], passed["zone_origin"], "rule" in passed) == (True, "phone", False)
    moved = legal_answer(replace(texan, custom_fields={"State": "NY"}), sunday + timedelta(hours=3))
    assert (moved.zones, moved.zone_origin) == (("America/New_York", "America/Chicago"), "address and phone")
    german = legal_answer(replace(ASHA, phone="+4915112345678"), sunday)
    assert german.as_dict() == {"gate": "legal_hours", "passed": True, "detail": "", "next_allowed_at": None}


def test_hours_that_meet_no_legal_hour_are_a_no() -> None:
    night = {
        "use_custom_business_hours": True, "business_hours_start": "22:00", "business_hours_end": "05:00",
        "business_hours_timezone": "Asia/Kolkata",
    }  # fmt: skip
    answer = legal_answer(ASHA, datetime(2026, 3, 4, 18, 0, tzinfo=UTC), flow(call(), **night))
    assert (answer.passed, answer.next_allowed_at, answer.rule) == (False, None, "IN-call-2010")
    assert "never open together" in answer.detail


def test_e_mail_has_no_legal_hours() -> None:
    assert legal_answer(ASHA, datetime(2026, 3, 4, 20, 0, tzinfo=UTC), flow(mail())).passed
