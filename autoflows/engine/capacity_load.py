"""Reading the limits of a batch of executions, under the locks that keep them exact until the batch has taken from them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from autoflows.actions import ACTIONS
from autoflows.domain import queues
from autoflows.domain.capacity import BreakerState
from autoflows.domain.flow import ActionType
from autoflows.domain.gate_context import CAP_WINDOW, CHANNEL_OF_ACTION
from autoflows.engine import parking
from autoflows.engine.capacity import Capacity, Channel, Queue
from autoflows.engine.pool import Connection
from autoflows.engine.runs import Run, account_settings
from autoflows.providers import get_provider

PERSON_LOCKS = "SELECT pg_advisory_xact_lock(hashtextextended(name, 8)) FROM unnest($1::text[]) AS name"
CHANNELS = """
SELECT id, name, provider, settings, breaker_state, breaker_reason, breaker_until FROM channels WHERE id = ANY($1)
"""
ACCOUNTS = "SELECT id, settings FROM users WHERE id = ANY($1)"
IN_USE = """
SELECT user_id, channel_id, count(*) AS n FROM flow_action_logs
WHERE user_id = ANY($1) AND action_type = 'ai_call' AND status = 'running' AND started_at > $2::timestamptz - interval '1 day'
  AND (wait_until IS NULL OR wait_until <= $2)
GROUP BY user_id, channel_id
"""
QUEUES = """
SELECT q.name, e.id, e.bulk, e.parked_at FROM unnest($1::text[]) AS q(name) CROSS JOIN LATERAL (
  SELECT id, bulk, parked_at FROM flow_executions WHERE parked_on = q.name AND status = 'running' ORDER BY bulk, parked_at, id LIMIT $2) e
ORDER BY q.name, e.bulk, e.parked_at, e.id
"""
MAX_QUEUE = 2_000
"""Places that are counted; who stands farther back is told this one, and looks again when it would be his turn."""
PACES = "SELECT key, next_at FROM paces WHERE key = ANY($1)"
USED = "SELECT u.key, u.used FROM usage_counters u JOIN unnest($1::uuid[], $2::date[]) AS k(key, day) ON u.key = k.key AND u.day = k.day"
RECENT = """
SELECT contact_id, started_at FROM flow_action_logs
WHERE contact_id = ANY($1) AND started_at > $2::timestamptz - $4::interval AND status IN ('running', 'success', 'failed', 'unknown')
  AND action_type = ANY($3) AND (status <> 'failed' OR provider_ref IS NOT NULL OR outcome IS NOT NULL OR message_state IS NOT NULL)
"""
CARRIERS = """
SELECT id, channel_id FROM agents WHERE id = ANY($1) UNION ALL SELECT id, channel_id FROM whatsapp_numbers WHERE id = ANY($1)
UNION ALL SELECT id, channel_id FROM email_templates WHERE id = ANY($1)
"""
CARRIERS_SECONDS = 5.0
MAX_CARRIERS = 5_000

_carriers: dict[UUID, tuple[float, Mapping[int, UUID]]] = {}


async def load(connection: Connection, runs: Sequence[Run], now: datetime, probe_time: timedelta) -> Capacity:
    """The limits that apply to these executions. Takes the locks of accounts that limit something, and of persons under a cap."""
    capacity = Capacity(now, probe_time)
    capacity.carriers = await _carriers_of(connection, {run.version_id: run for run in runs})
    ids = sorted({channel_id for version in capacity.carriers.values() for channel_id in version.values()})
    capacity.channels = await _channels(connection, ids)
    limited = [run for run in runs if _is_limited(capacity, run)]
    capacity.limited = {run.account_id for run in limited}
    if limited:
        await connection.execute(parking.ACCOUNT_LOCKS, sorted(str(account_id) for account_id in capacity.limited))
        # Both as they are under the lock, or what a person raised meanwhile would still hold those who wait for it.
        capacity.channels = await _channels(connection, ids)
        await _read_accounts_again(connection, limited)
        await _load_use(connection, capacity, limited)
    await _load_recent(connection, capacity, runs)
    return capacity


def _is_limited(capacity: Capacity, run: Run) -> bool:
    if run.account.daily_budget is not None or run.definition.max_contacts_per_hour is not None:
        return True
    carried = capacity.carriers[run.version_id]
    channels = [(order, capacity.channels[c]) for order, c in carried.items() if order >= run.step and c in capacity.channels]
    return any(
        channel.limited or (_calls(run, order) and (channel.lines is not None or run.account.max_concurrent_calls is not None))
        for order, channel in channels
    )


async def _read_accounts_again(connection: Connection, runs: Sequence[Run]) -> None:
    rows = await connection.fetch(ACCOUNTS, list({run.account_id for run in runs}))
    accounts = {row["id"]: account_settings(row["settings"]) for row in rows}
    for run in runs:
        if (account := accounts[run.account_id]) != run.account:
            run.account, run.policy = account, replace(run.policy, account=account)


def _calls(run: Run, order: int) -> bool:
    return run.definition.action(order).action_type is ActionType.AI_CALL


async def _carriers_of(connection: Connection, runs: Mapping[UUID, Run]) -> dict[UUID, Mapping[int, UUID]]:
    """By flow version, the channel that carries each action. A change of what a step names shows within seconds."""
    now = time.monotonic()
    missing = [v for v in runs if v not in _carriers or _carriers[v][0] <= now]
    if missing:
        named: dict[UUID, dict[int, UUID]] = {}
        for version_id in missing:
            named[version_id] = {}
            for action in runs[version_id].definition.actions:
                spec = ACTIONS.get(action.action_type)
                item = action.action_config.get(spec.carrier) if spec and spec.carrier else None
                if item is not None:
                    named[version_id][action.action_order] = UUID(str(item))
        items = sorted({item for version in named.values() for item in version.values()})
        channel_of = {row["id"]: row["channel_id"] for row in await connection.fetch(CARRIERS, items)} if items else {}
        if len(_carriers) > MAX_CARRIERS:
            _carriers.clear()
            return await _carriers_of(connection, runs)
        for version_id, actions in named.items():
            found = {order: channel_of[item] for order, item in actions.items() if item in channel_of}
            _carriers[version_id] = (now + CARRIERS_SECONDS, found)
    return {version_id: _carriers[version_id][1] for version_id in runs}


async def _channels(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Channel]:
    if not ids:
        return {}
    return {row["id"]: _channel(row) for row in await connection.fetch(CHANNELS, ids)}


def _channel(row: Mapping[str, Any]) -> Channel:
    def setting(name: str) -> int | None:
        known = get_provider(row["provider"]).Settings.model_fields.get(name)
        value = row["settings"].get(name, known.default if known is not None else None)
        return int(value) if value is not None else None

    return Channel(
        row["id"],
        row["name"],
        setting("max_concurrent"),
        setting("max_per_minute"),
        setting("daily_limit"),
        BreakerState(row["breaker_state"]),
        row["breaker_until"],
        row["breaker_reason"],
    )


async def _load_use(connection: Connection, capacity: Capacity, runs: Sequence[Run]) -> None:
    """How much of each limit is in use, and who waits for it."""
    for row in await connection.fetch(IN_USE, sorted(capacity.limited), capacity.now):
        capacity.in_use[row["user_id"]] += row["n"]
        if row["channel_id"] is not None:
            capacity.in_use[row["channel_id"]] += row["n"]
    names: set[str] = set()
    paced: set[UUID] = set()
    allowed: dict[UUID, date] = {}
    for run in runs:
        channels = [capacity.channels[c] for c in capacity.carriers[run.version_id].values() if c in capacity.channels]
        names.update(queues.line_queue(key) for key in (run.account_id, *(c.id for c in channels if c.lines is not None)))
        names.update(queues.channel_queue(c.id) for c in channels if c.state is not BreakerState.CLOSED)
        paced.update(c.id for c in channels if c.per_minute is not None)
        paced.update([run.flow_id] if run.definition.max_contacts_per_hour is not None else [])
        allowed.update({c.id: capacity.today(run) for c in channels if c.per_day is not None})
        allowed.update({run.account_id: capacity.today(run)} if run.account.daily_budget is not None else {})
    names.update(queues.rate_queue(key) for key in paced)
    names.update(queues.quota_queue(key) for key in allowed)
    found = {name: Queue() for name in names}
    for row in await connection.fetch(QUEUES, sorted(names), MAX_QUEUE):
        (found[row["name"]].bulk if row["bulk"] else found[row["name"]].fresh).append((row["parked_at"], row["id"]))
    capacity.queues = found
    if paced:
        capacity.next_at = {row["key"]: row["next_at"] for row in await connection.fetch(PACES, sorted(paced))}
    if allowed:
        rows = await connection.fetch(USED, list(allowed), list(allowed.values()))
        capacity.used = Counter({row["key"]: row["used"] for row in rows})


async def _load_recent(connection: Connection, capacity: Capacity, runs: Iterable[Run]) -> None:
    capped = {r.contact_id for r in runs if r.account.frequency_cap is not None or r.account.frequency_cap_week is not None}
    if not capped:
        return
    await connection.execute(PERSON_LOCKS, sorted(str(contact_id) for contact_id in capped))
    capacity.recent = {contact_id: [] for contact_id in capped}
    for row in await connection.fetch(RECENT, list(capped), capacity.now, [t.value for t in CHANNEL_OF_ACTION], CAP_WINDOW):
        capacity.recent[row["contact_id"]].append(row["started_at"])
