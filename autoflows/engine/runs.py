"""Executions in memory: rows locked by this transaction, with everything `decide` needs, loaded for a whole batch in two statements."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from autoflows.domain import queues
from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.conditions import Lead
from autoflows.domain.decisions import Log, Timing
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.domain.gate_context import Policy
from autoflows.domain.holidays import closed_days
from autoflows.domain.outcomes import CallOutcome, ErrorClass, MessageState
from autoflows.engine.pool import Connection
from autoflows.engine.suppression import person_of, suppressed_of
from autoflows.settings import Settings

log = logging.getLogger(__name__)

# The columns of a locked execution with its contact and account; the `e` rows come from a locking CTE, so they are the newest.
RUN_COLUMNS = """
e.id, e.user_id, e.flow_id, e.flow_version_id, e.contact_id, e.fence, e.triggered_at, e.lead_at, e.current_action_step, e.first_attempt_at,
e.waiting_reason, e.metadata, e.bulk, e.parked_on, e.parked_at, e.converted_at,
f.name AS flow_name, f.is_held AS flow_held, c.name, c.phone, c.email, c.company, c.tags, c.custom_fields, c.timezone, c.consent,
c.other_phones, c.other_emails, COALESCE(l.lead_source, c.lead_source) AS lead_source, COALESCE(l.entry_type, c.entry_type) AS entry_type,
u.settings, u.timezone AS account_zone, u.default_business_hours, u.name AS account_name
"""
RUN_JOINS = """
JOIN contacts c ON c.id = e.contact_id JOIN users u ON u.id = e.user_id JOIN auto_engagement_flows f ON f.id = e.flow_id
LEFT JOIN lead_events l ON l.id = e.lead_event_id
"""
CLAIM_COLUMNS = """
id, user_id, flow_id, flow_version_id, contact_id, fence, triggered_at, lead_at, current_action_step, first_attempt_at, waiting_reason,
metadata, lead_event_id, bulk, parked_on, parked_at, converted_at
"""

LOGS = """
SELECT id, flow_execution_id, action_order, attempt, action_type, status, started_at, answered_at, completed_at, wait_until, channel_id,
       provider_ref, outcome, message_state, error_class, result_data, arm
FROM flow_action_logs WHERE flow_execution_id = ANY($1) ORDER BY action_order, attempt
"""


@dataclass(slots=True)
class LogRow:
    """An attempt's row: its id, and what `decide` sees of it."""

    id: UUID
    log: Log
    channel_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """One running execution, locked by this transaction."""

    id: UUID
    account_id: UUID
    flow_id: UUID
    flow_name: str
    version_id: UUID
    contact_id: UUID
    fence: int
    bulk: bool
    definition: FlowDefinition
    lead: Lead
    consent: Mapping[str, Any] | None
    account: AccountSettings
    policy: Policy
    account_name: str
    step: int
    first_attempt_at: datetime | None
    logs: list[LogRow] = field(default_factory=list)

    def row_of(self, action_order: int, attempt: int) -> LogRow:
        """The attempt's row; raises KeyError if there is none."""
        for row in self.logs:
            if row.log.action_order == action_order and row.log.attempt == attempt:
                return row
        raise KeyError((action_order, attempt))

    def last_outcome(self) -> str | None:
        """How the latest call ended of those that are known to have ended."""
        outcomes = [(row.log.action_order, row.log.attempt, row.log.outcome.value) for row in self.logs if row.log.outcome is not None]
        return max(outcomes)[2] if outcomes else None


def timing_of(settings: Settings) -> Timing:
    """The engine's deadlines from settings."""
    return Timing(
        provider_timeout=timedelta(seconds=settings.provider_timeout_seconds),
        call_deadline=timedelta(seconds=settings.call_deadline_seconds),
        unknown_grace=timedelta(seconds=settings.unknown_grace_seconds),
        retry_base=timedelta(seconds=settings.retry_base_seconds),
        channel_patience=timedelta(seconds=settings.channel_patience_seconds),
    )


# Versions never change, so a parsed one is good for the life of the process.
_definitions: dict[UUID, FlowDefinition] = {}
MAX_DEFINITIONS = 2000


async def definitions_of(connection: Connection, version_ids: set[UUID]) -> dict[UUID, FlowDefinition]:
    """The definitions of these versions, from memory where known; one that cannot be read is left out, and in the log."""
    missing = [v for v in version_ids if v not in _definitions]
    if missing:
        if len(_definitions) > MAX_DEFINITIONS:
            _definitions.clear()
            missing = list(version_ids)
        for row in await connection.fetch("SELECT id, definition FROM flow_versions WHERE id = ANY($1)", missing):
            try:
                _definitions[row["id"]] = FlowDefinition.model_validate(row["definition"])
            except ValueError:
                log.exception("flow version %s cannot be read", row["id"])
    return {v: _definitions[v] for v in version_ids if v in _definitions}


def lead_of(row: Mapping[str, Any]) -> Lead:
    """A contact's columns as the domain's lead."""
    return Lead(
        lead_source=row["lead_source"],
        entry_type=row["entry_type"],
        name=row["name"],
        phone=row["phone"],
        email=row["email"],
        company=row["company"],
        timezone=row["timezone"],
        tags=tuple(row["tags"]),
        custom_fields=row["custom_fields"],
    )


@lru_cache(maxsize=1000)
def _settings(text: str) -> AccountSettings:
    return AccountSettings.model_validate_json(text)


def account_settings(raw: Mapping[str, Any]) -> AccountSettings:
    """An account's settings column, parsed; equal texts share one object."""
    return _settings(json.dumps(raw, sort_keys=True))


def policy_of(row: Mapping[str, Any], account: AccountSettings, now: datetime) -> Policy:
    """The account's rules, and who holds the execution. What limits leave is added by `capacity`."""
    hours = row["default_business_hours"]
    return Policy(
        account=account,
        default_hours=BusinessHours.model_validate(hours) if hours else None,
        account_zone=row["account_zone"],
        kill_queue=queues.account_queue(row["user_id"]),
        flow_queue=queues.flow_queue(row["flow_id"]),
        flow_held=row["flow_held"],
        parked_on=row["parked_on"],
        parked_at=row["parked_at"],
        converted=row["converted_at"] is not None,
        holidays=holidays_of(account, now),
    )


def holidays_of(account: AccountSettings, now: datetime) -> frozenset[date]:
    """The dates without contacts around now: the account's own, and the public holidays it keeps."""
    return closed_days(account, now.year)


def _log(row: Mapping[str, Any]) -> LogRow:
    data = row["result_data"] or {}
    return LogRow(
        id=row["id"],
        channel_id=row["channel_id"],
        data=data,
        log=Log(
            action_order=row["action_order"],
            attempt=row["attempt"],
            action_type=ActionType(row["action_type"]),
            status=LogStatus(row["status"]),
            started_at=row["started_at"],
            answered_at=row["answered_at"],
            completed_at=row["completed_at"],
            wait_until=row["wait_until"],
            provider_ref=row["provider_ref"],
            outcome=CallOutcome(row["outcome"]) if row["outcome"] else None,
            message_state=MessageState(row["message_state"]) if row["message_state"] else None,
            error_class=ErrorClass(row["error_class"]) if row["error_class"] else None,
            retry_after_seconds=data.get("retry_after_seconds"),
            template_only=bool(data.get("template_only")),
            lookups=int(data.get("lookups", 0)),
            retried=bool(data.get("retried_at")),
            arm=row["arm"],
        ),
    )


async def load(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> tuple[list[Run], list[Mapping[str, Any]]]:
    """Runs for locked rows (`RUN_COLUMNS`) with their definitions and logs.

    Beside them the rows that cannot be read, such as those of settings an older release does not know; each is in the log.
    """
    if not rows:
        return [], []
    definitions = await definitions_of(connection, {r["flow_version_id"] for r in rows})
    logs: dict[UUID, list[Mapping[str, Any]]] = defaultdict(list)
    for record in await connection.fetch(LOGS, [r["id"] for r in rows]):
        logs[record["flow_execution_id"]].append(record)
    runs, unreadable = [], []
    for r in rows:
        try:
            runs.append(_run(r, definitions[r["flow_version_id"]], logs[r["id"]]))
        except (ValueError, LookupError, TypeError, AttributeError):
            log.exception("execution %s cannot be read", r["id"])
            unreadable.append(r)
    await _add_suppressed(connection, runs, rows)
    return runs, unreadable


async def _add_suppressed(connection: Connection, runs: list[Run], rows: Sequence[Mapping[str, Any]]) -> None:
    found = await suppressed_of(connection, [person_of(r["user_id"], r["contact_id"], r) for r in rows])
    for run in runs:
        if run.contact_id in found:
            run.policy = replace(run.policy, suppressed=found[run.contact_id])


def _run(r: Mapping[str, Any], definition: FlowDefinition, logs: Sequence[Mapping[str, Any]]) -> Run:
    account = account_settings(r["settings"])
    return Run(
        id=r["id"],
        account_id=r["user_id"],
        flow_id=r["flow_id"],
        flow_name=r["flow_name"],
        version_id=r["flow_version_id"],
        contact_id=r["contact_id"],
        fence=r["fence"],
        bulk=r["bulk"],
        definition=definition,
        lead=lead_of(r),
        consent=r["consent"],
        account=account,
        policy=policy_of(r, account, r["now"]),
        account_name=r["account_name"],
        step=r["current_action_step"],
        first_attempt_at=r["first_attempt_at"],
        logs=[_log(record) for record in logs],
    )
