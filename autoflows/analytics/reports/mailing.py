"""A worker's task: sends the reports that are due, each once to each person, whatever dies.

plan    a due schedule becomes a row per person, unique by due time, and gets its next due time, in one transaction
claim   a worker takes a row by SKIP LOCKED under a lease and a new fence, and makes the report; should it die here, another takes the row
ahead   `sending` is committed before the mail server is asked
settle  what came of it; if nobody tells within the lease the row is `unknown`, and only a person has it sent again

The channel's circuit breaker is the one that contacts use: a login that fails here holds them, and a mail that goes out frees them.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from autoflows.domain.capacity import BreakerState
from autoflows.domain.errors import AutoflowsError, Unavailable
from autoflows.domain.notices import NoticeKind, say
from autoflows.domain.outcomes import Accepted, ErrorClass, Refused, SendResult, Unanswered
from autoflows.domain.reports import Every, MailingStatus, Report, ReportForm, Rhythm
from autoflows.engine import breaker, live
from autoflows.engine.live import LiveChange
from autoflows.engine.notices import raise_notice, resolve
from autoflows.engine.pool import LOST, Connection, get_pool, transact
from autoflows.ids import new_id
from autoflows.models import Channel, ReportMailing, ReportSchedule, User
from autoflows.models.database import open_session
from autoflows.providers import get_provider
from autoflows.providers.base import Attachment, EmailMessageRequest
from autoflows.providers.connections import connect
from autoflows.services.auth import actor_of
from autoflows.services.report_schedules import mailers, may_get
from autoflows.settings import get_settings

log = logging.getLogger(__name__)

TURN_SECONDS = 5.0
CATCH_UP = timedelta(days=7)
"""What became due while no worker ran is sent late, but not what is older than this."""
MAKING = timedelta(minutes=2)
MOST_TRIES = 8
PDF, XLSX = "application/pdf", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DUE = """
SELECT id, user_id, recipients, every, at, day, zone, next_at, now() AS now FROM report_schedules
WHERE next_at <= now() ORDER BY next_at LIMIT 20 FOR UPDATE SKIP LOCKED
"""
ADD = """
INSERT INTO report_mailings (id, schedule_id, user_id, recipient_id, due_at, status, free_at, fence, tries, error, created_at)
SELECT $1, $2, $3, u.id, $5, 'queued', now(), 0, 0, '', now() FROM users u WHERE u.id = $4
ON CONFLICT (schedule_id, due_at, recipient_id) DO NOTHING
"""
MOVE = "UPDATE report_schedules SET next_at = $2 WHERE id = $1"
FORGET = """
UPDATE report_mailings SET status = 'unknown', ended_at = now(),
  error = 'the worker stopped while it was being sent, and nobody told whether it went out'
WHERE status = 'sending' AND free_at <= now() RETURNING user_id
"""
CLAIM = """
UPDATE report_mailings m SET free_at = clock_timestamp() + $1::interval, fence = m.fence + 1, tries = m.tries + 1
WHERE m.id = (
  SELECT id FROM report_mailings WHERE status = 'queued' AND free_at <= now() ORDER BY free_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING m.id, m.fence, m.tries
"""
AHEAD = """
UPDATE report_mailings SET status = 'sending', error = '', free_at = clock_timestamp() + $3::interval
WHERE id = $1 AND fence = $2 AND status = 'queued' RETURNING true
"""
SETTLE = """
UPDATE report_mailings SET status = $3::varchar, error = $4, free_at = COALESCE($5, free_at),
  ended_at = CASE WHEN $3::varchar <> 'queued' THEN now() END
WHERE id = $1 AND fence = $2 AND status IN ('queued', 'sending', 'unknown') RETURNING user_id
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is ready to go, and by which channel."""

    account_id: UUID
    channel: Channel
    message: EmailMessageRequest


@dataclass(frozen=True, slots=True)
class End:
    """What a mailing came to, or, `queued`, when it is tried again."""

    status: MailingStatus
    error: str = ""
    again_at: datetime | None = None


async def send_reports() -> None:
    """Send what is due every few seconds, for ever, whatever the database does."""
    while True:
        try:
            await plan_due()
            while await send_one():
                pass
        except (Unavailable, *LOST) as error:
            log.warning("no reports were sent, the database does not answer: %s", error)
        except Exception:
            log.exception("sending reports failed; it is tried again")
        await asyncio.sleep(TURN_SECONDS)


async def plan_due() -> int:
    """A row per mail of what is due, and what nobody told about in time marked as unknown. Gives how many schedules were due."""
    changes = await transact(_plan)
    live.publish(changes)
    return len(changes)


async def _plan(connection: Connection) -> list[LiveChange]:
    changes = [LiveChange(row["user_id"], kind="report") for row in await connection.fetch(FORGET)]
    for row in await connection.fetch(DUE):
        rhythm, now = Rhythm(Every(row["every"]), row["at"], row["day"], row["zone"]), row["now"]
        for due in dues_of(rhythm, row["next_at"], now):
            await connection.executemany(ADD, [(new_id(), row["id"], row["user_id"], one, due) for one in row["recipients"]])
        await connection.execute(MOVE, row["id"], rhythm.next_due(now))
        changes.append(LiveChange(row["user_id"], kind="report"))
    return changes


def dues_of(rhythm: Rhythm, first: datetime, now: datetime) -> list[datetime]:
    """The due times from the first one planned up to now that are still worth sending."""
    dues, due = [], first if first >= now - CATCH_UP else rhythm.next_due(now - CATCH_UP)
    while due <= now:
        dues.append(due)
        due = rhythm.next_due(due)
    return dues


async def send_one() -> bool:
    """Send one mail that is due; gives whether there was one."""
    pool = await get_pool()
    claimed = await pool.fetchrow(CLAIM, MAKING)
    if claimed is None:
        return False
    mailing_id, fence = claimed["id"], claimed["fence"]
    made: Letter | End
    try:
        made = (
            await _make(mailing_id) if claimed["tries"] <= MOST_TRIES else End(MailingStatus.FAILED, "every worker stopped while making it")
        )
    except (Unavailable, *LOST):
        raise  # the lease runs out, and it is taken again
    except AutoflowsError as error:
        made = End(MailingStatus.FAILED, error.detail)
    except Exception as error:
        log.exception("the report of mailing %s cannot be made", mailing_id)
        made = End(MailingStatus.FAILED, f"internal error ({type(error).__name__})")
    if isinstance(made, End):
        await _finish(mailing_id, fence, made)
        return True
    patience = timedelta(seconds=2 * get_settings().provider_timeout_seconds + 30)
    if not await pool.fetchval(AHEAD, mailing_id, fence, patience):
        return True  # another has it, or it was paused or deleted meanwhile
    result = await _send(made)
    await _settle(mailing_id, fence, made, result)
    return True


async def _make(mailing_id: UUID) -> Letter | End:
    """The mail, made as the person who gets it may see it; or why there is none."""
    from autoflows.analytics.period import Period
    from autoflows.analytics.reports import letter  # only now: a worker starts without charts
    from autoflows.analytics.reports.figures import figures_report
    from autoflows.analytics.reports.files import pdf_of, xlsx_of
    from autoflows.analytics.service import Narrowed
    from autoflows.services.views.reports import ReportFilter

    async with open_session() as session:
        mailing = await session.get(ReportMailing, mailing_id)
        if mailing is None:
            return End(MailingStatus.SKIPPED, "it was deleted")
        schedule = await session.get_one(ReportSchedule, mailing.schedule_id)
        person = await session.get_one(User, mailing.recipient_id)
        if person.account_id != schedule.user_id or not may_get(person):
            return End(MailingStatus.SKIPPED, "they are deactivated, or may not export any more")
        channel: Channel | None = (await session.exec(mailers(schedule.user_id).limit(1))).first()
        if channel is None:
            return End(MailingStatus.FAILED, "the account has no e-mail channel that is on")
        rhythm = Rhythm(Every(schedule.every), schedule.at, schedule.day, schedule.zone)
        period = Period(*rhythm.days_before(mailing.due_at, schedule.days), schedule.zone)
        narrowed = Narrowed(**ReportFilter.model_validate(schedule.narrowed).model_dump())
        is_pdf = schedule.form == ReportForm.PDF
        document = await figures_report(actor_of(person, "session"), session, Report(schedule.report), period, narrowed, whole=not is_pdf)
        account = (await session.get_one(User, schedule.user_id)).name
    content = await (pdf_of if is_pdf else xlsx_of)(document)
    page = get_settings().public_url + document.href
    message = EmailMessageRequest(
        attempt_id=mailing_id,
        to=person.email,
        to_name=person.name or None,
        from_name=account or None,
        subject=letter.subject_of(schedule.name, document),
        text=letter.text_of(schedule.name, document, page),
        html=letter.html_of(schedule.name, document, page),
        attachments=(Attachment(f"{document.slug}.{schedule.form}", PDF if is_pdf else XLSX, content),),
    )
    return Letter(schedule.user_id, channel, message)


async def _send(made: Letter) -> SendResult:
    channel = made.channel
    try:
        connection = connect(channel.id, channel.provider, channel.credentials, channel.settings)
    except AutoflowsError as error:
        return Refused(ErrorClass.ACCOUNT, "configuration", error.detail)
    return await get_provider(channel.provider).send(connection, made.message)


async def _finish(mailing_id: UUID, fence: int, end: End) -> None:
    async def write(connection: Connection) -> list[LiveChange]:
        return await _write(connection, mailing_id, fence, end)

    live.publish(await transact(write))


async def _settle(mailing_id: UUID, fence: int, made: Letter, result: SendResult) -> None:
    async def write(connection: Connection) -> list[LiveChange]:
        tries = await connection.fetchval("SELECT tries FROM report_mailings WHERE id = $1", mailing_id)
        now = await connection.fetchval("SELECT now()")
        end = end_of(result, tries or MOST_TRIES, now)
        changes = await _write(connection, mailing_id, fence, end)
        return changes + await _tell_channel(connection, made, result, end)

    live.publish(await transact(write))


async def _write(connection: Connection, mailing_id: UUID, fence: int, end: End) -> list[LiveChange]:
    account_id = await connection.fetchval(SETTLE, mailing_id, fence, end.status.value, end.error[:500], end.again_at)
    return [LiveChange(account_id, kind="report")] if account_id else []


def end_of(result: SendResult, tries: int, now: datetime) -> End:
    """What an answer means for a mail. Surely refused for a while: tried again, ever later, some hours long."""
    if isinstance(result, Accepted):
        return End(MailingStatus.SENT)
    if isinstance(result, Unanswered):
        return End(MailingStatus.UNKNOWN, result.message)
    if result.error_class in (ErrorClass.TRANSIENT, ErrorClass.ACCOUNT) and tries < MOST_TRIES:
        return End(MailingStatus.QUEUED, result.message, now + timedelta(minutes=min(2 ** (tries - 1), 60)))
    return End(MailingStatus.FAILED, result.message)


async def _tell_channel(connection: Connection, made: Letter, result: SendResult, end: End) -> list[LiveChange]:
    """What the answer says about the channel: to its circuit breaker, and to the team when a report was given up."""
    channel, held = made.channel, made.channel.breaker_state != BreakerState.CLOSED
    if isinstance(result, Accepted):
        closed = await breaker.close(connection, channel.id)
        return closed or await resolve(connection, made.account_id, NoticeKind.CHANNEL_DOWN, str(channel.id))
    if isinstance(result, Refused) and result.error_class not in (ErrorClass.TRANSIENT, ErrorClass.ACCOUNT):
        return []
    mend = isinstance(result, Refused) and result.error_class is ErrorClass.ACCOUNT
    sign = breaker.Sign(channel.id, result.message, mend=mend, failed=True, probe=held)
    changes = await breaker.heed(connection, [sign], timedelta(seconds=get_settings().breaker_pause_seconds))
    if not changes and end.status is MailingStatus.FAILED:
        notice: Any = say(NoticeKind.CHANNEL_DOWN, str(channel.id), name=channel.name, reason=f"A report was not sent: {result.message}")
        changes += await raise_notice(connection, made.account_id, *notice)
    return changes
