"""Reports that are sent: by real mail, once, whatever the server says and wherever the worker dies."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from autoflows.analytics import service
from autoflows.analytics.period import Period
from autoflows.analytics.reports.mailing import MOST_TRIES, dues_of, end_of, plan_due, send_one
from autoflows.domain.outcomes import Accepted, ErrorClass, Refused, Unanswered
from autoflows.domain.permissions import Role
from autoflows.domain.reports import Every, MailingStatus, Rhythm
from autoflows.engine.pool import get_pool
from autoflows.ids import new_id, utc_now
from autoflows.models import User
from autoflows.models.database import open_session
from bench.stack import ROOT
from tests.analytics.conftest import Accounts
from tests.analytics.post import Post, add_channel, add_schedule, let_leases_run_out, mailings, post_office
from tests.analytics.test_exports import read_xlsx
from tests.analytics.test_reports import text_of
from tests.analytics.world import NOW


@pytest_asyncio.fixture
async def post(accounts: Accounts) -> AsyncIterator[Post]:
    """A post office with the account's one e-mail channel."""
    pool = await get_pool()
    await pool.execute("DELETE FROM report_schedules")
    await pool.execute("DELETE FROM notifications")
    await pool.execute("UPDATE channels SET status = 'disabled' WHERE provider = 'smtp'")
    async with post_office() as office:
        await add_channel(accounts.actor.account_id, office.port)
        yield office


async def send_all() -> int:
    await plan_due()
    sent = 0
    while await send_one():
        sent += 1
    return sent


async def notices() -> list[tuple[str, bool]]:
    pool = await get_pool()
    rows = await pool.fetch("SELECT kind, resolved_at IS NULL AS is_open FROM notifications ORDER BY id")
    return [(row["kind"], row["is_open"]) for row in rows]


async def member(accounts: Accounts, role: Role, **changes: Any) -> UUID:
    key = new_id()
    user = User(id=key, owner_id=accounts.actor.account_id, email=f"{key}@example.com", name="Member", password_hash="x", role=role)
    for name, value in changes.items():
        setattr(user, name, value)
    async with open_session() as session:
        session.add(user)
    return key


def file_of(mail: Any) -> Any:
    return next(mail.iter_attachments())


async def test_a_mail_brings_the_figures_the_file_and_the_way_to_the_page(accounts: Accounts, post: Post) -> None:
    actor = accounts.actor
    await add_schedule(actor.account_id, actor.user_id, due_at=NOW, name="Monday “फल” figures", days=30)
    assert await send_all() == 1
    mail = post.mails[0]
    period = Period((NOW - timedelta(days=30)).date(), (NOW - timedelta(days=1)).date(), "Asia/Kolkata")
    async with open_session() as session:
        now = (await service.overview(actor, session, period)).now
    assert mail["Subject"] == "Monday “फल” figures: 28 Feb 2026 – 29 Mar 2026 (30 days)"
    assert post.recipients == [actor.email]
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        said = part.get_content()
        for figure in (now.executions, now.leads_received, now.conversations, now.failed):
            assert f"{figure:,}" in said
        assert "/dashboard/auto-engagement/analytics?span=own" in said
        assert "from=2026-02-28" in said
        assert "tz=Asia%2FKolkata" in said
    attached = file_of(mail)
    assert (attached.get_content_type(), attached.get_filename()) == ("application/pdf", "overview_2026-02-28_2026-03-29.pdf")
    text = text_of(attached.get_content())
    assert f"Executions {now.executions:,}" in text
    assert f"{now.leads_contacted:,} contacted + {now.leads_not_contacted:,} not" in text


@pytest.mark.parametrize("report", ["speed", "performance", "flow"])
async def test_every_report_goes_as_a_workbook_too(accounts: Accounts, post: Post, report: str) -> None:
    narrowed = {"flow_id": str(accounts.world.flows[0].id)} if report == "flow" else {}
    schedule = await add_schedule(
        accounts.actor.account_id, accounts.actor.user_id, due_at=NOW, report=report, form="xlsx", narrowed=narrowed, days=30
    )
    await send_all()
    assert await mailings(schedule) == [(MailingStatus.SENT, "")]
    attached = file_of(post.mails[0])
    assert attached.get_filename().endswith(".xlsx")
    assert ["Account", accounts.world.user.name] in read_xlsx(attached.get_content(), 1)


async def test_what_is_due_is_sent_once_to_each_who_may_get_it(accounts: Accounts, post: Post) -> None:
    manager = await member(accounts, Role.MANAGER)
    gone, viewer = await member(accounts, Role.ADMIN, is_active=False), await member(accounts, Role.VIEWER)
    schedule = await add_schedule(accounts.actor.account_id, accounts.actor.user_id, manager, gone, viewer, new_id())
    await asyncio.gather(*(send_all() for _ in range(4)))
    assert sorted(post.recipients) == sorted([accounts.actor.email, f"{manager}@example.com"])
    said = await mailings(schedule)
    assert [status for status, _ in said].count(MailingStatus.SENT) == 2
    assert [why for status, why in said if status is MailingStatus.SKIPPED] == ["they are deactivated, or may not export any more"] * 2
    pool = await get_pool()
    next_at = await pool.fetchval("SELECT next_at FROM report_schedules WHERE id = $1", schedule)
    assert next_at > utc_now()
    assert await send_all() == 0
    await pool.execute("UPDATE report_schedules SET next_at = (SELECT min(due_at) FROM report_mailings) WHERE id = $1", schedule)
    assert await send_all() == 0, "the same due time again"


async def test_an_account_without_an_email_channel_says_so(accounts: Accounts, post: Post) -> None:
    pool = await get_pool()
    await pool.execute("UPDATE channels SET status = 'disabled' WHERE provider = 'smtp'")
    schedule = await add_schedule(accounts.actor.account_id, accounts.actor.user_id)
    await send_all()
    assert await mailings(schedule) == [(MailingStatus.FAILED, "the account has no e-mail channel that is on")]


async def test_a_login_that_fails_is_told_held_and_tried_again(accounts: Accounts, post: Post) -> None:
    post.wrong_password = True
    schedule = await add_schedule(accounts.actor.account_id, accounts.actor.user_id)
    await send_all()
    [(status, why)] = await mailings(schedule)
    assert status is MailingStatus.QUEUED
    assert "535" in why
    assert await notices() == [("channel_down", True)]
    pool = await get_pool()
    assert await pool.fetchval("SELECT breaker_state FROM channels WHERE name = $1", f"Mail {post.port}") == "open"
    assert await send_all() == 0, "it is not due again yet"
    post.wrong_password = False
    await let_leases_run_out()
    await send_all()
    assert [status for status, _ in await mailings(schedule)] == [MailingStatus.SENT]
    assert await notices() == [("channel_down", False)]
    assert await pool.fetchval("SELECT breaker_state FROM channels WHERE name = $1", f"Mail {post.port}") == "closed"


async def test_a_server_that_stays_busy_is_told_when_the_report_is_given_up(accounts: Accounts, post: Post) -> None:
    post.refuse = "450 4.3.2 not now"
    schedule = await add_schedule(accounts.actor.account_id, accounts.actor.user_id)
    for _ in range(MOST_TRIES):
        assert await notices() == []
        await let_leases_run_out()
        assert await send_all() == 1
    assert [status for status, _ in await mailings(schedule)] == [MailingStatus.FAILED]
    assert await notices() == [("channel_down", True)]
    post.refuse = ""
    await add_schedule(accounts.actor.account_id, accounts.actor.user_id)
    await send_all()
    assert await notices() == [("channel_down", False)]


async def test_a_refused_address_is_not_tried_again(accounts: Accounts, post: Post) -> None:
    post.refuse = "550 5.1.1 nobody here"
    schedule = await add_schedule(accounts.actor.account_id, accounts.actor.user_id)
    await send_all()
    [(status, why)] = await mailings(schedule)
    assert status is MailingStatus.FAILED
    assert "nobody here" in why
    assert await notices() == []


async def test_an_answer_that_never_came_is_unknown_and_not_sent_again(accounts: Accounts, post: Post) -> None:
    post.at_data = lambda server: server.transport.abort()
    schedule = await add_schedule(accounts.actor.account_id, accounts.actor.user_id)
    await send_all()
    post.at_data = None
    await let_leases_run_out()
    await send_all()
    [(status, why)] = await mailings(schedule)
    assert status is MailingStatus.UNKNOWN
    assert "did not say" in why
    assert len(post.mails) == 1


async def test_a_flow_that_is_gone_ends_its_report_with_the_reason(accounts: Accounts, post: Post) -> None:
    schedule = await add_schedule(accounts.actor.account_id, accounts.actor.user_id, report="flow", narrowed={"flow_id": str(new_id())})
    await send_all()
    [(status, why)] = await mailings(schedule)
    assert status is MailingStatus.FAILED
    assert "There is no flow" in why


MODULES = ("autoflows.analytics.reports.mailing", "autoflows.analytics.reports.files", "autoflows.providers.smtp", "autoflows.engine.pool")


class Doomed:
    """The driver: workers that die where they are told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    async def work(self, last: list[Any] | None) -> dict[str, Any]:
        """One worker's work, up to that point; how it ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(last) + "\n")
        self.process.stdin.flush()
        return dict(json.loads(await asyncio.to_thread(self.process.stdout.readline)))


@pytest.fixture
def doomed(accounts: Accounts) -> Iterator[Doomed]:
    command = [sys.executable, "-m", "tests.analytics.mail_driver"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Doomed(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


@pytest.mark.timeout(180)
async def test_a_worker_that_dies_anywhere_loses_and_doubles_nothing(accounts: Accounts, post: Post, doomed: Doomed) -> None:
    schedule = await add_schedule(accounts.actor.account_id, accounts.actor.user_id)
    points = (await doomed.work(None))["points"]
    assert await mailings(schedule) == [(MailingStatus.SENT, "")]
    lines: dict[str, list[Any]] = {}
    for line, time_of in points:
        if line.startswith(MODULES):
            lines.setdefault(line, []).append([line, time_of])
    chosen = [point for times in lines.values() for point in times[:: max(len(times) - 1, 1)]]
    assert len(chosen) > 12
    seen = set()
    for point in chosen:
        post.mails.clear()
        schedule = await add_schedule(accounts.actor.account_id, accounts.actor.user_id)
        assert (await doomed.work(point)).get("died"), point
        for _ in range(2):
            await let_leases_run_out()
            await send_all()
        [(status, _)] = await mailings(schedule)
        assert len(post.mails) <= 1, f"sent twice by one who died at {point}"
        assert status in (MailingStatus.SENT, MailingStatus.UNKNOWN), point
        assert len(post.mails) == 1 or status is MailingStatus.UNKNOWN, f"lost by one who died at {point}"
        seen.add((status, len(post.mails)))
    assert seen == {(MailingStatus.SENT, 1), (MailingStatus.UNKNOWN, 0), (MailingStatus.UNKNOWN, 1)}


def test_what_became_due_while_nobody_worked_is_sent_late_within_a_week() -> None:
    rhythm = Rhythm(Every.DAY, time(9), 1, "UTC")
    now = datetime(2026, 3, 30, 12, tzinfo=UTC)
    assert len(dues_of(rhythm, datetime(2026, 3, 28, 9, tzinfo=UTC), now)) == 3
    assert dues_of(rhythm, datetime(2026, 1, 1, 9, tzinfo=UTC), now)[0] == datetime(2026, 3, 24, 9, tzinfo=UTC)
    assert dues_of(Rhythm(Every.MONTH, time(9), 1, "UTC"), datetime(2026, 1, 1, 9, tzinfo=UTC), now) == []


def test_what_an_answer_means() -> None:
    busy = Refused(ErrorClass.TRANSIENT, "4.3.2", "busy")
    assert end_of(Accepted("x"), 1, NOW).status is MailingStatus.SENT
    assert end_of(Unanswered("?"), 1, NOW).status is MailingStatus.UNKNOWN
    waits = [end_of(busy, tries, NOW).again_at for tries in range(1, MOST_TRIES)]
    assert waits == [NOW + timedelta(minutes=m) for m in (1, 2, 4, 8, 16, 32, 60)]
    assert end_of(busy, MOST_TRIES, NOW).status is MailingStatus.FAILED
    assert end_of(Refused(ErrorClass.LEAD, "5.1.1", "nobody"), 1, NOW).status is MailingStatus.FAILED
