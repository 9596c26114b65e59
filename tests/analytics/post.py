"""A mail server that speaks SMTP, keeps what it takes, and fails as it is told; and schedules whose reports go there."""

from __future__ import annotations

import asyncio
import email.policy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, cast
from uuid import UUID

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from autoflows.domain.reports import Every, MailingStatus
from autoflows.engine.pool import get_pool
from autoflows.ids import new_id, utc_now
from autoflows.models import Channel, ReportMailing, ReportSchedule
from autoflows.models.database import open_session
from autoflows.providers.vault import seal


@dataclass
class Post:
    """The server: `mails` in the order they came. `at_data` is done before the answer; `refuse` is said to recipients instead of 250."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: str = ""
    wrong_password: bool = False
    at_data: Callable[[Any], None] | None = None

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(BytesParser(policy=email.policy.default).parsebytes(cast(bytes, envelope.content)))
        self.recipients += envelope.rcpt_tos
        if self.at_data is not None:
            self.at_data(server)
        return "250 2.0.0 OK"

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, credentials: object) -> AuthResult:
        return AuthResult(success=isinstance(credentials, LoginPassword) and not self.wrong_password, handled=False)


@asynccontextmanager
async def post_office() -> AsyncIterator[Post]:
    """A listening server on a free port."""
    post, loop = Post(), asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(post, hostname="post.example.com", authenticator=post.login, auth_require_tls=False, loop=loop)

    server = await loop.create_server(session, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()


async def add_channel(account_id: UUID, port: int, **changes: Any) -> UUID:
    settings = {"host": "127.0.0.1", "port": port, "security": "none", "from_email": "reports@example.com", "timeout": 3}
    row = Channel(
        user_id=account_id,
        provider="smtp",
        name=f"Mail {port}",
        credentials=seal({"username": "me", "password": "x"}),
        settings=settings,
        status="active",
        webhook_secret=new_id().hex,
    )
    for name, value in changes.items():
        setattr(row, name, value)
    async with open_session() as session:
        session.add(row)
    return row.id


async def add_schedule(account_id: UUID, *recipients: UUID, due_at: datetime | None = None, **changes: Any) -> UUID:
    """A schedule that is due; with `due_at` it has its mailings already."""
    row = ReportSchedule(
        user_id=account_id,
        name=f"Report {new_id()}",
        report="overview",
        form="pdf",
        every=Every.DAY,
        at=time(9),
        day=1,
        zone="Asia/Kolkata",
        recipients=list(recipients),
        next_at=None if due_at else utc_now(),
    )
    for name, value in changes.items():
        setattr(row, name, value)
    async with open_session() as session:
        session.add(row)
        await session.flush()
        if due_at:
            session.add_all(ReportMailing(schedule_id=row.id, user_id=account_id, recipient_id=one, due_at=due_at) for one in recipients)
    return row.id


async def mailings(schedule_id: UUID) -> list[tuple[MailingStatus, str]]:
    """Status and problem of each mail of a schedule."""
    pool = await get_pool()
    rows = await pool.fetch("SELECT status, error FROM report_mailings WHERE schedule_id = $1 ORDER BY id", schedule_id)
    return [(MailingStatus(row["status"]), row["error"]) for row in rows]


async def let_leases_run_out() -> None:
    pool = await get_pool()
    await pool.execute("UPDATE report_mailings SET free_at = now() WHERE status IN ('queued', 'sending')")
