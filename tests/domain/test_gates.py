"""The gates one by one, and their order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from autoflows.domain.capacity import Allowance, BreakerState, Health, Limits, Lines, Rate
from autoflows.domain.conditions import Lead
from autoflows.domain.flow import Action, FlowDefinition
from autoflows.domain.gate_context import GateContext, Policy, Standing
from autoflows.domain.gates import GATES, Verdict, ask
from autoflows.domain.holidays import closed_days
from autoflows.domain.outcomes import MessageState
from tests.domain.build import ASHA, NOW, call, flow, mail, policy, wait, whatsapp


def asked(definition: FlowDefinition, *, lead: Lead = ASHA, now: datetime = NOW, **other: Any) -> Verdict:
    rules: Policy = other.pop("policy", policy())
    consent, standing = other.pop("consent", None), Standing(**other)
    return ask(GateContext(definition.actions[0], definition, lead, consent, standing, rules, now))


def blocked(verdict: Verdict) -> str | None:
    return verdict.block.gate if verdict.block else None


def test_the_order_is_the_architectures() -> None:
    order = [name for name, _ in GATES]
    assert order == [
        "kill_switch", "dnc", "consent", "holdout", "exit_rules", "condition", "address", "legal_hours", "flow_hours", "frequency_cap",
        "channel_health", "concurrency", "rate", "budget",
    ]  # fmt: skip
    assert [result.gate for result in asked(flow(call())).results] == order


def test_the_first_no_is_the_last_gate_asked() -> None:
    verdict = asked(flow(call()), lead=replace(ASHA, tags=("dnc",)), consent={"channels": []})
    assert [(r.gate, r.passed) for r in verdict.results] == [("kill_switch", True), ("dnc", False)]


def test_the_kill_switch_holds_every_contact_and_nothing_else() -> None:
    verdict = asked(flow(mail()), policy=policy(kill_switch=True), lead=replace(ASHA, tags=("dnc",)))
    assert blocked(verdict) == "kill_switch"
    assert verdict.block is not None
    assert verdict.block.next_allowed_at == NOW + timedelta(minutes=1)
    assert blocked(asked(flow(wait(duration_minutes=1)), policy=policy(kill_switch=True))) is None


@pytest.mark.parametrize("tag", ["DNC", "dnc", " Dnc "])
def test_dnc_in_any_case(tag: str) -> None:
    assert blocked(asked(flow(mail()), lead=replace(ASHA, tags=("new", tag)))) == "dnc"


@pytest.mark.parametrize("tag", ["dnc-list", "do not call", "dn c", ""])
def test_only_the_whole_tag_is_dnc(tag: str) -> None:
    assert blocked(asked(flow(mail()), lead=replace(ASHA, tags=(tag,)))) is None


@pytest.mark.parametrize(
    ("consent", "called", "mailed"),
    [
        (None, True, True),
        ({"channels": None, "text": "asked nothing"}, True, True),
        ({"channels": ["call"]}, True, True),
        ({"channels": ["email"]}, False, True),
        ({"channels": ["whatsapp"]}, False, True),
        ({"channels": []}, False, False),
    ],
)
def test_consent(consent: dict[str, Any] | None, called: bool, mailed: bool) -> None:
    assert (blocked(asked(flow(call()), consent=consent)) is None) is called
    assert (blocked(asked(flow(mail()), consent=consent)) is None) is mailed


@pytest.mark.parametrize(
    ("wanted", "met_by"),
    [
        ("queued", {"queued", "sent", "delivered", "read", "replied"}),
        ("sent", {"sent", "delivered", "read", "replied"}),
        ("delivered", {"delivered", "read", "replied"}),
        ("read", {"read", "replied"}),
        ("replied", {"replied"}),
        ("failed", {"failed"}),
    ],
)
def test_message_status_means_at_least_so_far(wanted: str, met_by: set[str]) -> None:
    definition = flow(mail(condition_type="message_status", condition_value=wanted))
    assert {s.value for s in MessageState if blocked(asked(definition, message_states=frozenset({s}))) is None} == met_by
    assert blocked(asked(definition)) == "condition"


@pytest.mark.parametrize(
    ("field", "value", "passes"),
    [
        ("company", "ASHA agro", True),
        ("company", "Other", False),
        ("company", None, True),
        ("timezone", None, False),
        ("custom_fields.Product", "solar pump", True),
        ("custom_fields.budget", "5000", True),
        ("custom_fields.nothing", None, False),
        ("tags", "vip", True),
        ("tags", "new", True),
        ("tags", "vi", False),
        ("tags", None, True),
        ("no_such_field", None, False),
        ("__class__", None, False),
    ],
)
def test_contact_fields(field: str, value: str | None, passes: bool) -> None:
    lead = replace(ASHA, tags=("new", "VIP"), custom_fields={"product ": "Solar Pump", "budget": 5000})
    definition = flow(mail(condition_type="contact_field", condition_field=field, condition_value=value))
    assert (blocked(asked(definition, lead=lead)) is None) is passes


def test_no_tags_are_no_tags() -> None:
    assert blocked(asked(flow(mail(condition_type="contact_field", condition_field="tags")))) == "condition"


def without(address: str) -> Lead:
    return replace(ASHA, phone=None) if address == "phone" else replace(ASHA, email=None)


@pytest.mark.parametrize(("step", "missing"), [(call(), "phone"), (whatsapp(), "phone"), (mail(), "email")])
def test_an_address_is_needed(step: dict[str, Any], missing: str) -> None:
    assert blocked(asked(flow(step), lead=without(missing))) == "address"
    other = {"phone": "email", "email": "phone"}[missing]
    assert blocked(asked(flow(step), lead=without(other))) is None


def test_legal_hours_are_of_the_contacts_zone() -> None:
    rules = policy(legal_hours="on")
    late = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)  # 21:30 in Kolkata, 20:00 in Dubai
    verdict = asked(flow(call()), policy=rules, now=late)
    assert blocked(verdict) == "legal_hours"
    assert verdict.block is not None
    assert verdict.block.next_allowed_at == datetime(2026, 3, 5, 3, 30, tzinfo=UTC)
    assert "opens Thu 05 Mar 09:00 Asia/Kolkata; zone from phone" in verdict.block.detail
    assert blocked(asked(flow(call()), policy=rules, now=late, lead=replace(ASHA, timezone="Asia/Dubai"))) is None
    assert blocked(asked(flow(mail()), policy=rules, now=late)) is None
    assert blocked(asked(flow(call()), policy=policy(legal_hours="off"), now=late)) is None


def test_holidays_close_the_hours() -> None:
    hours = policy(holidays=["2026-03-04"], default_hours=None)
    assert blocked(asked(flow(call()), policy=hours)) is None, "an account that keeps no hours keeps no holidays"
    own = {"use_custom_business_hours": True, "business_hours_start": "09:00", "business_hours_end": "19:00"}
    verdict = asked(flow(call(), business_hours_timezone="Asia/Kolkata", **own), policy=hours)
    assert blocked(verdict) == "flow_hours"
    assert verdict.block is not None
    assert verdict.block.next_allowed_at == datetime(2026, 3, 5, 3, 30, tzinfo=UTC)


DIWALI = datetime(2026, 11, 8, 6, 30, tzinfo=UTC)  # Sunday noon in Kolkata
OWN_HOURS = {
    "use_custom_business_hours": True, "business_hours_start": "09:00", "business_hours_end": "19:00",
    "business_hours_timezone": "Asia/Kolkata", "business_days": [1, 2, 3, 4, 5, 6, 7],
}  # fmt: skip


def on_public_holidays(**settings: Any) -> Policy:
    rules = policy(holiday_country="IN", **settings)
    return replace(rules, holidays=closed_days(rules.account, 2026))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (DIWALI, "Flow hours: closed for Diwali, opens Mon 09 Nov 09:00 Asia/Kolkata"),
        (DIWALI - timedelta(hours=4), "Flow hours: closed for Diwali, opens Mon 09 Nov 09:00 Asia/Kolkata"),  # before it would open
        (DIWALI + timedelta(hours=8), "Flow hours: opens Mon 09 Nov 09:00 Asia/Kolkata"),  # closed at this hour on any day
        (DIWALI - timedelta(hours=16), "Flow hours: closed for Diwali, opens Mon 09 Nov 09:00 Asia/Kolkata"),  # the evening before
    ],
)
def test_the_holiday_is_named(now: datetime, said: str) -> None:
    block = asked(flow(call(), **OWN_HOURS), policy=on_public_holidays(), now=now).block
    assert block is not None
    assert (block.gate, block.detail) == ("flow_hours", said)
    assert block.next_allowed_at == datetime(2026, 11, 9, 3, 30, tzinfo=UTC)


def test_a_public_holiday_may_be_worked_on() -> None:
    assert blocked(asked(flow(call(), **OWN_HOURS), policy=on_public_holidays(working_holidays=["2026-11-08"]), now=DIWALI)) is None


@pytest.mark.parametrize(("now", "closed"), [(DIWALI, "closed for Diwali"), (DIWALI + timedelta(hours=8), "closed now")])
def test_a_flow_that_skips_says_why(now: datetime, closed: str) -> None:
    block = asked(flow(call(), outside_hours="skip", **OWN_HOURS), policy=on_public_holidays(), now=now).block
    assert block is not None
    assert (block.detail, block.next_allowed_at) == (f"Flow hours: {closed}, and the flow skips instead of waiting", None)


def test_an_own_closed_date_has_no_name() -> None:
    rules = policy(holidays=["2026-11-08"])
    block = asked(flow(call(), **OWN_HOURS), policy=rules, now=DIWALI).block
    assert block is not None
    assert block.detail == "Flow hours: closed for a holiday, opens Mon 09 Nov 09:00 Asia/Kolkata"


@pytest.mark.parametrize(
    ("hours_ago", "free_in"), [([], None), ([1], None), ([1, 2], timedelta(hours=22)), ([1, 2, 3], timedelta(hours=22)), ([1, 24], None)]
)
def test_the_frequency_cap(hours_ago: list[int], free_in: timedelta | None) -> None:
    rules = replace(policy(frequency_cap=2), recent_contacts=[NOW - timedelta(hours=h) for h in hours_ago])
    verdict = asked(flow(mail()), policy=rules)
    assert (verdict.block.next_allowed_at if verdict.block else None) == (NOW + free_in if free_in else None)
    if free_in:
        assert blocked(asked(flow(mail()), policy=rules, now=NOW + free_in)) is None


def test_two_caps_are_kept_together() -> None:
    rules = replace(policy(frequency_cap=2, frequency_cap_week=3), recent_contacts=[NOW - timedelta(days=n) for n in (1, 3, 6)])
    block = asked(flow(mail()), policy=rules).block
    assert block is not None
    assert (block.detail, block.next_allowed_at) == ("Frequency cap: 3 contacts in 7 days", NOW + timedelta(days=1))
    assert blocked(asked(flow(mail()), policy=rules, now=NOW + timedelta(days=1))) is None


def limited(**kinds: Any) -> Policy:
    return replace(policy(), limits={1: Limits(**kinds)})


def test_a_busy_line_is_waited_for_in_its_queue() -> None:
    busy = Lines("'Bolna'", "lines:1", limit=2, in_use=2, ahead=3)
    block = asked(flow(call()), policy=limited(lines=(busy,))).block
    assert block is not None
    assert (block.gate, block.detail, block.queue) == ("concurrency", "Waiting for a free line, 3 ahead", "lines:1")
    assert block.as_dict()["next_allowed_at"] is None, "nobody knows when a call ends"
    assert blocked(asked(flow(call()), policy=limited(lines=(replace(busy, in_use=1, ahead=0),)))) is None


def test_a_held_channel_a_rate_and_a_budget() -> None:
    held = Health("The channel 'Bolna'", "channel:1", BreakerState.OPEN, NOW + timedelta(minutes=2), "no balance", ahead=5)
    block = asked(flow(call()), policy=limited(health=held)).block
    assert block is not None
    assert (block.detail, block.next_allowed_at) == ("The channel 'Bolna' is held: no balance", NOW + timedelta(minutes=2, seconds=5))
    rate = Rate("The flow 'First call'", "rate:1", 60, timedelta(hours=1), NOW + timedelta(minutes=1))
    block = asked(flow(call()), policy=limited(rates=(rate,))).block
    assert block is not None
    assert (block.gate, block.detail) == ("rate", "The flow 'First call': 60 contacts an hour")
    spent = Allowance("Daily budget", "quota:1", 1000, 800, NOW + timedelta(hours=9), cost=300)
    block = asked(flow(call()), policy=limited(allowances=(spent,))).block
    assert block is not None
    assert (block.gate, block.next_allowed_at) == ("budget", NOW + timedelta(hours=9))
    dear = asked(flow(call()), policy=limited(allowances=(replace(spent, cost=2000),))).block
    assert dear is not None
    assert dear.next_allowed_at is None, "no time cures a price above the budget"


def test_a_held_flow_and_a_field_that_says_stop() -> None:
    held = replace(policy(), flow_held=True, flow_queue="flow:7")
    block = asked(flow(mail()), policy=held).block
    assert block is not None
    assert (block.gate, block.queue, block.guess) == ("kill_switch", "flow:7", True)
    assert blocked(asked(flow(wait(duration_minutes=1)), policy=held)) is None
    rules = {"on_field": "custom_fields.stage", "on_field_value": "Won"}
    won = replace(ASHA, custom_fields={"Stage": "won"})
    assert asked(flow(mail(), exit_rules=rules), lead=won).results[-1].detail == "The contact's custom_fields.stage is 'Won'"
    assert blocked(asked(flow(mail(), exit_rules=rules), lead=replace(ASHA, custom_fields={"stage": "new"}))) is None
    assert blocked(asked(flow(mail(), exit_rules={"on_field": "custom_fields.stage"}), lead=won)) == "exit_rules"


def test_a_step_that_contacts_nobody_passes_the_gates_of_contact() -> None:
    notify = Action.model_validate({"action_order": 1, "action_type": "notify_team"})
    definition = flow().model_copy(update={"actions": [notify]})
    night = policy(legal_hours="on", frequency_cap=1, kill_switch=True)
    nobody = Lead("API", "api", tags=("dnc",))
    assert blocked(asked(definition, lead=nobody, consent={"channels": []}, policy=night, now=NOW.replace(hour=20))) is None
