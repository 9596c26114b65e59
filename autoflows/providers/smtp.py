"""E-mail by SMTP (RFC 5321), step by step: before DATA nothing can have been sent, after it only the server's answer tells.

One connection per mail: a relay's idle time-outs then never cost a mail, and on loopback it takes a few milliseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, ClassVar, Literal

import aiosmtplib
from pydantic import BaseModel, Field, field_validator

from autoflows.domain.outcomes import Accepted, ErrorClass, ProviderEvent, Refused, SendResult, Unanswered
from autoflows.providers.base import Catalogue, CheckResult, Connection, EmailMessageRequest, WebhookRejected
from autoflows.providers.forms import ADVANCED, SECRET, Form, Limits
from autoflows.providers.payload import storable
from autoflows.providers.smtp_codes import NOBODY, Phase, class_of, enhanced_code
from autoflows.providers.smtp_mail import AddressInvalid, Mail, bare_address, compose, domain_of
from autoflows.providers.url_guard import check_host
from autoflows.providers.wire import clip

QUIT_SECONDS = 2.0
"""How long the server may take to say goodbye; the mail is decided by then."""


class SmtpCredentials(Form):
    """The login at the mail server; both empty for a relay that asks for none."""

    username: str = Field("", title="User name", description="Often the e-mail address. Empty if the server asks for no login.")
    password: str = Field("", title="Password", description="For Gmail and Microsoft 365 an app password.", json_schema_extra=SECRET)


class SmtpSettings(Limits):
    """Where the mail server is and who the mails come from."""

    host: str = Field(
        min_length=1,
        max_length=253,
        pattern=r"^[0-9A-Za-z._:\-]+$",
        title="Server",
        description="Name or address of the mail server, such as smtp.example.com.",
    )
    port: int = Field(587, ge=1, le=65535, title="Port", description="587 for STARTTLS, 465 for TLS, 25 for a relay without encryption.")
    security: Literal["none", "starttls", "tls"] = Field(
        "starttls",
        title="Encryption",
        description="starttls: encrypted after connecting (587). tls: from the start (465). none: only in your own network.",
    )
    from_email: str = Field(title="Sender address", description="What recipients see and reply to; the server must allow it.")
    timeout: float = Field(
        20.0,
        gt=0,
        le=300,
        title="Longest wait",
        description="Seconds for each half of a mail (until it is handed over, until it is taken); never longer than the worker allows.",
        json_schema_extra=ADVANCED,
    )
    verify_certificate: bool = Field(
        True,
        title="Check the certificate",
        description="Turn off only for a server of your own with a self-signed certificate.",
        json_schema_extra=ADVANCED,
    )

    @field_validator("from_email")
    @classmethod
    def _usable(cls, value: str) -> str:
        return bare_address(value)


class Smtp:
    """The SMTP adapter."""

    name: ClassVar[str] = "smtp"
    title: ClassVar[str] = "E-mail (SMTP)"
    action_type: ClassVar[str] = "email"
    Credentials: ClassVar[type[BaseModel]] = SmtpCredentials
    Settings: ClassVar[type[BaseModel]] = SmtpSettings
    has_webhooks: ClassVar[bool] = False

    async def check(self, connection: Connection) -> CheckResult:
        """Connect, greet, encrypt, sign in, NOOP; no mail is sent."""
        client = _client(connection)
        try:
            refused = await _steps(client, connection, [*_sign_in(client, connection), (Phase.SIGN_IN, client.noop)])
            if refused:
                return CheckResult(False, refused.message, {"code": refused.code})
            extensions = sorted(client.esmtp_extensions)
        finally:
            await _leave(client)
        settings = connection.settings
        return CheckResult(True, f"{settings.host}:{settings.port} accepts mail from {settings.from_email}.", {"extensions": extensions})

    async def sync(self, connection: Connection) -> Catalogue:
        """A mail server has nothing to list."""
        return Catalogue()

    async def send(self, connection: Connection, message: EmailMessageRequest) -> SendResult:
        """Hand one mail to the server; `provider_ref` is its Message-ID."""
        try:
            recipient = bare_address(message.to)
        except AddressInvalid as error:
            return Refused(ErrorClass.LEAD, "address_invalid", str(error))
        try:
            mail = compose(message, connection.settings.from_email, recipient, datetime.now(UTC))
        except AddressInvalid as error:
            return Refused(ErrorClass.PERMANENT, "address_invalid", str(error))
        client = _client(connection)
        try:
            refused = await _steps(client, connection, [*_sign_in(client, connection), *_envelope(client, mail)])
            return refused or await _hand_over(client, connection, mail)
        finally:
            await _leave(client)

    async def lookup(self, connection: Connection, provider_ref: str) -> ProviderEvent | None:
        """A mail server cannot be asked what became of a mail."""
        return None

    async def find(self, connection: Connection, message: EmailMessageRequest, since: Any) -> ProviderEvent | None:
        """A mail server cannot be asked whether it took a mail."""
        return None

    async def cancel(self, connection: Connection, provider_ref: str) -> bool:
        """A mail that was accepted cannot be taken back."""
        return False

    def handshake(self, connection: Connection, query: Mapping[str, str]) -> str | None:
        """SMTP has no webhooks."""
        return None

    def verify(self, connection: Connection, headers: Mapping[str, str], raw: bytes) -> None:
        """SMTP has no webhooks: whatever comes is not a mail server's."""
        raise WebhookRejected("SMTP sends no webhooks")

    def parse(self, connection: Connection, raw: bytes) -> list[ProviderEvent]:
        """SMTP has no webhooks."""
        raise WebhookRejected("SMTP sends no webhooks")


Step = tuple[Phase, Callable[[], Awaitable[Any]]]


def _client(connection: Connection) -> aiosmtplib.SMTP:
    settings = connection.settings
    return aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        timeout=_limit(connection),
        use_tls=settings.security == "tls",
        start_tls=False,  # done as its own step
        tls_context=None if settings.security == "none" else _tls(settings.verify_certificate),
        local_hostname=domain_of(settings.from_email),  # the default looks up our own name, which blocks
    )


def _limit(connection: Connection) -> float:
    return min(float(connection.settings.timeout), connection.timeout_seconds)


@lru_cache(maxsize=2)
def _tls(verify: bool) -> ssl.SSLContext:
    """One context for all mails: loading the certificate authorities takes longer than sending a mail."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _sign_in(client: aiosmtplib.SMTP, connection: Connection) -> list[Step]:
    host, port = connection.settings.host, connection.settings.port
    judge = partial(check_host, host, port, allow_private=connection.allow_private_network)
    steps: list[Step] = [(Phase.CONNECT, judge), (Phase.CONNECT, client.connect), (Phase.CONNECT, client.ehlo)]
    if connection.settings.security == "starttls":
        steps += [(Phase.ENCRYPT, client.starttls), (Phase.ENCRYPT, client.ehlo)]
    if username := connection.credentials.username:
        steps.append((Phase.SIGN_IN, lambda: client.login(username, connection.credentials.password)))
    return steps


def _envelope(client: aiosmtplib.SMTP, mail: Mail) -> list[Step]:
    return [(Phase.SENDER, lambda: client.mail(mail.sender)), (Phase.RECIPIENT, lambda: client.rcpt(mail.recipient))]


async def _steps(client: aiosmtplib.SMTP, connection: Connection, steps: list[Step]) -> Refused | None:
    """Everything before DATA, where a failure surely sent nothing; None when all went well."""
    phase, server, limit = Phase.CONNECT, connection.settings.host, _limit(connection)
    try:
        async with asyncio.timeout(limit):
            for phase, step in steps:  # noqa: B007  # read below, when the step has failed
                await step()
    except aiosmtplib.SMTPResponseException as error:
        return _said_no(phase, server, error.code, error.message)
    except TimeoutError:  # aiosmtplib's time-outs are TimeoutErrors too
        client.close()
        return Refused(ErrorClass.TRANSIENT, "timeout", f"{server} did not answer within {limit:g} s ({phase}).")
    except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError) as error:
        if isinstance(error.__cause__ or error, ssl.SSLError):
            return Refused(ErrorClass.ACCOUNT, "tls_failed", clip(f"No encrypted connection to {server}: {error}"))
        return Refused(ErrorClass.TRANSIENT, "disconnected", clip(f"The connection to {server} failed ({phase}): {error}"))
    except (aiosmtplib.SMTPException, ValueError) as error:  # an extension the server lacks, a value it cannot take
        error_class = ErrorClass.LEAD if phase is Phase.RECIPIENT else ErrorClass.ACCOUNT
        return Refused(error_class, "not_supported", clip(f"{server} cannot do what the channel asks ({phase}): {error}"))
    return None


async def _hand_over(client: aiosmtplib.SMTP, connection: Connection, mail: Mail) -> SendResult:
    """DATA: from here only the server's answer says whether it took the mail."""
    server, limit = connection.settings.host, _limit(connection)
    try:
        async with asyncio.timeout(limit):
            told = await client.data(mail.content)
        return Accepted(mail.message_id, {"message_id": mail.message_id, "reply": clip(storable(told.message))})
    except aiosmtplib.SMTPResponseException as error:
        if 200 <= error.code < 300:
            return Accepted(mail.message_id, {"message_id": mail.message_id, "reply": clip(storable(error.message))})
        if 400 <= error.code < 600:
            return _said_no(Phase.CONTENT, server, error.code, error.message)
        client.close()
        return Unanswered(clip(f"{server} gave an answer that is not SMTP after the mail was sent: {storable(error.message)}"))
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        client.close()
        return Unanswered(clip(f"{server} did not say whether it took the mail: {error or 'timed out'}"))


def _said_no(phase: Phase, server: str, code: int, message: str) -> Refused:
    told = clip(storable(message))
    enhanced = enhanced_code(told)
    error_class = class_of(phase, code, enhanced)
    nobody = phase is Phase.RECIPIENT and error_class is ErrorClass.LEAD and enhanced in NOBODY
    return Refused(error_class, enhanced or str(code), clip(f"{server} refused ({phase}): {code} {told}"), suppress=nobody)


async def _leave(client: aiosmtplib.SMTP) -> None:
    """QUIT, so that the server's log stays clean; what it answers changes nothing."""
    if client.is_connected:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(QUIT_SECONDS):
                await client.quit()
    client.close()
