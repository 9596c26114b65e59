"""A mail server that takes everything but what it is asked to refuse, and delivers nothing.

`bounce@` any domain is refused for good (550 5.1.1), `busy@` for now (450 4.2.1). Login is optional; a wrong one is refused.
"""

from __future__ import annotations

import asyncio
import email.policy
import logging
from email.message import EmailMessage
from email.parser import BytesParser
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from autoflows.sandbox.world import SMTP_PASSWORD, SMTP_USER, World


class Mailbox:
    """The hooks that aiosmtpd calls (aiosmtpd docs, handler hooks)."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        """Refuse the two special names, and connections on request of a fault."""
        name = address.rpartition("@")[0].lower()
        if name == "bounce":
            self.world.refused["smtp 550"] += 1
            return "550 5.1.1 The e-mail account that you tried to reach does not exist"
        if name == "busy" or self.world.happens(self.world.faults.error_500) or self.world.happens(self.world.faults.rate_limited):
            self.world.refused["smtp 450"] += 1
            return "450 4.2.1 The mailbox is busy, try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Count the mail; then answer, unless a fault spoils the answer."""
        mail = BytesParser(policy=email.policy.default).parsebytes(cast(bytes, envelope.content))
        message_id = str(mail["Message-ID"] or "").strip("<> ")
        for address in envelope.rcpt_tos:
            self.world.received["emails"].add(
                message_id.partition("@")[0] or None,
                address.lower(),
                id=message_id,
                sender=str(mail["From"] or ""),
                subject=str(mail["Subject"] or ""),
                status="accepted",
                text=_text(mail),
            )
        faults = self.world.faults
        if self.world.happens(faults.reset) or self.world.happens(faults.error_500_after_acting):
            cast(asyncio.Transport, server.transport).abort()
        elif self.world.happens(faults.hang):
            await asyncio.sleep(faults.hang_seconds)
        return "250 2.0.0 OK: taken"


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    return str(body.get_content())[:2_000] if body else ""


def _login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, credentials: object) -> AuthResult:
    wanted = LoginPassword(SMTP_USER.encode(), SMTP_PASSWORD.encode())
    return AuthResult(success=isinstance(credentials, LoginPassword) and credentials == wanted, handled=False)


async def start_mail(world: World, host: str, port: int) -> asyncio.Server:
    """Listen; the caller closes the server."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns at each login of a deprecation inside itself
    mailbox = Mailbox(world)
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(mailbox, hostname="sandbox.example.com", authenticator=_login, auth_require_tls=False, enable_SMTPUTF8=True, loop=loop)

    return await loop.create_server(session, host, port)
