"""One e-mail as bytes (RFC 5322, MIME), from values that people typed: no value can add a header or a recipient.

The legacy policy of `email` is used on purpose: it writes headers as they are given here, while the newer one parses and folds
them again and, in the Python versions supported, can lose the quotes of an encoded display name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.charset import QP, Charset
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from typing import Any
from urllib.parse import urlsplit

from autoflows.providers.base import Attachment, EmailMessageRequest
from autoflows.providers.payload import storable

MAX_SUBJECT, MAX_NAME = 500, 100
"""Longest subject and display name that are sent; the rest is cut."""

LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
"""RFC 5321, 4.1.2: dot-string and domain. Quoted local parts exist on paper only."""


class AddressInvalid(ValueError):
    """An address that no mail can be sent to; the message is a sentence naming it."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What the SMTP session needs: envelope, id and bytes."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


def compose(message: EmailMessageRequest, sender: str, recipient: str, now: datetime) -> Mail:
    """The mail for `message`, between two addresses that `bare_address` has passed.

    Its Message-ID is made of the attempt id, so replies and bounces name the attempt.

    Raises `AddressInvalid` naming the address that cannot be used.
    """
    message_id = f"<{message.attempt_id}@{domain_of(sender)}>"
    mail: Any = _body(message)  # a Header is a valid value, which the stubs do not know
    mail["From"] = _mailbox("From", message.from_name, sender)
    mail["To"] = _mailbox("To", message.to_name, recipient)
    mail["Subject"] = _subject(_line(message.subject, MAX_SUBJECT))
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id
    if message.reply_to:
        mail["Reply-To"] = bare_address(message.reply_to)
    if message.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{_https(message.unsubscribe_url)}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return Mail(sender, recipient, message_id, mail.as_bytes())


def _body(message: EmailMessageRequest) -> MIMEMultipart | MIMEText:
    """What is said, with the files after it."""
    said = _said(message)
    return MIMEMultipart("mixed", _subparts=[said, *map(_file, message.attachments)]) if message.attachments else said


def _file(attachment: Attachment) -> MIMEBase:
    kind, _, subtype = attachment.media_type.partition("/")
    part = MIMEBase(kind, subtype)
    part.set_payload(attachment.content)
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=_line(attachment.name, MAX_NAME))
    return part


def _said(message: EmailMessageRequest) -> MIMEMultipart | MIMEText:
    """Text and HTML as alternatives, the richer last (RFC 2046, 5.1.4); one of them alone where the other is empty."""
    utf8 = Charset("utf-8")
    utf8.body_encoding = QP
    bodies = [(storable(message.text), "plain"), (storable(message.html), "html")]
    parts = [MIMEText(body, subtype, utf8) for body, subtype in bodies if body.strip()]  # type: ignore[arg-type]  # keeps QP
    if len(parts) == 2:
        return MIMEMultipart("alternative", _subparts=parts)
    return parts[0] if parts else MIMEText("", "plain", "utf-8")


def bare_address(value: str) -> str:
    """`value` as local@domain, the domain in its ASCII form (IDNA).

    Raises `AddressInvalid`, also for a local part beyond ASCII: few servers take those (RFC 6531), and none could bounce them to us.
    """
    cleaned = value.strip()
    local, _, domain = cleaned.rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if not LOCAL.fullmatch(local) or not DOMAIN.fullmatch(domain) or len(local) > 64 or len(domain) > 253:
        raise AddressInvalid(f"'{storable(cleaned)[:100]}' is not an e-mail address that mail can be sent to.")
    return f"{local}@{domain}"


def domain_of(address: str) -> str:
    """The part after the last @."""
    return address.rpartition("@")[2]


def _https(url: str) -> str:
    """An unsubscribe address that cannot break out of its header. Raises `AddressInvalid`."""
    if urlsplit(url).scheme not in ("https", "http") or not url.isascii() or not url.isprintable() or any(c in url for c in " <>,"):
        raise AddressInvalid(f"'{url[:100]}' is not a web address to unsubscribe at.")
    return url


def _line(value: str, longest: int) -> str:
    """`value` on one line, without control characters, which would end the header."""
    cleaned = "".join(c if c.isprintable() else " " for c in storable(value))
    return " ".join(cleaned.split())[:longest]


def _plain(line: str) -> bool:
    """Whether `line` may stand in a header as it is: ASCII, and nothing in it that would be read as an encoded word (RFC 2047)."""
    return line.isascii() and "=?" not in line


def _subject(line: str) -> str | Header:
    return line if _plain(line) else Header(line, "utf-8", header_name="Subject")


def _mailbox(header: str, name: str | None, address: str) -> str | Header:
    line = _line(name or "", MAX_NAME)
    if not line:
        return address
    if _plain(line):
        return formataddr((line, address))
    mailbox = Header(line, "utf-8", header_name=header)
    mailbox.append(f"<{address}>", "ascii")
    return mailbox
