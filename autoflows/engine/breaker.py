"""Circuit breakers of channels: what attempts tell about a channel holds it, lets one contact through to see, and frees it again.

One refusal that only the account can mend opens it at once; so does a channel whose latest attempts mostly fail for its own reasons.
While it is open contacts are held in its queue instead of failing, and the flow goes on without them only after a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from autoflows.domain.capacity import WINDOW, BreakerState, fails_too_often, pause_after
from autoflows.domain.notices import NoticeKind, say
from autoflows.domain.queues import channel_queue
from autoflows.engine import notices, parking
from autoflows.engine.live import LiveChange
from autoflows.engine.pool import Connection

FIND = """
SELECT id, user_id, name, breaker_state, breaker_opened_at,
  CASE WHEN breaker_opened_at > now() - interval '1 hour' THEN breaker_trips ELSE 0 END AS trips
FROM channels WHERE id = $1 FOR NO KEY UPDATE
"""
OPEN = """
UPDATE channels SET breaker_state = 'open', breaker_reason = $2, breaker_trips = $3, breaker_opened_at = clock_timestamp(),
  breaker_until = clock_timestamp() + $4::interval WHERE id = $1
"""
CLOSE = """
UPDATE channels SET breaker_state = 'closed', breaker_reason = '', breaker_until = NULL
WHERE id = $1 AND breaker_state <> 'closed' RETURNING user_id
"""
LET_THROUGH = "UPDATE channels SET breaker_until = clock_timestamp() WHERE id = $1 AND breaker_state <> 'closed' RETURNING id"
# Of the people whom a channel contacted last, those whose latest attempt failed for the channel's own reasons, or was not answered: one
# mailbox that is full five times says nothing about the channel. What opened the breaker once does not open it again.
LATEST = """
WITH latest AS (
  SELECT contact_id, started_at, error_class, status, answered_at, error_message FROM flow_action_logs
  WHERE user_id = $1 AND channel_id = $2 AND started_at > greatest(now() - interval '10 minutes', $4) ORDER BY started_at DESC LIMIT $3
), people AS (SELECT DISTINCT ON (contact_id) * FROM latest ORDER BY contact_id, started_at DESC)
SELECT count(*) AS people, count(*) FILTER (
  WHERE error_class = 'transient' OR (status IN ('running', 'unknown') AND answered_at IS NULL AND error_message IS NOT NULL)) AS failed
FROM people
"""


WAVE = 500
"""How many are called at once when a channel works again: a hundred thousand would hold up the transaction for seconds."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What one attempt tells about its channel. `mend`: nothing works until a person mends it. `failed`: it did not work this time.

    `made`: the provider was asked at all.
    """

    channel_id: UUID
    reason: str = ""
    mend: bool = False
    failed: bool = False
    probe: bool = False
    made: bool = True


async def heed(connection: Connection, signs: Iterable[Sign], base: timedelta) -> list[LiveChange]:
    """Open and close breakers by these signs, in the transaction that records the attempts; gives what to publish afterwards.

    Where nothing failed and nothing was probed there is nothing to do. A failure that began before the breaker opened says nothing new.
    """
    changes: list[LiveChange] = []
    by_channel: dict[UUID, list[Sign]] = {}
    for sign in signs:
        if sign.mend or sign.failed or sign.probe:
            by_channel.setdefault(sign.channel_id, []).append(sign)
    for channel_id, told in sorted(by_channel.items()):
        # What a probe says outweighs those that had been out before the channel was held.
        decisive = [s for s in told if s.probe] or told
        worst = next((s for s in decisive if s.mend), next((s for s in decisive if s.failed), None))
        if worst is not None:
            changes += await _fail(connection, channel_id, worst, base)
        elif not any(s.made for s in decisive):  # a probe that could not be made for its own reasons: the next one is
            await let_through(connection, channel_id)
        else:
            changes += await close(connection, channel_id)
    return changes


async def _fail(connection: Connection, channel_id: UUID, sign: Sign, base: timedelta) -> list[LiveChange]:
    channel: Any = await connection.fetchrow(FIND, channel_id)
    if channel is None or not (channel["breaker_state"] == BreakerState.CLOSED or sign.probe):
        return []
    reason = sign.reason
    if not sign.mend and not sign.probe:
        latest = await connection.fetchrow(LATEST, channel["user_id"], channel_id, WINDOW, channel["breaker_opened_at"])
        if not fails_too_often(latest["failed"], latest["people"]):
            return []
        reason = f"{latest['failed']} of the last {latest['people']} contacts by it failed, the latest with: {sign.reason}"
    trips = channel["trips"] + 1
    await connection.execute(OPEN, channel_id, reason[:500], trips, pause_after(trips, base))
    notice = say(NoticeKind.CHANNEL_DOWN, str(channel_id), name=channel["name"], reason=f"{reason} Contacts by it are held meanwhile.")
    return [LiveChange(channel["user_id"], kind="channel"), *await notices.raise_notice(connection, channel["user_id"], *notice)]


async def close(connection: Connection, channel_id: UUID) -> list[LiveChange]:
    """The channel works: everybody it held may go, the first at once and each who goes calls the next.

    Gives what to publish afterwards, nothing if it was not held.
    """
    account_id = await connection.fetchval(CLOSE, channel_id)
    if account_id is None:
        return []
    await parking.wake(connection, channel_queue(channel_id), WAVE)
    resolved = await notices.resolve(connection, account_id, NoticeKind.CHANNEL_DOWN, str(channel_id))
    return [LiveChange(account_id, kind="channel"), *resolved]


async def let_through(connection: Connection, channel_id: UUID) -> bool:
    """Try the channel now instead of later: the first in its queue is the probe. Gives False if the channel is not held."""
    if await connection.fetchval(LET_THROUGH, channel_id) is None:
        return False
    await parking.wake(connection, channel_queue(channel_id), 1)
    return True
