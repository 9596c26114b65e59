"""Tells the team when new leads wait for their first contact longer than the account's target allows, and that it is over.

Read from the rollups of the last hour, and for leads that have had no attempt yet from their own rows of that hour.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import Unavailable
from autoflows.domain.notices import Notice, NoticeKind, say
from autoflows.domain.speed import burns_too_fast, within
from autoflows.engine import live
from autoflows.engine.live import LiveChange
from autoflows.engine.notices import raise_notice, resolve
from autoflows.engine.pool import LOST, Connection, transact

log = logging.getLogger(__name__)

TURN_SECONDS = 30.0
PACE = UUID(int=4)
TAKE = """
INSERT INTO paces AS p (key, next_at) VALUES ($1, clock_timestamp() + interval '25 seconds')
ON CONFLICT (key) DO UPDATE SET next_at = excluded.next_at WHERE p.next_at <= clock_timestamp() RETURNING true
"""
ACCOUNTS = "SELECT id, settings FROM users WHERE owner_id IS NULL"
# Bands of the last hour's executions, by whether they began in its last quarter: whole slots, the one that runs included.
BANDS = """
SELECT r.user_id, r.labels[1]::int AS band, p.slot >= s.recent AS is_recent, sum(p.amount)::bigint AS number
FROM unnest($2::date[], $3::int[], $4::int[]) AS s(day, first, recent)
JOIN rollup_sums r ON r.user_id = ANY($1) AND r.grain = 'all' AND r.measure = 'speed' AND r.span = 'day' AND r.starts_on = s.day
CROSS JOIN LATERAL (SELECT slot, sum - lag(sum, 1, 0::bigint) OVER (ORDER BY slot) AS amount FROM unnest(r.slots, r.sums) u(slot, sum)) p
WHERE r.labels[2] = '' AND p.slot >= s.first
GROUP BY 1, 2, 3
"""
WAITING = """
SELECT e.user_id, e.triggered_at >= $4 AS is_recent, count(*) AS number
FROM unnest($1::uuid[], $2::int[]) AS t(user_id, seconds)
JOIN flow_executions e ON e.user_id = t.user_id AND e.triggered_at >= $3 AND e.lead_at < now() - make_interval(secs => t.seconds)
WHERE e.status = 'running' AND NOT e.is_test_run AND e.first_attempt_at IS NULL AND e.held_hours = 0 AND e.held_wait = 0
  AND COALESCE(e.held_by, '') NOT IN ('hours', 'wait')
GROUP BY 1, 2
"""
OPEN = "SELECT user_id, title, detail FROM notifications WHERE kind = $1 AND resolved_at IS NULL"


async def watch_speed() -> None:
    """Look every half minute, for ever, whatever the database does."""
    while True:
        try:
            await check_speed(in_turn=True)
        except (Unavailable, *LOST) as error:
            log.warning("speed to lead was not checked, the database does not answer: %s", error)
        except Exception:
            log.exception("checking speed to lead failed; it is tried again")
        await asyncio.sleep(TURN_SECONDS)


async def check_speed(*, in_turn: bool = False) -> list[LiveChange]:
    """Raise and resolve; `in_turn`: unless another process did in the last seconds. Gives what was published. Raises Unavailable."""
    changes = await transact(partial(_check, in_turn))
    live.publish(changes)
    return changes


async def _check(in_turn: bool, connection: Connection) -> list[LiveChange]:
    if in_turn and not await connection.fetchval(TAKE, PACE):
        return []
    now: datetime = await connection.fetchval("SELECT now()")
    targets = {row["id"]: AccountSettings.model_validate(row["settings"]) for row in await connection.fetch(ACCOUNTS)}
    seen = {
        account_id: notice
        for account_id, windows in (await _windows(connection, targets, now)).items()
        if (notice := _notice(targets[account_id], windows)) is not None
    }
    known = {row["user_id"]: (row["title"], row["detail"]) for row in await connection.fetch(OPEN, NoticeKind.SPEED_LATE.value)}
    changes: list[LiveChange] = []
    for account_id, notice in seen.items():
        if known.get(account_id) != (notice.title, notice.detail):
            changes += await raise_notice(connection, account_id, *notice)
    for account_id in known.keys() - seen.keys():
        changes += await resolve(connection, account_id, NoticeKind.SPEED_LATE, "")
    return changes


class _Window:
    """Executions by band in one stretch of time, and those that still wait beyond the target."""

    def __init__(self) -> None:
        self.bands: dict[int, int] = defaultdict(int)
        self.waiting = 0

    def late(self, seconds: int) -> tuple[int, int]:
        """Late ones, and all that count."""
        counted = sum(self.bands.values()) + self.waiting
        return counted - within(self.bands, seconds), counted


async def _windows(connection: Connection, targets: Mapping[UUID, AccountSettings], now: datetime) -> dict[UUID, tuple[_Window, _Window]]:
    """The last hour and its last quarter, of accounts that had executions in it."""
    hour, quarter = _slot_start(now - timedelta(hours=1)), _slot_start(now - timedelta(minutes=15))
    days = [hour.date()] if hour.date() == now.date() else [hour.date(), now.date()]
    firsts = [_slot(hour) if day == hour.date() else 0 for day in days]
    recents = [_slot(quarter) if day == quarter.date() else (0 if day > quarter.date() else 96) for day in days]
    found: dict[UUID, tuple[_Window, _Window]] = defaultdict(lambda: (_Window(), _Window()))
    for row in await connection.fetch(BANDS, list(targets), days, firsts, recents):
        for window in _of(found[row["user_id"]], row):
            window.bands[row["band"]] += row["number"]
    seconds = [settings.speed_target_seconds for settings in targets.values()]
    for row in await connection.fetch(WAITING, list(targets), seconds, hour, quarter):
        for window in _of(found[row["user_id"]], row):
            window.waiting += row["number"]
    return found


def _of(windows: tuple[_Window, _Window], row: Mapping[str, Any]) -> tuple[_Window, ...]:
    return windows if row["is_recent"] else windows[:1]


def _slot(at: datetime) -> int:
    return (at.hour * 60 + at.minute) // 15


def _slot_start(at: datetime) -> datetime:
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def _notice(settings: AccountSettings, windows: tuple[_Window, _Window]) -> Notice | None:
    hour, quarter = (window.late(settings.speed_target_seconds) for window in windows)
    if not burns_too_fast(hour, quarter, settings.speed_target_percent):
        return None
    percent = 5 * round(20 * hour[0] / hour[1])  # coarse, so that it is no news at every look
    detail = (
        f"About {percent} % of the last hour's leads were late, where the target allows {100 - settings.speed_target_percent} %. "
        "The speed to lead page says what they wait for."
    )
    return say(NoticeKind.SPEED_LATE, seconds=settings.speed_target_seconds, reason=detail)
