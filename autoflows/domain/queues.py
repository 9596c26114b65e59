"""Names of the queues an execution can stand in, as they are stored in `flow_executions.parked_on`."""

from __future__ import annotations

from uuid import UUID


def account_queue(account_id: UUID) -> str:
    """Those held by an account's kill switch."""
    return f"account:{account_id}"


def flow_queue(flow_id: UUID) -> str:
    """Those held because their flow is."""
    return f"flow:{flow_id}"


def channel_queue(channel_id: UUID) -> str:
    """Those held by a channel's open circuit breaker."""
    return f"channel:{channel_id}"


def line_queue(owner_id: UUID) -> str:
    """Those that wait for a free line of a channel, or of an account."""
    return f"lines:{owner_id}"


def rate_queue(owner_id: UUID) -> str:
    """Those that wait for their turn under a channel's rate limit or a flow's throttle."""
    return f"rate:{owner_id}"


def quota_queue(owner_id: UUID) -> str:
    """Those that wait for tomorrow's quota of a channel or budget of an account."""
    return f"quota:{owner_id}"


def is_served_in_turn(queue: str) -> bool:
    """Whether its first is called when something comes free, so that a turn that is not taken has to be passed on.

    The others go by the clock, or all at once.
    """
    return queue.startswith(("lines:", "channel:"))


def is_for_capacity(queue: str) -> bool:
    """Whether it is waited in for a line or a rate, one after the other: how many stand ahead tells how long it takes."""
    return queue.startswith(("lines:", "rate:"))
