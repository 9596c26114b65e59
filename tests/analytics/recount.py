"""The same figures once more, each by a query of its own over the raw tables: nothing here knows of rollups, slots or bins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from autoflows.models.database import open_session

EXECUTIONS = """
FROM flow_executions e JOIN flow_versions v ON v.id = e.flow_version_id LEFT JOIN lead_events le ON le.id = e.lead_event_id
WHERE e.user_id = :account AND NOT e.is_test_run AND {filter} AND (e.triggered_at AT TIME ZONE :zone)::date BETWEEN :first AND :last
"""
LOGS = """
FROM flow_action_logs l JOIN flow_executions e ON e.id = l.flow_execution_id JOIN flow_versions v ON v.id = e.flow_version_id
LEFT JOIN channels c ON c.id = l.channel_id
WHERE l.user_id = :account AND NOT e.is_test_run AND {filter} AND ({at} AT TIME ZONE :zone)::date BETWEEN :first AND :last
"""
SPEED = "greatest(extract(epoch FROM e.first_attempt_at - e.lead_at), 0)"
MADE = "l.action_type <> 'wait' AND (l.status NOT IN ('skipped', 'cancelled') OR (l.action_type = 'ai_call' AND l.outcome IS NOT NULL))"
ENDED_CALL = (
    "l.action_type = 'ai_call' AND ((l.outcome IS NOT NULL AND l.outcome <> 'unknown') OR (l.outcome IS NULL AND l.status = 'failed'))"
)


@dataclass(frozen=True)
class Recount:
    """Whose rows, of which local days, narrowed to what."""

    account: UUID
    zone: str
    first: date
    last: date
    flow: UUID | None = None
    version: int | None = None
    source: str | None = None
    channel: UUID | None = None

    def _filter(self, channel: str, source: str = "e.metadata->>'trigger_source'") -> str:
        said = ["true"]
        if self.flow:
            said.append(f"e.flow_id = '{self.flow}'")
        if self.version:
            said.append(f"v.version = {self.version}")
        if self.source:
            said.append(f"{source} = '{self.source}'")
        if self.channel:
            said.append(f"{channel} = '{self.channel}'")
        return " AND ".join(said)

    async def rows(self, sql: str) -> Sequence[Any]:
        async with open_session() as session:
            connection = await session.connection()
            values = {"account": self.account, "zone": self.zone, "first": self.first, "last": self.last}
            statement = sa.text(sql)
            named = statement.compile().params.keys()
            return (await connection.execute(statement, {k: v for k, v in values.items() if k in named})).all()

    async def executions(self, columns: str, more: str = "", tail: str = "") -> Sequence[Any]:
        return await self.rows(f"SELECT {columns} {EXECUTIONS.format(filter=self._filter('e.first_channel_id'))} {more} {tail}")

    async def logs(self, columns: str, more: str = "", tail: str = "", at: str = "l.started_at") -> Sequence[Any]:
        return await self.rows(f"SELECT {columns} {LOGS.format(filter=self._filter('l.channel_id'), at=at)} {more} {tail}")

    async def counter(self, rows: Sequence[Any]) -> Counter[Any]:
        return Counter({tuple(row[:-1]) if len(row) > 2 else row[0]: row[-1] for row in rows})

    async def per_day(self) -> Counter[Any]:
        columns = "(e.triggered_at AT TIME ZONE :zone)::date::text, e.status, count(*)"
        return await self.counter(await self.executions(columns, tail="GROUP BY 1, 2"))

    async def speeds(self, span: str = SPEED, where: str = "e.first_attempt_at IS NOT NULL") -> list[float]:
        return [float(row[0]) for row in await self.executions(span, f"AND {where}", "ORDER BY 1")]

    async def call_outcomes(self) -> Counter[Any]:
        result = (
            "COALESCE(l.outcome, CASE WHEN l.status IN ('pending', 'running') THEN 'in_progress' WHEN l.status = 'failed' THEN 'failed' "
            "ELSE 'unknown' END)"
        )
        where = "AND l.action_type = 'ai_call' AND (l.outcome IS NOT NULL OR l.status NOT IN ('skipped', 'cancelled'))"
        return await self.counter(await self.logs(f"{result}, count(*)", where, "GROUP BY 1"))

    async def leads(self) -> Counter[Any]:
        standing = "CASE WHEN le.disposition <> 'enrolled' THEN '' WHEN e.first_attempt_at IS NOT NULL THEN 'contacted' ELSE e.status END"
        enrolled = self._filter("e.first_channel_id", "le.lead_source")
        return await self.counter(
            await self.rows(
                f"SELECT le.disposition, {standing}, count(*) FROM lead_events le LEFT JOIN flow_executions e ON e.id = le.execution_id "
                f"LEFT JOIN flow_versions v ON v.id = e.flow_version_id WHERE le.user_id = :account AND {enrolled} "
                "AND (le.received_at AT TIME ZONE :zone)::date BETWEEN :first AND :last GROUP BY 1, 2"
            )
        )

    async def costs(self, by: str = "l.action_type, ") -> Counter[Any]:
        columns = f"{by}l.cost_currency, sum(l.cost_amount)::bigint"
        more = "AND l.cost_amount <> 0"
        group = "GROUP BY 1, 2" if by else "GROUP BY 1"
        return await self.counter(await self.logs(columns, more, group, at="e.triggered_at"))

    async def parts(self) -> dict[str, int]:
        took = f"({SPEED} * 1000000)::bigint"
        lag = f"least(coalesce(greatest((extract(epoch FROM le.received_at - e.lead_at) * 1000000)::bigint, 0), 0), {took})"
        held = "e.held_hours, e.held_capacity, e.held_wait"
        found = dict.fromkeys(("source", "queue", "hours", "capacity", "wait", "provider"), 0)
        for total, source, hours, capacity, wait in await self.executions(f"{took}, {lag}, {held}", "AND e.first_attempt_at IS NOT NULL"):
            for name, micros in (("source", source), ("hours", hours), ("capacity", capacity), ("wait", wait)):
                found[name] += micros
            found["queue"] += max(total - source - hours - capacity - wait, 0)
        where = "AND l.started_at = e.first_attempt_at AND l.answered_at IS NOT NULL AND l.action_type <> 'wait'"
        rows = await self.logs(
            "coalesce(sum((extract(epoch FROM l.answered_at - l.started_at) * 1000000)::bigint), 0)", where, at="e.triggered_at"
        )
        return found | {"provider": int(rows[0][0])}

    async def steps(self, columns: str, more: str = "") -> Counter[Any]:
        group = ", ".join(str(n + 1) for n in range(columns.count(",") + 1))
        return await self.counter(await self.logs(f"{columns}, count(*)", more, f"GROUP BY {group}", at="e.triggered_at"))

    async def by_hour(self, where: str) -> Counter[Any]:
        local = "l.started_at AT TIME ZONE :zone"
        columns = f"extract(isodow FROM {local})::int, extract(hour FROM {local})::int, count(*)"
        return await self.counter(await self.logs(columns, f"AND {where}", "GROUP BY 1, 2"))

    async def responses(self) -> dict[tuple[str, str], list[float]]:
        columns = "l.action_type, coalesce(c.provider, '–'), extract(epoch FROM l.answered_at - l.started_at)"
        found: dict[tuple[str, str], list[float]] = {}
        for kind, provider, seconds in await self.logs(columns, "AND l.answered_at IS NOT NULL AND l.action_type <> 'wait'", "ORDER BY 3"):
            found.setdefault((kind, provider), []).append(float(seconds))
        return found
