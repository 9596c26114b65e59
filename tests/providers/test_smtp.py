"""The SMTP adapter: against the sandbox's mail server, TLS servers, and servers that fail at each stage."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.outcomes import Accepted, ErrorClass, Refused, Unanswered
from autoflows.providers import get_provider
from autoflows.providers import smtp as smtp_provider
from autoflows.providers.base import Attachment, Connection, EmailMessageRequest
from autoflows.providers.smtp_codes import Phase, class_of, enhanced_code
from autoflows.providers.smtp_mail import AddressInvalid, bare_address, compose
from tests.sandbox.fixtures import RawServer, Sandbox, connection

SMTP_PROVIDER = get_provider("smtp")


def mail(to: str = "asha@example.org", **changes: Any) -> EmailMessageRequest:
    base = {"attempt_id": uuid4(), "to": to, "subject": "Your enquiry", "html": "<p>Hello</p>", "text": "Hello"}
    return EmailMessageRequest(**{**base, **changes})


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def channel(http: httpx.AsyncClient, port: int, timeout: float = 2.0, **changes: Any) -> Connection:
    settings = {"host": "127.0.0.1", "port": port, "security": "none", "from_email": "hello@example.com", **changes}
    return connection("smtp", http, {}, settings, timeout)


def test_files_come_after_what_is_said() -> None:
    files = (Attachment("report.pdf", "application/pdf", bytes(range(256))), Attachment("a\nb.csv", "text/csv", b"x"))
    message = read(compose(mail(attachments=files), "hello@example.com", "asha@example.org", NOW).content)
    assert message.get_content_type() == "multipart/mixed"
    said = message.get_body(("html",))
    assert said is not None
    assert said.get_content().strip() == "<p>Hello</p>"
    first, second = message.iter_attachments()
    assert (first.get_filename(), first.get_content_type(), first.get_content()) == ("report.pdf", "application/pdf", bytes(range(256)))
    assert second.get_filename() == "a b.csv"


async def test_a_mail_is_taken_and_named_by_the_attempt(sandbox: Sandbox, smtp: Connection) -> None:
    sent = mail(from_name="Asha Agro", to_name="Asha Patel", reply_to="sales@example.com")
    result = await SMTP_PROVIDER.send(smtp, sent)
    assert isinstance(result, Accepted), result
    assert result.provider_ref == f"<{sent.attempt_id}@example.com>"
    received = sandbox.world.received["emails"]
    assert dict(received.by_attempt) == {str(sent.attempt_id): 1}
    assert received.latest[0]["person"] == "asha@example.org"
    assert received.latest[0]["sender"] == "Asha Agro <hello@example.com>"


@pytest.mark.parametrize(
    ("to", "code", "error_class"),
    [("bounce@example.org", "5.1.1", ErrorClass.LEAD), ("busy@example.org", "4.2.1", ErrorClass.TRANSIENT)],
)
async def test_refused_recipients(sandbox: Sandbox, smtp: Connection, to: str, code: str, error_class: ErrorClass) -> None:
    result = await SMTP_PROVIDER.send(smtp, mail(to))
    assert isinstance(result, Refused), result
    assert (result.code, result.error_class) == (code, error_class)
    assert result.suppress == (code == "5.1.1")
    assert sandbox.world.received["emails"].total == 0


@pytest.mark.parametrize("fault", ["reset", "hang"])
async def test_an_answer_lost_after_the_content_is_not_a_refusal(sandbox: Sandbox, http: httpx.AsyncClient, fault: str) -> None:
    setattr(sandbox.world.faults, fault, 1)
    result = await SMTP_PROVIDER.send(channel(http, sandbox.smtp_port, 0.3), sent := mail())
    assert isinstance(result, Unanswered), result
    assert sandbox.world.received["emails"].by_attempt[str(sent.attempt_id)] == 1


async def test_login(sandbox: Sandbox, smtp: Connection, http: httpx.AsyncClient) -> None:
    assert (await SMTP_PROVIDER.check(smtp)).ok
    wrong = connection("smtp", http, {"username": "sandbox", "password": "wrong"}, smtp.settings.model_dump())
    result = await SMTP_PROVIDER.send(wrong, mail())
    assert isinstance(result, Refused), result
    assert (result.error_class, result.code) == (ErrorClass.ACCOUNT, "5.7.8")
    checked = await SMTP_PROVIDER.check(wrong)
    assert not checked.ok
    assert "signing in" in checked.detail


STAGES = [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"."]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("failure", ["drop", "hang", "421", "554 5.7.1 no", "552 5.2.2 full", "gibberish", "999 what"])
async def test_a_failure_at_each_stage(http: httpx.AsyncClient, stage: bytes, failure: str) -> None:
    """Before DATA nothing was sent, so the result is a refusal; after it only a 4xx or 5xx is one."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.net ESMTP\r\n")
        in_content = False
        while line := await reader.readline():
            if in_content and line != b".\r\n":
                continue
            word = line.split(maxsplit=1)[0].upper()
            if word == stage:
                if failure == "drop":
                    return
                if failure == "hang":
                    await asyncio.sleep(30)
                writer.write(failure.encode() + b"\r\n")
                await writer.drain()
                in_content = False
                continue
            in_content = word == b"DATA"
            writer.write(b"354 go\r\n" if in_content else b"250 fine\r\n")

    async with RawServer(talk) as port:
        result = await SMTP_PROVIDER.send(channel(http, port, 0.25), mail())
    after_data = stage in (b"DATA", b".")
    if failure.startswith(("421", "552")):
        assert isinstance(result, Refused)
        assert result.error_class is (ErrorClass.TRANSIENT if failure[0] == "4" or stage != b"EHLO" else ErrorClass.ACCOUNT)
    elif failure.startswith("554"):
        assert isinstance(result, Refused)
        assert result.error_class is ErrorClass.ACCOUNT
    elif after_data:
        assert isinstance(result, Unanswered), result
    else:
        assert isinstance(result, Refused), result
        assert result.error_class is (ErrorClass.TRANSIENT if failure in ("drop", "hang") else ErrorClass.ACCOUNT)


async def test_a_2xx_that_is_not_250_is_still_a_yes(http: httpx.AsyncClient) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for _ in range(3):
            await reader.readline()
            writer.write(b"250 fine\r\n")
        await reader.readline()
        writer.write(b"354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"251 forwarded\r\n")
        await reader.readline()

    async with RawServer(talk) as port:
        assert isinstance(await SMTP_PROVIDER.send(channel(http, port), mail()), Accepted)


def test_the_certificate_authorities_are_loaded_once_for_all_mails() -> None:
    assert smtp_provider._tls(True) is smtp_provider._tls(True)
    assert smtp_provider._tls(False) is not smtp_provider._tls(True)


def self_signed(folder: Path) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


class Taking:
    """Takes every mail."""

    async def handle_DATA(self, server: SMTP, session: object, envelope: object) -> str:  # noqa: N802
        return "250 2.0.0 taken"


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_encryption(http: httpx.AsyncClient, tmp_path: Path, security: str) -> None:
    context, loop = self_signed(tmp_path), asyncio.get_running_loop()
    upgrade = context if security == "starttls" else None
    server = await loop.create_server(
        lambda: SMTP(Taking(), hostname="mail.example.net", tls_context=upgrade, require_starttls=bool(upgrade)),
        "127.0.0.1",
        0,
        ssl=None if upgrade else context,
    )
    port = server.sockets[0].getsockname()[1]
    try:
        own = channel(http, port, 5, security=security, verify_certificate=False)
        assert isinstance(result := await SMTP_PROVIDER.send(own, mail()), Accepted), result
        checked = await SMTP_PROVIDER.send(channel(http, port, 5, security=security), mail())
        assert isinstance(checked, Refused), checked
        assert (checked.error_class, checked.code) == (ErrorClass.ACCOUNT, "tls_failed")
    finally:
        server.close()
        await asyncio.sleep(0)


async def test_a_server_without_starttls_or_login_is_the_channels_fault(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    result = await SMTP_PROVIDER.send(channel(http, sandbox.smtp_port, security="starttls"), mail())
    assert isinstance(result, Refused), result
    assert (result.error_class, result.code) == (ErrorClass.ACCOUNT, "not_supported")
    assert "STARTTLS" in result.message


NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_the_parts_and_headers_of_a_mail() -> None:
    sent = mail(subject="पंप की कीमत", html="<p>é</p>", text="é", unsubscribe_url="https://app.example.com/u/abc")
    composed = compose(sent, "hello@example.com", "asha@example.org", NOW)
    message = read(composed.content)
    assert message["Subject"] == "पंप की कीमत"
    assert message["Date"] == "Sun, 22 Nov 2026 10:00:00 +0000"
    assert message["List-Unsubscribe"] == "<https://app.example.com/u/abc>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Auto-Submitted" not in message
    bodies = [(part.get_content_type(), cast(EmailMessage, part).get_content().strip()) for part in message.iter_parts()]
    assert bodies == [("text/plain", "é"), ("text/html", "<p>é</p>")]
    assert composed.content.isascii()
    assert read(compose(mail(html=""), "a@example.com", "b@example.com", NOW).content).get_content_type() == "text/plain"
    assert read(compose(mail(text=" "), "a@example.com", "b@example.com", NOW).content).get_content_type() == "text/html"


@given(name=st.text(max_size=80), subject=st.text(max_size=200), body=st.text(max_size=200))
def test_no_text_adds_a_header_or_a_recipient(name: str, subject: str, body: str) -> None:
    request = EmailMessageRequest(UUID(int=1), "asha@example.org", subject, body, body, from_name=name, to_name=name)
    message = read(compose(request, "hello@example.com", "asha@example.org", NOW).content)
    assert {key.lower() for key in message} <= {
        "content-type", "mime-version", "from", "to", "subject", "date", "message-id", "content-transfer-encoding",
    }  # fmt: skip
    assert [address.addr_spec for address in message["From"].addresses] == ["hello@example.com"]
    assert [address.addr_spec for address in message["To"].addresses] == ["asha@example.org"]
    assert message["Message-ID"] == "<00000000-0000-0000-0000-000000000001@example.com>"


NAMES = ['Asha "Agro" Ltd', "Patel, Asha", "Ashá, Inc <x@example.net>", "=?utf-8?q?x?=", "आशा", "a\r\nBcc: x@example.net"]


@pytest.mark.parametrize("name", NAMES)
def test_names_arrive_as_typed(name: str) -> None:
    message = read(compose(mail(from_name=name), "hello@example.com", "asha@example.org", NOW).content)
    assert message["From"].addresses[0].display_name == " ".join(name.split())
    assert message["Bcc"] is None


BROKEN = ["", "asha", "asha@", "@example.com", "a b@example.com", "a@b@c", "a@example.com,b@example.com", "a@example.com\nBcc: b"]
BROKEN += ["<a@example.com>", "आशा@example.com", "a..b@example.com", ".a@example.com", "a@example..com", "a@-example.com"]
BROKEN += [f"{'a' * 65}@example.com", "a@\ud800.com", '"a b"@example.com', "a@[127.0.0.1]", "a@exa mple.com"]


@given(st.text(max_size=80) | st.emails())
def test_any_text_is_an_address_or_not(value: str) -> None:
    try:
        address = bare_address(value)
    except AddressInvalid:
        return
    assert address.isascii()
    assert address.isprintable()
    assert bare_address(address) == address


@pytest.mark.parametrize("address", BROKEN)
async def test_addresses_that_cannot_be_mailed(address: str, smtp: Connection, sandbox: Sandbox) -> None:
    with pytest.raises(AddressInvalid):
        bare_address(address)
    result = await SMTP_PROVIDER.send(smtp, mail(address))
    assert isinstance(result, Refused), result
    assert (result.error_class, result.code) == (ErrorClass.LEAD, "address_invalid")
    assert sandbox.world.received["emails"].total == 0
    wrong_reply_to = await SMTP_PROVIDER.send(smtp, mail(reply_to=address or "x"))
    assert isinstance(wrong_reply_to, Refused)
    assert wrong_reply_to.error_class is ErrorClass.PERMANENT


def test_international_domains_are_written_in_ascii() -> None:
    assert bare_address(" hello@उदाहरण.com ") == "hello@xn--p1b6ci4b4b3a.com"


@pytest.mark.parametrize(
    ("phase", "code", "message", "error_class"),
    [
        (Phase.CONNECT, 421, "", ErrorClass.TRANSIENT),
        (Phase.CONNECT, 554, "no service", ErrorClass.ACCOUNT),
        (Phase.SIGN_IN, 454, "4.7.0 later", ErrorClass.TRANSIENT),
        (Phase.SIGN_IN, 535, "5.7.8 wrong", ErrorClass.ACCOUNT),
        (Phase.SIGN_IN, 534, "", ErrorClass.ACCOUNT),
        (Phase.SENDER, 530, "5.7.0 log in", ErrorClass.ACCOUNT),
        (Phase.SENDER, 553, "5.1.8 unknown domain", ErrorClass.ACCOUNT),
        (Phase.SENDER, 550, "5.1.0 no", ErrorClass.ACCOUNT),
        (Phase.SENDER, 451, "", ErrorClass.TRANSIENT),
        (Phase.RECIPIENT, 550, "5.1.1 no such user", ErrorClass.LEAD),
        (Phase.RECIPIENT, 550, "5.1.10 null MX", ErrorClass.LEAD),
        (Phase.RECIPIENT, 550, "no such user", ErrorClass.LEAD),
        (Phase.RECIPIENT, 550, "5.7.1 blocked", ErrorClass.ACCOUNT),
        (Phase.RECIPIENT, 550, "5.2.1 disabled", ErrorClass.LEAD),
        (Phase.RECIPIENT, 552, "5.2.2 full", ErrorClass.TRANSIENT),
        (Phase.RECIPIENT, 551, "", ErrorClass.LEAD),
        (Phase.RECIPIENT, 553, "", ErrorClass.LEAD),
        (Phase.RECIPIENT, 450, "4.2.1 greylisted", ErrorClass.TRANSIENT),
        (Phase.RECIPIENT, 452, "", ErrorClass.TRANSIENT),
        (Phase.RECIPIENT, 503, "", ErrorClass.PERMANENT),
        (Phase.CONTENT, 552, "5.3.4 too big", ErrorClass.PERMANENT),
        (Phase.CONTENT, 554, "5.7.1 spam", ErrorClass.ACCOUNT),
        (Phase.CONTENT, 554, "spam", ErrorClass.PERMANENT),
        (Phase.CONTENT, 550, "", ErrorClass.PERMANENT),
        (Phase.CONTENT, 550, "5.6.0 content", ErrorClass.PERMANENT),
        (Phase.CONTENT, 421, "4.7.0 closing", ErrorClass.TRANSIENT),
        (Phase.CONNECT, -1, "", ErrorClass.ACCOUNT),
    ],
)
def test_the_table_of_replies(phase: Phase, code: int, message: str, error_class: ErrorClass) -> None:
    assert class_of(phase, code, enhanced_code(message)) is error_class
