"""The facts of `FactFilter` as conditions on executions: what each figure of the analytics counts, once more, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.errors import FieldError, Invalid
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Execution, FlowVersion
from autoflows.models import execution as table
from autoflows.services.access import Actor, AsyncSession, open_to
from autoflows.services.split_passes import behind_split
from autoflows.services.views.execution_facts import NO_REASON, FactFilter, Reached, results_of

OF_ATTEMPT = ("step", "attempt", "action_type", "result", "because", "made_since", "made_until")
RESULT: Any = sa.literal_column(f"({table.RESULT.format(log='flow_action_logs')})", sa.Text)
REASON: Any = sa.literal_column(f"({table.REASON.format(log='flow_action_logs')})", sa.Text)
SPEED: Any = sa.literal_column("(first_attempt_at - lead_at)", sa.Interval)


@open_to("services")
async def facts_asked(actor: Actor, session: AsyncSession, wanted: FactFilter) -> list[sa.ColumnElement[bool]]:
    """What an execution must meet besides. Raises Invalid for an arm or a span without what it is of, NotFound for a split."""
    tests = _reached(wanted) if wanted.split_id is None else [await _behind_split(actor, session, wanted)]
    if wanted.min_speed:  # a lead whose source's clock runs ahead took no time at all
        tests.append(timedelta(seconds=wanted.min_speed) <= SPEED)
    elif wanted.min_speed is not None:
        tests.append(col(Execution.first_attempt_at).is_not(None))
    if wanted.max_speed is not None:
        tests.append(timedelta(seconds=wanted.max_speed) > SPEED)
    if wanted.furthest_step is not None:
        tests += _furthest(wanted.furthest_step)
    if wanted.split_id is None and any(getattr(wanted, name) is not None for name in OF_ATTEMPT):
        return [*tests, _attempt(wanted)]
    if wanted.version is not None:
        tests.append(col(Execution.flow_version_id).in_(_versions(wanted.version)))
    if wanted.channel_id is not None:
        tests.append(col(Execution.first_channel_id) == wanted.channel_id)
    return tests


def _reached(wanted: FactFilter) -> list[sa.ColumnElement[bool]]:
    if wanted.arm is not None:
        raise Invalid("An arm is one of a split.", errors=[FieldError("/query/split_id", "name the split, too")])
    converted, is_over = col(Execution.converted_at).is_not(None), col(Execution.goal_until) <= utc_now()
    tests: dict[Reached | None, list[sa.ColumnElement[bool]]] = {
        None: [],
        Reached.CONTACTED: [col(Execution.first_attempt_at).is_not(None)],
        Reached.NOT_CONTACTED: [col(Execution.first_attempt_at).is_(None)],
        Reached.ANSWERED: [col(Execution.first_conversation_at).is_not(None)],
        Reached.CONVERTED: [converted],
        Reached.MEASURED: [is_over],
        Reached.WON: [is_over, converted],
    }
    return tests[wanted.reached]


async def _behind_split(actor: Actor, session: AsyncSession, wanted: FactFilter) -> sa.ColumnElement[bool]:
    assert wanted.split_id is not None
    since, until = wanted.made_since or datetime(1970, 1, 1, tzinfo=UTC), wanted.made_until or utc_now()
    ids = await behind_split(actor, session, wanted.split_id, wanted.arm, wanted.reached, since, until, utc_now())
    return col(Execution.id).in_(ids)


def _of_execution() -> sa.Select[Any]:
    return sa.select(sa.literal(1)).where(col(ActionLog.flow_execution_id) == col(Execution.id)).correlate(Execution)


def _furthest(step: int) -> list[sa.ColumnElement[bool]]:
    beyond = ~_of_execution().where(col(ActionLog.action_order) > step).exists()
    return [_of_execution().where(col(ActionLog.action_order) == step).exists(), beyond] if step else [beyond]


def _attempt(wanted: FactFilter) -> sa.ColumnElement[bool]:
    """One attempt with all that is asked of it."""
    tests: list[Any] = []
    if wanted.step is not None:
        tests.append(col(ActionLog.action_order) == wanted.step)
    if wanted.attempt is not None:
        tests.append(col(ActionLog.attempt) == wanted.attempt)
    if wanted.action_type is not None:
        tests.append(col(ActionLog.action_type) == wanted.action_type)
    if wanted.result is not None:
        tests.append(RESULT.in_(results_of(wanted.result)))
    if wanted.because is not None:
        tests.append(("" if wanted.because == NO_REASON else wanted.because) == REASON)
    if wanted.made_since is not None:
        tests.append(col(ActionLog.started_at) >= wanted.made_since)
    if wanted.made_until is not None:
        tests.append(col(ActionLog.started_at) < wanted.made_until)
    if wanted.version is not None:
        tests.append(col(ActionLog.flow_version_id).in_(_versions(wanted.version)))
    if wanted.channel_id is not None:
        tests.append(col(ActionLog.channel_id) == wanted.channel_id)
    return _of_execution().where(*tests).exists()


def _versions(number: int) -> sa.Select[Any]:
    """The versions of this number; which flow's is for the filter of the flow to say."""
    mine = (col(FlowVersion.version) == number, col(FlowVersion.flow_id) == col(Execution.flow_id))
    return sa.select(col(FlowVersion.id)).where(*mine).correlate(Execution)
