"""Flows between their tables and their views: reading many at once, and publishing one definition as rows and a version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from autoflows.actions import ACTIONS, validate_config
from autoflows.domain.errors import Conflict, FieldError, Invalid, NotFound
from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.flow import Action, FlowDefinition, FlowSettings, TriggerCondition
from autoflows.domain.flow_steps import pair_steps
from autoflows.domain.problems import errors_of
from autoflows.domain.queues import flow_queue
from autoflows.engine import control
from autoflows.ids import new_id, utc_now
from autoflows.models import Execution, Flow, FlowAction, FlowDraft, FlowTriggerCondition, FlowVersion, User
from autoflows.services.access import Actor, AsyncSession, open_to, scoped
from autoflows.services.after_commit import after_commit
from autoflows.services.flow_problems import find_problems
from autoflows.services.validation import invalid
from autoflows.services.views.flows import DraftSummary, ExecutionCounts, FlowView
from autoflows.services.views.flows import FlowAction as FlowActionView

STATISTICS_DAYS = 30

_SETTINGS = tuple(FlowSettings.model_fields)


@open_to("services")
async def lock_flows(session: AsyncSession, account_id: UUID) -> None:
    """Let one change of the account's flows happen at a time, until the transaction ends; readers and running executions go on.

    One lock per account taken first by every change: two changes queue and cannot deadlock, and a new flow, which no row lock would
    see, counts too.
    """
    await session.exec(select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"flows of {account_id}", 0))))
    await session.exec(sa.text("SET CONSTRAINTS uq_flows_user_priority, uq_flow_actions_flow_order DEFERRED"))  # type: ignore[call-overload]


def live_flows(actor: Actor) -> SelectOfScalar[Flow]:
    """The account's flows that are not deleted."""
    return scoped(actor, Flow).where(col(Flow.deleted_at).is_(None))


@open_to("services")
async def one_flow(actor: Actor, session: AsyncSession, flow_id: UUID) -> Flow:
    """The account's flow with this id. Raises NotFound, also for a deleted one."""
    flow = (await session.exec(live_flows(actor).where(col(Flow.id) == flow_id))).first()
    if flow is None:
        raise NotFound(f"There is no flow with the id {flow_id}.")
    return flow


@open_to("services")
async def enable(actor: Actor, session: AsyncSession, flow: Flow, definition: FlowDefinition) -> None:
    """Switch a flow on; if it was off and held, what it held goes on.

    Raises Conflict for an archived one, Invalid for errors among its problems.
    """
    if flow.archived_at is not None:
        raise Conflict(f"'{flow.name}' is archived; take it out of the archive before you enable it.")
    errors = errors_of(await find_problems(actor, session, definition))
    if errors:
        raise Invalid(
            "The flow cannot be enabled until its problems are mended.", errors=[FieldError(p.pointer, p.message) for p in errors]
        )
    if flow.is_held and not flow.is_enabled:
        set_held(session, flow, False)
    flow.is_enabled = True


def set_held(session: AsyncSession, flow: Flow, is_held: bool) -> None:
    """Hold every contact of a flow's executions, or let them go on; what was held is looked at once this is committed."""
    flow.is_held, flow.updated_at = is_held, utc_now()
    account_id, queue = flow.user_id, flow_queue(flow.id)
    after_commit(session, lambda: control.wake_queue(account_id, queue))


def checked(definition: FlowDefinition) -> FlowDefinition:
    """The definition with each step's config complete and typed. Raises Invalid with a pointer to every wrong field of every step."""
    errors: list[FieldError] = []
    actions: list[Action] = []
    ids: set[UUID] = set()
    for index, action in enumerate(definition.actions):
        pointer = f"/actions/{index}"
        if action.id is not None and action.id in ids:
            errors.append(FieldError(f"{pointer}/id", "two steps have the same id; leave it out for a new step"))
        ids.update([action.id] if action.id else [])
        try:
            actions.append(action.model_copy(update={"action_config": _config(action, f"{pointer}/action_config")}))
        except Invalid as error:
            errors.extend(error.errors)
    if errors:
        raise Invalid("Some steps of the flow cannot be used.", errors=errors)
    fields = {name: getattr(definition, name) for name in FlowDefinition.model_fields}
    return FlowDefinition.model_construct(**{**fields, "actions": actions})


def _config(action: Action, pointer: str) -> dict[str, Any]:
    spec = ACTIONS.get(action.action_type)
    try:
        config = spec.Config.model_validate(action.action_config) if spec else validate_config(action.action_type, {}, pointer)
    except ValidationError as error:
        raise invalid(error, pointer) from None
    return config.model_dump(mode="json")


@open_to("services")
async def publish(
    actor: Actor,
    session: AsyncSession,
    flow: Flow,
    definition: FlowDefinition,
    present: FlowDefinition | None,
    note: str = "",
    version_name: str = "",
) -> bool:
    """Make a checked definition what new executions run: the flow's row, its conditions, its actions and a new version.

    Steps that are the same step keep their ids, see `domain.flow_steps.pair_steps`. Gives False, and makes no version, if nothing
    changed. `flow` is in the session already.
    """
    definition = definition.model_copy(update={"actions": _with_ids(definition.actions, present.actions if present else [])})
    if present is not None and definition.model_dump() == present.model_dump():
        return False
    if present is not None:
        flow.version += 1
        flow.updated_at = utc_now()
    flow.name, flow.description = definition.name, definition.description
    for name in _SETTINGS:
        setattr(flow, name, getattr(definition, name))
    flow.exit_rules = definition.exit_rules.model_dump(mode="json")
    flow.goal = definition.goal.model_dump(mode="json") if definition.goal else None
    await session.flush()
    await _write_conditions(session, flow.id, definition.conditions)
    await _write_actions(session, flow.id, definition.actions)
    body = definition.model_dump(mode="json")
    name = (version_name or flow.name)[:100]
    session.add(FlowVersion(flow_id=flow.id, version=flow.version, definition=body, name=name, note=note, created_by=actor.user_id))
    await session.flush()
    return True


def _with_ids(actions: Sequence[Action], present: Sequence[Action]) -> list[Action]:
    ids = [None if pair is None else present[pair].id for pair in pair_steps(present, actions)]
    return [action.model_copy(update={"id": known or new_id()}) for action, known in zip(actions, ids, strict=True)]


async def _write_conditions(session: AsyncSession, flow_id: UUID, conditions: Sequence[TriggerCondition]) -> None:
    await session.exec(sa.delete(FlowTriggerCondition).where(col(FlowTriggerCondition.flow_id) == flow_id))
    session.add_all(FlowTriggerCondition(flow_id=flow_id, position=n, **c.model_dump(mode="json")) for n, c in enumerate(conditions))


async def _write_actions(session: AsyncSession, flow_id: UUID, actions: Sequence[Action]) -> None:
    kept = [a.id for a in actions]
    await session.exec(sa.delete(FlowAction).where(col(FlowAction.flow_id) == flow_id, col(FlowAction.id).not_in(kept)))
    if not actions:
        return
    now = utc_now()
    rows = [{**a.model_dump(mode="json", exclude={"id"}), "id": a.id, "flow_id": flow_id, "created_at": now} for a in actions]
    upsert = insert(FlowAction).values(rows)
    changed = {name: upsert.excluded[name] for name in Action.model_fields if name != "id"}
    await session.exec(upsert.on_conflict_do_update(index_elements=["id"], set_=changed))


@open_to("services")
async def definition_of(session: AsyncSession, flow: Flow) -> FlowDefinition:
    """The flow's published definition."""
    conditions = await _conditions(session, [flow.id])
    actions = await _actions(session, [flow.id])
    settings = {name: getattr(flow, name) for name in _SETTINGS}
    return FlowDefinition.model_validate(
        {**settings, "name": flow.name, "description": flow.description, "conditions": conditions[flow.id], "actions": actions[flow.id]}
    )


@open_to("services")
async def view_of(session: AsyncSession, flow: Flow) -> FlowView:
    """One flow as shown, with what was changed of it in this transaction."""
    await session.flush()
    return (await views_of(session, [flow]))[0]


@open_to("services")
async def views_of(session: AsyncSession, flows: Sequence[Flow]) -> list[FlowView]:
    """Flows as shown, in the order given; four queries for any number of them."""
    ids = [flow.id for flow in flows]
    conditions, actions, statistics = await _conditions(session, ids), await _actions(session, ids), await _statistics(session, ids)
    drafts = await _drafts(session, ids)
    return [
        FlowView.model_validate(
            {
                **flow.model_dump(include=set(FlowView.model_fields)),
                "conditions": conditions[flow.id],
                "actions": [FlowActionView.model_validate(a) for a in actions[flow.id]],
                **statistics.get(flow.id, {}),
                "draft": drafts.get(flow.id),
            }
        )
        for flow in flows
    ]


async def _conditions(session: AsyncSession, flow_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = select(FlowTriggerCondition).where(col(FlowTriggerCondition.flow_id).in_(flow_ids)).order_by(col(FlowTriggerCondition.position))
    for row in (await session.exec(rows)).all():
        found[row.flow_id].append(row.model_dump(include=set(TriggerCondition.model_fields)))
    return found


async def _actions(session: AsyncSession, flow_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    # Columns, not entities: actions are written by an upsert that the session's identity map does not see.
    columns = [col(getattr(FlowAction, name)) for name in ("flow_id", *Action.model_fields)]
    rows = sa.select(*columns).where(col(FlowAction.flow_id).in_(flow_ids)).order_by(col(FlowAction.action_order))
    for row in (await session.exec(rows)).mappings():  # type: ignore[call-overload]
        values = dict(row)
        found[values.pop("flow_id")].append(values)
    return found


async def _drafts(session: AsyncSession, flow_ids: Sequence[UUID]) -> dict[UUID, DraftSummary]:
    """The drafts with something to publish in them."""
    person = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email), "")
    statement = (
        sa.select(col(FlowDraft.flow_id), col(FlowDraft.id), col(FlowDraft.edited_at), person)
        .outerjoin(User, col(User.id) == col(FlowDraft.edited_by))
        .where(col(FlowDraft.flow_id).in_(flow_ids), col(FlowDraft.is_changed))
    )
    rows = (await session.exec(statement)).all()  # type: ignore[call-overload]
    return {flow_id: DraftSummary(id=key, edited_at=at, edited_by_name=name) for flow_id, key, at, name in rows}


def statistics_of(flow_ids: Sequence[UUID]) -> sa.Select[*tuple[Any, ...]]:
    """Per flow: the last run, how many run now, and the counts of the last days. One query; each part is a range of one index."""
    since = utc_now() - timedelta(days=STATISTICS_DAYS)
    flow, run = aliased(Flow), Execution
    real = sa.and_(col(run.flow_id) == col(flow.id), sa.not_(col(run.is_test_run)))
    last = sa.select(col(run.triggered_at)).where(real).order_by(col(run.triggered_at).desc()).limit(1)
    live = sa.select(sa.func.count()).where(real, col(run.status) == ExecutionStatus.RUNNING)
    counts = sa.select(
        sa.func.count().label("total"),
        *(sa.func.count().filter(col(run.status) == status).label(status.value) for status in ExecutionStatus),
    ).where(real, col(run.triggered_at) >= since)
    recent = counts.select_from(run).correlate(flow).lateral("recent")
    return (
        sa.select(
            col(flow.id).label("flow_id"),
            last.correlate(flow).scalar_subquery().label("last_run_at"),
            live.select_from(run).correlate(flow).scalar_subquery().label("running_executions"),
            *recent.c,
        )
        .select_from(flow)
        .join(recent, sa.true())
        .where(col(flow.id).in_(flow_ids))
    )


async def _statistics(session: AsyncSession, flow_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    found: dict[UUID, dict[str, Any]] = {}
    for row in (await session.exec(statistics_of(flow_ids))).mappings():  # type: ignore[call-overload]
        values = dict(row)
        key, last_run_at, running = values.pop("flow_id"), values.pop("last_run_at"), values.pop("running_executions")
        found[key] = {"last_run_at": last_run_at, "running_executions": running, "executions_30d": ExecutionCounts(**values)}
    return found
