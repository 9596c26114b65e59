"""The gates of time: legal hours where the contact is, and the hours that the flow or the account keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from autoflows.domain.account import BusinessHours
from autoflows.domain.flow import FlowDefinition, OutsideHours
from autoflows.domain.gate_context import YES, Answer, GateContext
from autoflows.domain.holidays import holiday_name
from autoflows.domain.hours import Hours, Window, next_open_in_all, window_of
from autoflows.domain.legal import bounds_of, tightest
from autoflows.domain.whereabouts import Whereabouts, address_of, whereabouts


def flow_window(definition: FlowDefinition, default_hours: BusinessHours | None, holidays: frozenset[date]) -> Window | None:
    """The hours a flow keeps: its own, else the account's; None means always open."""
    if definition.use_custom_business_hours:
        assert definition.business_hours_start and definition.business_hours_end and definition.business_hours_timezone
        return Window(
            frozenset(definition.business_days),
            definition.business_hours_start,
            definition.business_hours_end,
            definition.business_hours_timezone,
            holidays,
        )
    return window_of(default_hours, holidays) if default_hours else None


def _where(c: GateContext) -> Whereabouts | None:
    """Where the contact may be; None if no law's hours are kept, so that it does not matter."""
    if not c.channel or c.policy.account.legal_hours == "off":
        return None
    lead = c.lead
    return whereabouts(lead.timezone, lead.phone, address_of(lead.custom_fields), c.policy.account_zone, c.policy.account.default_country)


def legal_hours(c: GateContext) -> Answer:
    """The law of every place where the contact may be, by this channel, all of it."""
    where = _where(c)
    bounds = bounds_of(c.channel, where) if c.channel and where else ()
    if where is None or not bounds:
        return YES
    bound = tightest(bounds, c.now)
    if bound is None:
        return Answer(True, zones=where.zones, zone_origin=where.origin)
    windows: list[Hours] = [*bounds]
    kept = flow_window(c.definition, c.policy.default_hours, c.policy.holidays)
    if kept is not None and c.definition.outside_hours is OutsideHours.WAIT:
        windows.append(kept)
    answer = _closed(f"Legal hours ({bound.rule.label})", windows, bound.zone, c.now)
    detail = f"{answer.detail}; zone from {where.origin}"
    return replace(answer, detail=detail, rule=bound.rule.id, zones=where.zones, zone_origin=where.origin)


def flow_hours(c: GateContext) -> Answer:
    """The flow's hours, else the account's; outside them the flow waits or skips, as it says."""
    window = flow_window(c.definition, c.policy.default_hours, c.policy.holidays) if c.channel else None
    if window is None or window.is_open(c.now):
        return YES
    whose = "Flow hours" if c.definition.use_custom_business_hours else "Business hours"
    if c.definition.outside_hours is OutsideHours.SKIP:
        today = window.holiday_at(c.now)
        closed = f"closed for {holiday_name(c.policy.account, today)}" if today else "closed now"
        return Answer(False, f"{whose}: {closed}, and the flow skips instead of waiting")
    where = _where(c)
    bounds = bounds_of(c.channel, where) if c.channel and where else ()
    holiday = window.holiday_before(c.now)
    why = f"closed for {holiday_name(c.policy.account, holiday)}, " if holiday else ""
    return _closed(whose, [window, *bounds], window.zone, c.now, why)


def _closed(whose: str, windows: Sequence[Hours], zone: str, now: datetime, why: str = "") -> Answer:
    """Not now: wait until all hours are open together, or for good if they never are, lest each waits for the other for ever."""
    opening = next_open_in_all(windows, now)
    if opening is None:
        return Answer(False, f"{whose}: never open together with the other hours that apply to this contact")
    return Answer(False, f"{whose}: {why}opens {_local(opening, zone)}", opening)


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} {zone}"
