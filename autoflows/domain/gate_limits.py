"""The gates of limits: what the account, the channel and the flow allow at the same time, in a while and in a day."""

from __future__ import annotations

from datetime import timedelta

from autoflows.domain.capacity import Allowance, Lines, Rate
from autoflows.domain.gate_context import CAP_WINDOW, YES, Answer, GateContext


def frequency_cap(c: GateContext) -> Answer:
    """Rolling windows, all of which must have room: a person is never contacted more often in any 24 hours, or any 7 days."""
    if not c.channel:
        return YES
    account, blocks = c.policy.account, []
    for cap, window, words in ((account.frequency_cap, timedelta(days=1), "24 hours"), (account.frequency_cap_week, CAP_WINDOW, "7 days")):
        recent = sorted(t for t in c.policy.recent_contacts if t > c.now - window)
        if cap is not None and len(recent) >= cap:
            blocks.append((recent[len(recent) - cap] + window, f"Frequency cap: {cap} contacts in {words}"))
    if not blocks:
        return YES
    free_at, why = max(blocks)
    return Answer(False, why, free_at)


def channel_health(c: GateContext) -> Answer:
    """A channel that does not work holds its contacts in its queue."""
    health = c.limits.health
    if not c.channel or health is None or (until := health.wait(c.now)) is None:
        return YES
    return Answer(False, f"{health.owner} is held: {health.reason}", until, health.queue)


def concurrency(c: GateContext) -> Answer:
    """Lines of the account and of the channel."""
    for lines in c.limits.lines:
        if (until := lines.wait(c.now)) is not None:
            return Answer(False, f"Waiting for a free line{_ahead(lines)}", until, lines.queue, guess=True)
    return YES


def rate(c: GateContext) -> Answer:
    """How often the channel and the flow may contact anybody."""
    waits = [(until, rate) for rate in c.limits.rates if (until := rate.wait(c.now)) is not None]
    if not waits:
        return YES
    until, rate = max(waits, key=lambda w: w[0])
    per = "a minute" if rate.period <= timedelta(minutes=1) else "an hour"
    return Answer(False, f"{rate.owner}: {rate.limit} contacts {per}{_ahead(rate)}", until, rate.queue)


def budget(c: GateContext) -> Answer:
    """The daily quota of the channel and the daily budget of the account."""
    for allowance in c.limits.allowances:
        if (until := allowance.wait(c.now)) is None:
            continue
        if allowance.hopeless:
            return Answer(False, f"{allowance.owner}: one contact costs more than the whole day may")
        return Answer(False, f"{allowance.owner}: used up for today{_ahead(allowance)}", until, allowance.queue)
    return YES


def _ahead(limit: Lines | Rate | Allowance) -> str:
    return f", {limit.ahead} ahead" if limit.ahead else ""
