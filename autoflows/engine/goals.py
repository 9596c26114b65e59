"""Marking executions as converted: in the transaction of what met the goal, once, and also when the execution is over already.

An execution whose flow has a goal can convert until `goal_until`; one without, or whose contact was there from the beginning, has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from autoflows.domain.flow import Goal
from autoflows.domain.goals import converted_at, met_by_contact, met_by_event, window_end
from autoflows.domain.outcomes import CallOutcome, MessageState
from autoflows.engine.live import LiveChange
from autoflows.engine.pool import Connection
from autoflows.engine.runs import lead_of

# JSON as text: this runs on connections of the engine and of the services, which read JSONB differently.
OPEN = """
SELECT e.id, e.user_id, e.contact_id, e.goal_until, (v.definition->'goal')::text AS goal, clock_timestamp() AS now
FROM flow_executions e JOIN flow_versions v ON v.id = e.flow_version_id
WHERE e.{which} = ANY($1) AND e.goal_until IS NOT NULL AND e.converted_at IS NULL AND NOT e.is_test_run ORDER BY e.id FOR UPDATE OF e
"""
OPEN_BY_ID = OPEN.format(which="id")
OPEN_OF_CONTACTS = OPEN.format(which="contact_id")
CONTACTS = """
SELECT id, name, phone, email, company, tags, custom_fields::text AS fields, timezone, lead_source, entry_type
FROM contacts WHERE id = ANY($1)
"""
# One that runs is looked at again, since its goal may be an exit rule.
MARK = """
UPDATE flow_executions e SET converted_at = m.at,
  due_at = CASE WHEN e.status = 'running' AND m.stops THEN clock_timestamp() ELSE e.due_at END
FROM unnest($1::uuid[], $2::timestamptz[], $3::boolean[]) AS m(id, at, stops) WHERE e.id = m.id AND e.converted_at IS NULL
"""
BEGUN = """
SELECT e.contact_id, e.triggered_at, (v.definition->'goal')::text AS goal
FROM flow_executions e JOIN flow_versions v ON v.id = e.flow_version_id WHERE e.id = $1
"""


@dataclass(frozen=True, slots=True)
class Happening:
    """What became of an attempt of an execution, as goals need it. `at`: None is now; what is said to be yet to come counts as now."""

    execution_id: UUID
    outcome: CallOutcome | None
    state: MessageState | None
    seconds: float | None
    at: datetime | None = None


async def note_happenings(connection: Connection, happenings: Sequence[Happening]) -> list[LiveChange]:
    """Mark the executions whose goal one of these meets. Gives the news; the executions are locked, by id."""
    if not happenings:
        return []
    rows = {row["id"]: row for row in await connection.fetch(OPEN_BY_ID, list({h.execution_id for h in happenings}))}
    met: dict[UUID, datetime] = {}
    for h in happenings:
        row = rows.get(h.execution_id)
        if row is None or not met_by_event(_goal(row), h.outcome, h.state, h.seconds):
            continue
        at = converted_at(row["goal_until"], met.get(h.execution_id), min(h.at or row["now"], row["now"]))
        if at is not None:
            met[h.execution_id] = at
    return await _mark(connection, rows, met)


async def note_contacts(connection: Connection, contact_ids: Sequence[UUID]) -> list[LiveChange]:
    """The same for executions of contacts whose tags or fields may have changed. The contacts are locked by the caller, before."""
    rows = {row["id"]: row for row in await connection.fetch(OPEN_OF_CONTACTS, list(contact_ids))} if contact_ids else {}
    if not rows:
        return []
    leads = {row["id"]: _lead(row) for row in await connection.fetch(CONTACTS, list({row["contact_id"] for row in rows.values()}))}
    met = {
        key: at
        for key, row in rows.items()
        if met_by_contact(_goal(row), leads[row["contact_id"]]) and (at := converted_at(row["goal_until"], None, row["now"])) is not None
    }
    return await _mark(connection, rows, met)


async def open_window(connection: Connection, execution_id: UUID) -> None:
    """Give an execution that was just begun its time to convert, if its flow has a goal that the contact has not reached already."""
    row = await connection.fetchrow(BEGUN, execution_id)
    if row is None or row["goal"] in (None, "null"):
        return
    contact = await connection.fetchrow(CONTACTS, [row["contact_id"]])
    until = window_end(_goal(row), _lead(contact), row["triggered_at"])
    await connection.execute("UPDATE flow_executions SET goal_until = $2 WHERE id = $1", execution_id, until)


def _goal(row: Mapping[str, Any]) -> Goal:
    return Goal.model_validate_json(row["goal"])


def _lead(row: Mapping[str, Any]) -> Any:
    return lead_of({**row, "custom_fields": json.loads(row["fields"])})


async def _mark(connection: Connection, rows: Mapping[UUID, Mapping[str, Any]], met: Mapping[UUID, datetime]) -> list[LiveChange]:
    if not met:
        return []
    ids = sorted(met)
    await connection.execute(MARK, ids, [met[key] for key in ids], [_goal(rows[key]).stops for key in ids])
    return [LiveChange(rows[key]["user_id"], execution_id=key) for key in ids]
