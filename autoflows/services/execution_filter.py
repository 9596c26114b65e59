"""A filter of executions as conditions on their table: the same for lists, counts, exports and what is done to many at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Contact, Execution
from autoflows.services.access import Actor, open_to
from autoflows.services.contacts import clean, matches_person
from autoflows.services.views.executions import A_STEP, ExecutionFilter, Stage

LEAD_SOURCE = col(Execution.metadata_)["trigger_source"].astext
"""Where the lead came from; `manual` for those enrolled by hand."""
RUNNING = col(Execution.status) == ExecutionStatus.RUNNING
WAITS = sa.and_(RUNNING, sa.or_(col(Execution.waiting_rule).is_not(None), col(Execution.waiting_until).is_not(None)))
"""Held by a rule or a step. Those that wait for a provider's word have neither: they act."""


@open_to("services")
async def conditions(actor: Actor, wanted: ExecutionFilter) -> list[sa.ColumnElement[bool]]:
    """What an execution of the actor's account must meet to be among those wanted."""
    tests: list[sa.ColumnElement[bool]] = [col(Execution.user_id) == actor.account_id]
    columns: tuple[tuple[Any, Any], ...] = (
        (Execution.flow_id, wanted.flow_id),
        (Execution.contact_id, wanted.contact_id),
        (Execution.status, wanted.status),
        (Execution.last_outcome, wanted.outcome),
        (Execution.is_test_run, wanted.is_test_run),
    )
    tests += [col(column) == value for column, value in columns if value is not None]
    if wanted.since is not None:
        tests.append(col(Execution.triggered_at) >= wanted.since)
    if wanted.until is not None:
        tests.append(col(Execution.triggered_at) < wanted.until)
    if wanted.within_hours is not None:
        tests.append(col(Execution.triggered_at) >= utc_now() - timedelta(hours=wanted.within_hours))
    if wanted.stage is not None:
        tests += [WAITS] if wanted.stage is Stage.WAITING else [RUNNING, ~WAITS]
    if wanted.waiting_rule is not None:
        rule = None if wanted.waiting_rule == A_STEP else wanted.waiting_rule
        tests += [WAITS, col(Execution.waiting_rule).is_(None) if rule is None else col(Execution.waiting_rule) == rule]
    if wanted.lead_source is not None:
        tests.append(sa.func.lower(LEAD_SOURCE) == clean(wanted.lead_source).lower())
    if wanted.needs_person is not None:
        in_doubt = _in_doubt(actor)
        tests.append(in_doubt if wanted.needs_person else ~in_doubt)
    if search := clean(wanted.search):
        people = sa.select(col(Contact.id)).where(col(Contact.user_id) == actor.account_id, await matches_person(actor, search))
        tests.append(col(Execution.contact_id).in_(people))
    return tests


def _in_doubt(actor: Actor) -> sa.ColumnElement[bool]:
    """Executions with an attempt of which nobody told what became of it."""
    doubted = sa.select(col(ActionLog.flow_execution_id)).where(
        col(ActionLog.status) == LogStatus.UNKNOWN, col(ActionLog.user_id) == actor.account_id
    )
    return col(Execution.id).in_(doubted)
