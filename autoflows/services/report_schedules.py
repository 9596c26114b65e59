"""Reports that are sent by e-mail to people of the account: who may export arranges them, for people who may export.

The worker sends them (`analytics/reports/mailing.py`); here they are arranged, paused, sent at once, and looked after.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from autoflows.domain.errors import Conflict, FieldError, Invalid, NotFound
from autoflows.domain.permissions import ROLE_PERMISSIONS, Permission, Role
from autoflows.domain.reports import Every, MailingStatus, Report, ReportForm, Rhythm
from autoflows.ids import utc_now
from autoflows.models import Channel, Flow, FlowVersion, ReportMailing, ReportSchedule, User
from autoflows.providers import PROVIDERS
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, one_of_mine, requires, scoped
from autoflows.services.views.reports import (
    MailChannelView,
    MailingView,
    PossibleRecipient,
    RecipientView,
    ReportFilter,
    ScheduleChange,
    ScheduleCreate,
    ScheduleView,
)

MOST = 50
"""Reports of one account."""
SHOWN_MAILINGS = 100
MAILERS = [provider.name for provider in PROVIDERS.values() if provider.action_type == "email"]
OPEN = (MailingStatus.QUEUED.value, MailingStatus.SENDING.value)
PROBLEMS = {
    MailingStatus.FAILED.value: "Not sent to {name}: {error}",
    MailingStatus.UNKNOWN.value: "It is not known whether {name} got it: {error}",
    MailingStatus.SKIPPED.value: "Not sent to {name}: {error}",
    MailingStatus.QUEUED.value: "Not sent to {name} yet: {error}",
}
PAUSED = "it was paused before it was sent"


@requires(Permission.EXPORT)
async def list_schedules(actor: Actor, session: AsyncSession) -> list[ScheduleView]:
    """The account's reports, by name."""
    rows = (await session.exec(scoped(actor, ReportSchedule).order_by(sa.func.lower(col(ReportSchedule.name))))).all()
    return await _views(actor, session, rows)


@requires(Permission.EXPORT)
async def arrange_schedule(actor: Actor, session: AsyncSession, new: ScheduleCreate) -> ScheduleView:
    """Arrange a report; it is first sent when it is next due. Raises Invalid and NotFound naming the field, Conflict for a taken name."""
    count = sa.select(sa.func.count()).where(col(ReportSchedule.user_id) == actor.account_id)
    if (await session.exec(count)).one()[0] >= MOST:  # type: ignore[call-overload]
        raise Conflict(f"There are {MOST} reports already. Delete one that nobody needs first.")
    kept = ReportSchedule(
        user_id=actor.account_id,
        created_by=actor.user_id,
        narrowed=_stored(new.narrowed),
        **new.model_dump(exclude={"narrowed"}),
    )
    await _check(actor, session, kept, set())
    kept.next_at = rhythm_of(kept).next_due(utc_now())
    await _write(session, kept)
    audit.record(session, actor, "report.created", "report", kept.id, name=kept.name, every=kept.every, recipients=len(kept.recipients))
    return (await _views(actor, session, [kept]))[0]


@requires(Permission.EXPORT)
async def change_schedule(actor: Actor, session: AsyncSession, schedule_id: UUID, change: ScheduleChange) -> ScheduleView:
    """Change the fields that were sent, pause or go on. Raises as `arrange_schedule`, and NotFound.

    A changed rhythm, and going on after a pause, count from now: what was due meanwhile is not made up for.
    """
    kept = await _mine(actor, session, schedule_id)
    sent, already = change.model_fields_set, {*kept.recipients}
    for name in sent - {"is_paused"}:
        value = getattr(change, name)
        if value is not None or name == "days":
            setattr(kept, name, _stored(value) if isinstance(value, ReportFilter) else value)
    with session.no_autoflush:  # nothing is written before it fits
        await _check(actor, session, kept, already)
    paused = change.is_paused if change.is_paused is not None else kept.next_at is None
    if paused:
        kept.next_at = None
        await _drop_waiting(session, kept.id)
    elif kept.next_at is None or sent & {"every", "at", "day", "zone"}:
        kept.next_at = rhythm_of(kept).next_due(utc_now())
    kept.updated_at = utc_now()
    await _write(session, kept)
    audit.record(session, actor, "report.updated", "report", kept.id, name=kept.name, changed=sorted(sent))
    return (await _views(actor, session, [kept]))[0]


@requires(Permission.EXPORT)
async def drop_schedule(actor: Actor, session: AsyncSession, schedule_id: UUID) -> None:
    """Delete a report and the list of its mails. What is just being sent is still sent. Raises NotFound."""
    kept = await _mine(actor, session, schedule_id)
    await session.delete(kept)
    audit.record(session, actor, "report.deleted", "report", schedule_id, name=kept.name)


@requires(Permission.EXPORT)
async def send_now(actor: Actor, session: AsyncSession, schedule_id: UUID) -> ScheduleView:
    """Have a report sent to its people at once, paused or not, about the days before now. Raises NotFound, and Conflict while a mail of it
    is on its way."""
    kept = await _mine(actor, session, schedule_id)
    under_way = select(ReportMailing.id).where(col(ReportMailing.schedule_id) == kept.id, col(ReportMailing.status).in_(OPEN))
    if (await session.exec(under_way)).first() is not None:
        raise Conflict("It is being sent already. See its mails for how far it is.")
    due = utc_now()
    people = [one for one in (await _people(session, kept.recipients)).values() if may_get(one)]
    if not people:
        raise Conflict("Nobody would get it: its people are deactivated or may not export. Choose others.")
    session.add_all(
        ReportMailing(schedule_id=kept.id, user_id=kept.user_id, recipient_id=one.id, due_at=due, free_at=due) for one in people
    )
    audit.record(session, actor, "report.sent", "report", kept.id, name=kept.name, recipients=len(people))
    await session.flush()
    return (await _views(actor, session, [kept]))[0]


@requires(Permission.EXPORT)
async def list_mailings(actor: Actor, session: AsyncSession, schedule_id: UUID) -> list[MailingView]:
    """The newest mails of a report. Raises NotFound."""
    kept = await _mine(actor, session, schedule_id)
    statement = (
        sa.select(ReportMailing, sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email)))
        .join(User, col(User.id) == col(ReportMailing.recipient_id))
        .where(col(ReportMailing.schedule_id) == kept.id)
        .order_by(col(ReportMailing.due_at).desc(), col(ReportMailing.id))
        .limit(SHOWN_MAILINGS)
    )
    rows = (await session.exec(statement)).all()  # type: ignore[call-overload]
    return [
        MailingView(id=m.id, due_at=m.due_at, recipient=name, status=MailingStatus(m.status), problem=m.error, ended_at=m.ended_at)
        for m, name in rows
    ]


@requires(Permission.EXPORT)
async def send_again(actor: Actor, session: AsyncSession, schedule_id: UUID, mailing_id: UUID) -> None:
    """Have a mail that failed, or of which it is not known whether it arrived, sent once more: a person says so.

    Raises NotFound, and Conflict for one that was sent or waits.
    """
    await _mine(actor, session, schedule_id)
    mail = await one_of_mine(actor, session, ReportMailing, mailing_id, "mail")
    await session.refresh(mail, with_for_update=True)
    if mail.schedule_id != schedule_id:
        raise NotFound(f"There is no mail with the id {mailing_id}.")
    if mail.status not in (MailingStatus.FAILED, MailingStatus.UNKNOWN, MailingStatus.SKIPPED):
        raise Conflict(f"This mail is {mail.status}; only one that failed or is in doubt can be sent again.")
    was, mail.status = mail.status, MailingStatus.QUEUED.value
    mail.free_at, mail.tries, mail.error, mail.ended_at = utc_now(), 0, "", None
    audit.record(session, actor, "report.sent_again", "report", schedule_id, mailing=str(mail.id), was=was)


@requires(Permission.EXPORT)
async def mail_channel(actor: Actor, session: AsyncSession) -> MailChannelView:
    """By which channel reports go out."""
    row = (await session.exec(mailers(actor.account_id).limit(1))).first()
    if row is None:
        return MailChannelView(channel_id=None, name="", problem="The account has no e-mail channel that is on, so no report can be sent.")
    problem = row.breaker_reason if row.breaker_state != "closed" else row.status_detail if row.status == "error" else ""
    return MailChannelView(channel_id=row.id, name=row.name, problem=problem)


@requires(Permission.EXPORT)
async def possible_recipients(actor: Actor, session: AsyncSession) -> list[PossibleRecipient]:
    """The people of the account who may be sent reports, by name."""
    people = (await session.exec(_of_account(actor).order_by(sa.func.lower(col(User.name)), col(User.email)))).all()
    return [PossibleRecipient(id=one.id, name=one.name or one.email, email=one.email) for one in people if may_get(one)]


def may_get(person: User) -> bool:
    """Whether reports may be sent to somebody: not to those who are deactivated, nor to those who may not export."""
    return person.is_active and {Permission.ANALYTICS_READ, Permission.EXPORT} <= ROLE_PERMISSIONS[Role(person.role)]


def mailers(account_id: UUID) -> Any:
    """The account's e-mail channels that are on, the one that reports go out by first: those known to work, then the oldest."""
    return (
        select(Channel)
        .where(col(Channel.user_id) == account_id, col(Channel.provider).in_(MAILERS), col(Channel.status) != "disabled")
        .order_by((col(Channel.status) == "active").desc(), col(Channel.created_at), col(Channel.id))
    )


def rhythm_of(schedule: ReportSchedule) -> Rhythm:
    """When a report is due."""
    return Rhythm(Every(schedule.every), schedule.at, schedule.day, schedule.zone)


def _of_account(actor: Actor) -> Any:
    return select(User).where(sa.or_(col(User.id) == actor.account_id, col(User.owner_id) == actor.account_id))


async def _mine(actor: Actor, session: AsyncSession, schedule_id: UUID) -> ReportSchedule:
    kept = await one_of_mine(actor, session, ReportSchedule, schedule_id, "report")
    await session.refresh(kept, with_for_update=True)
    return kept


async def _people(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, User]:
    return {one.id: one for one in (await session.exec(select(User).where(col(User.id).in_(ids)))).all()}


async def _check(actor: Actor, session: AsyncSession, kept: ReportSchedule, already: set[UUID]) -> None:
    """Raise Invalid for what does not fit together, and for a flow, channel or person that the account has not.

    Those who were on the list `already` and left since stay without a word: they get nothing.
    """
    narrowed, errors = ReportFilter.model_validate(kept.narrowed), []
    if kept.every == Every.WEEK and kept.day > 7:
        errors.append(FieldError("/day", "of a week it is 1 (Monday) to 7"))
    if kept.report == Report.FLOW and narrowed.flow_id is None:
        errors.append(FieldError("/narrowed/flow_id", "a flow report is of one flow; name it"))
    if narrowed.version is not None and narrowed.flow_id is None:
        errors.append(FieldError("/narrowed/version", "a version is one of a flow; name the flow, too"))
    elif narrowed.version is not None and not await _has_version(session, narrowed):
        errors.append(FieldError("/narrowed/version", "the flow has no such version"))
    for name, model in (("flow_id", Flow), ("channel_id", Channel)):
        wanted = getattr(narrowed, name)
        if wanted is not None and (await session.exec(scoped(actor, model).where(col(model.id) == wanted))).first() is None:
            errors.append(FieldError(f"/narrowed/{name}", "the account has no such one"))
    able = {one.id for one in (await session.exec(_of_account(actor))).all() if may_get(one)}
    errors += [
        FieldError(f"/recipients/{n}", "is nobody of the account who may export; choose an owner, admin or manager")
        for n, one in enumerate(kept.recipients)
        if one not in able and one not in already
    ]
    if errors:
        raise Invalid("The report cannot be sent like this.", errors=errors)


async def _has_version(session: AsyncSession, narrowed: ReportFilter) -> bool:
    found = select(FlowVersion.id).where(col(FlowVersion.flow_id) == narrowed.flow_id, col(FlowVersion.version) == narrowed.version)
    return (await session.exec(found)).first() is not None


async def _drop_waiting(session: AsyncSession, schedule_id: UUID) -> None:
    await session.exec(
        sa.update(ReportMailing)
        .where(col(ReportMailing.schedule_id) == schedule_id, col(ReportMailing.status) == MailingStatus.QUEUED.value)
        .values(status=MailingStatus.SKIPPED.value, error=PAUSED, ended_at=utc_now())
    )


async def _write(session: AsyncSession, kept: ReportSchedule) -> None:
    name = kept.name
    try:
        async with session.begin_nested():
            session.add(kept)
            await session.flush()
    except IntegrityError:
        raise Conflict(f"There is a report named '{name}' already.", errors=[FieldError("/name", "choose another name")]) from None


def _stored(wanted: ReportFilter) -> dict[str, Any]:
    return wanted.model_dump(mode="json", exclude_defaults=True)


async def _views(actor: Actor, session: AsyncSession, rows: Sequence[ReportSchedule]) -> list[ScheduleView]:
    people = await _people(session, [one for row in rows for one in row.recipients])
    sent, problems = await _latest(session, [row.id for row in rows])
    return [
        ScheduleView(
            **row.model_dump(include={"id", "name", "days", "at", "day", "zone", "next_at", "created_at", "updated_at"}),
            report=Report(row.report),
            narrowed=ReportFilter.model_validate(row.narrowed),
            form=ReportForm(row.form),
            every=Every(row.every),
            recipients=[
                RecipientView(id=one.id, name=one.name or one.email, email=one.email, gets_it=may_get(one))
                for key in row.recipients
                if (one := people.get(key)) is not None
            ],
            is_paused=row.next_at is None,
            last_sent_at=sent.get(row.id),
            last_problem=" ".join(problems.get(row.id, [])),
        )
        for row in rows
    ]


async def _latest(session: AsyncSession, ids: Sequence[UUID]) -> tuple[dict[UUID, datetime], dict[UUID, list[str]]]:
    """When each was last sent, and what is wrong with its latest mails."""
    connection = await session.connection()
    values = {"ids": list(ids)}
    sent = await connection.execute(sa.text(LAST_SENT).bindparams(sa.bindparam("ids", type_=_IDS)), values)
    wrong = await connection.execute(sa.text(LAST_WRONG).bindparams(sa.bindparam("ids", type_=_IDS)), values)
    problems: dict[UUID, list[str]] = {}
    for row in wrong:
        problems.setdefault(row.schedule_id, []).append(PROBLEMS[row.status].format(name=row.name, error=row.error.rstrip(".")) + ".")
    return {row.schedule_id: row.at for row in sent}, problems


_IDS = sa.ARRAY(sa.Uuid())
LAST_SENT = "SELECT schedule_id, max(ended_at) AS at FROM report_mailings WHERE schedule_id = ANY(:ids) AND status = 'sent' GROUP BY 1"
LAST_WRONG = """
SELECT m.schedule_id, m.status, m.error, COALESCE(NULLIF(u.name, ''), u.email) AS name
FROM unnest(:ids) AS s(id)
CROSS JOIN LATERAL (SELECT max(due_at) AS due_at FROM report_mailings WHERE schedule_id = s.id) AS newest
JOIN report_mailings m ON m.schedule_id = s.id AND m.due_at = newest.due_at
JOIN users u ON u.id = m.recipient_id
WHERE m.status IN ('failed', 'unknown', 'skipped', 'queued') AND m.error <> '' ORDER BY m.id
"""
