"""The inbox: everything that needs a person, by cause, and dealing with it, one or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.causes import INTERNAL, SILENT, TAKEN, Cause, InboxKind, advice_of, cause_of, title_of
from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.permissions import Permission
from autoflows.engine import inbox
from autoflows.models import ActionLog, Execution
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.inbox_items import UNNAMED, Row, all_rows, channel_names, items_of, logs_of
from autoflows.services.inbox_story import decisive
from autoflows.services.pages import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor, encode_cursor
from autoflows.services.views.inbox import (
    Dismissal,
    InboxCause,
    InboxCounts,
    InboxDone,
    InboxItem,
    OfOneCause,
    Verdict,
)
from autoflows.services.views.masking import shown

MOST_COUNTED = 1000
MOST_CAUSES = 100


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is asked for; None does not narrow."""

    kind: InboxKind | None = None
    flow_id: UUID | None = None
    channel_id: UUID | None = None
    cause: Cause | None = None
    ids: Sequence[UUID] | None = None

    def wants(self, kind: InboxKind) -> bool:
        return self.kind in (None, kind) and (self.cause is None or self.cause.kind is kind)


@requires(Permission.EXECUTIONS_READ)
async def list_inbox(
    actor: Actor,
    session: AsyncSession,
    *,
    kind: InboxKind | None = None,
    flow_id: UUID | None = None,
    channel_id: UUID | None = None,
    cause: str = "",
    dismissed: bool = False,
    ids: Sequence[UUID] | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[InboxItem]:
    """What needs a person, newest first; with `dismissed` what somebody left as it is, the latest first. `ids` narrows it to those that
    are still there of what was shown. Raises Invalid."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid("The page size is out of range.", errors=[FieldError("/query/limit", f"must be between 1 and {MAX_LIMIT}")])
    narrowed = Narrowed(kind, flow_id, channel_id, _cause(cause, "/query/cause") if cause else None, ids)
    after = tuple(decode_cursor(cursor, [col(Execution.completed_at), col(Execution.id)])) if cursor else None
    rows: list[Row] = []
    if narrowed.wants(InboxKind.FAILED):
        time = col(Execution.dismissed_at if dismissed else Execution.completed_at)
        rows += await _keys(session, InboxKind.FAILED, _failed(actor, narrowed, dismissed), time, col(Execution.id), after, limit)
    if not dismissed and narrowed.wants(InboxKind.UNKNOWN):
        time = col(ActionLog.started_at)
        rows += await _keys(session, InboxKind.UNKNOWN, _unknown(actor, narrowed), time, col(ActionLog.id), after, limit)
    rows.sort(key=lambda row: (row[1], row[2]), reverse=True)
    page, more = rows[:limit], len(rows) > limit
    return Page(
        data=await items_of(actor, session, page), has_more=more, next_cursor=encode_cursor([page[-1][1], page[-1][2]]) if more else None
    )


@requires(Permission.EXECUTIONS_READ)
async def list_causes(
    actor: Actor,
    session: AsyncSession,
    *,
    kind: InboxKind | None = None,
    flow_id: UUID | None = None,
    channel_id: UUID | None = None,
) -> list[InboxCause]:
    """What needs a person by cause, with the numbers, the one with the newest first; at most 100."""
    narrowed = Narrowed(kind, flow_id, channel_id)
    found: list[tuple[Cause, int, datetime]] = []
    if narrowed.wants(InboxKind.FAILED):
        key, newest = col(Execution.cause), sa.func.max(col(Execution.completed_at))
        failed = _failed(actor, narrowed, dismissed=False).with_only_columns(key, sa.func.count(), newest).group_by(key)
        for one, number, at in await all_rows(session, failed.order_by(newest.desc()).limit(MOST_CAUSES)):
            found.append((cause_of(one or UNNAMED), number, at))
    if narrowed.wants(InboxKind.UNKNOWN):
        parts = (col(ActionLog.action_type), col(ActionLog.channel_id), col(ActionLog.provider_ref).is_not(None))
        newest = sa.func.max(col(ActionLog.started_at))
        unknown = _unknown(actor, narrowed).with_only_columns(*parts, sa.func.count(), newest).group_by(*parts)
        for action_type, channel, is_taken, number, at in await all_rows(session, unknown.order_by(newest.desc()).limit(MOST_CAUSES)):
            found.append((Cause(action_type, TAKEN if is_taken else SILENT, channel), number, at))
    found.sort(key=lambda one: one[2], reverse=True)
    names = await channel_names(actor, session)
    said = await _said(actor, session, [cause.key for cause, _, _ in found if cause.kind is InboxKind.FAILED])
    return [_cause_view(actor, *one, names, said.get(one[0].key, "")) for one in found[:MOST_CAUSES]]


@requires(Permission.EXECUTIONS_READ)
async def count_inbox(actor: Actor, session: AsyncSession) -> InboxCounts:
    """For a badge: quick however much there is."""
    numbers = []
    for statement in (_unknown(actor, Narrowed()), _failed(actor, Narrowed(), dismissed=False)):
        first = statement.with_only_columns(sa.literal(1)).limit(MOST_COUNTED).subquery()
        numbers.append((await all_rows(session, sa.select(sa.func.count()).select_from(first)))[0][0])
    return InboxCounts(unknown=numbers[0], failed=numbers[1])


@requires(Permission.EXECUTIONS_WRITE)
async def dismiss(actor: Actor, wanted: Dismissal) -> InboxDone:
    """Leave failed executions as they are. Those that somebody has dealt with meanwhile are `refused`. Raises NotFound and Invalid."""
    as_of, ids = await inbox.database_time(), wanted.execution_ids
    if ids is None:
        chosen = inbox.Chosen(_cause(wanted.cause or "", "/cause", InboxKind.FAILED), wanted.flow_id, wanted.until)
        ids = await inbox.choose(actor.account_id, chosen)
    if wanted.dry_run:
        return InboxDone(dry_run=True, done=0, refused=0, why="", left=len(ids), as_of=as_of)
    return _done(await inbox.dismiss(actor.account_id, list(dict.fromkeys(ids)), wanted.note, actor.user_id), as_of)


@requires(Permission.EXECUTIONS_WRITE)
async def retry_all(actor: Actor, wanted: OfOneCause) -> InboxDone:
    """Try all failed executions of one cause again; nothing already sent is sent again. Raises Invalid."""
    as_of = await inbox.database_time()
    chosen = inbox.Chosen(_cause(wanted.cause, "/cause", InboxKind.FAILED), wanted.flow_id, wanted.until)
    if wanted.dry_run:
        return await _counted(actor, chosen, as_of)
    return _done(await inbox.retry_all(actor.account_id, chosen, actor.user_id), as_of)


@requires(Permission.EXECUTIONS_WRITE)
async def resolve_all(actor: Actor, wanted: Verdict) -> InboxDone:
    """Say the same of all attempts in doubt of one cause. Raises Invalid."""
    as_of = await inbox.database_time()
    chosen = inbox.Chosen(_cause(wanted.cause, "/cause", InboxKind.UNKNOWN), wanted.flow_id, wanted.until)
    if wanted.dry_run:
        return await _counted(actor, chosen, as_of)
    status, name = LogStatus(wanted.status), actor.name or actor.email
    found = await inbox.resolve_all(actor.account_id, chosen, status, wanted.outcome, wanted.note, actor.user_id, name)
    return _done(found, as_of)


async def _counted(actor: Actor, chosen: inbox.Chosen, as_of: datetime) -> InboxDone:
    number = len(await inbox.choose(actor.account_id, chosen))
    return InboxDone(dry_run=True, done=0, refused=0, why="", left=number, as_of=as_of)


def _done(dealt: inbox.Dealt, as_of: datetime) -> InboxDone:
    return InboxDone(dry_run=False, done=dealt.done, refused=dealt.refused, why=dealt.why, left=dealt.left, as_of=as_of)


def _cause(key: str, pointer: str, kind: InboxKind | None = None) -> Cause:
    try:
        cause = cause_of(key)
    except ValueError:
        raise Invalid("There is no such cause.", errors=[FieldError(pointer, "take it from a list of the inbox")]) from None
    if kind is not None and cause.kind is not kind:
        fitting = "attempts in doubt" if kind is InboxKind.UNKNOWN else "failed executions"
        raise Invalid("This cause cannot be dealt with so.", errors=[FieldError(pointer, f"this is for causes of {fitting}")])
    return cause


def _failed(actor: Actor, narrowed: Narrowed, dismissed: bool) -> sa.Select[Any]:
    """Failed executions that nobody has dealt with, or that somebody left; one with an attempt in doubt waits for that."""
    statement = sa.select(col(Execution.id)).where(col(Execution.user_id) == actor.account_id)
    if dismissed:
        statement = statement.where(col(Execution.dismissed_at).is_not(None))
    else:
        mine = (col(ActionLog.flow_execution_id) == col(Execution.id), col(ActionLog.user_id) == actor.account_id)
        doubted = sa.select(sa.literal(1)).where(*mine, col(ActionLog.status) == sa.literal_column("'unknown'")).exists()
        # Literals, so that the partial index is known to hold what is asked for.
        is_failed = col(Execution.status) == sa.literal_column(f"'{ExecutionStatus.FAILED.value}'")
        statement = statement.where(is_failed, col(Execution.dismissed_at).is_(None), ~col(Execution.is_test_run), ~doubted)
    if narrowed.ids is not None:
        statement = statement.where(col(Execution.id).in_(narrowed.ids))
    if narrowed.flow_id is not None:
        statement = statement.where(col(Execution.flow_id) == narrowed.flow_id)
    if narrowed.channel_id is not None:
        statement = statement.where(sa.func.split_part(col(Execution.cause), "|", 3) == str(narrowed.channel_id))
    if narrowed.cause is not None:
        same = col(Execution.cause) == narrowed.cause.key
        statement = statement.where(sa.or_(same, col(Execution.cause).is_(None)) if narrowed.cause.sign == INTERNAL else same)
    return statement


def _unknown(actor: Actor, narrowed: Narrowed) -> sa.Select[Any]:
    """Attempts nobody told about."""
    statement = (
        sa.select(col(ActionLog.id))
        .join(Execution, col(Execution.id) == col(ActionLog.flow_execution_id))
        .where(
            col(ActionLog.user_id) == actor.account_id,
            col(ActionLog.status) == sa.literal_column(f"'{LogStatus.UNKNOWN.value}'"),
            ~col(Execution.is_test_run),
        )
    )
    if narrowed.ids is not None:
        statement = statement.where(col(ActionLog.id).in_(narrowed.ids))
    if narrowed.flow_id is not None:
        statement = statement.where(col(Execution.flow_id) == narrowed.flow_id)
    if narrowed.channel_id is not None:
        statement = statement.where(col(ActionLog.channel_id) == narrowed.channel_id)
    if (cause := narrowed.cause) is not None:
        is_taken = col(ActionLog.provider_ref).is_not(None)
        statement = statement.where(
            col(ActionLog.action_type) == cause.action_type,
            col(ActionLog.channel_id).is_not_distinct_from(cause.channel_id),
            is_taken if cause.sign == TAKEN else ~is_taken,
        )
    return statement


async def _keys(
    session: AsyncSession, kind: InboxKind, which: sa.Select[Any], time: Any, key: Any, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    statement = which.with_only_columns(time, key).where(time.is_not(None))
    if after is not None:
        last = (sa.literal(after[0], time.type), sa.literal(after[1], key.type))
        statement = statement.where(sa.tuple_(time, key) < sa.tuple_(*last))
    rows = await all_rows(session, statement.order_by(time.desc(), key.desc()).limit(limit + 1))
    return [(kind, at, row_id) for at, row_id in rows]


async def _said(actor: Actor, session: AsyncSession, keys: Sequence[str]) -> dict[str, str]:
    """What was said of the newest execution of each cause; one step through the index for each."""
    if not keys:
        return {}
    causes = sa.func.unnest(sa.literal(list(keys), sa.ARRAY(sa.Text()))).table_valued("key", name="asked").render_derived()
    newest = (
        _failed(actor, Narrowed(), dismissed=False)
        .where(col(Execution.cause) == causes.c.key)
        .order_by(col(Execution.completed_at).desc(), col(Execution.id).desc())
        .limit(1)
        .lateral("newest")
    )
    found = {row[1]: row[0] for row in await all_rows(session, sa.select(causes.c.key, newest.c.id).join(newest, sa.true()))}
    logs = await logs_of(session, found)
    said = {found[execution_id]: decisive(of_it) for execution_id, of_it in logs.items()}
    return {key: (log.error_message or "") if log else "" for key, log in said.items()}


def _cause_view(actor: Actor, cause: Cause, number: int, at: datetime, names: dict[UUID, str], message: str) -> InboxCause:
    view = InboxCause(
        cause=cause.key,
        kind=cause.kind,
        title=title_of(cause, number, message),
        advice=advice_of(cause),
        action_type=cause.action_type,
        channel_id=cause.channel_id,
        channel_name=names.get(cause.channel_id) if cause.channel_id else None,
        error_class="" if cause.kind is InboxKind.UNKNOWN else cause.sign,
        error_code=cause.code,
        count=number,
        newest_at=at,
    )
    return shown(view, pii=actor.may(Permission.PII_READ))
