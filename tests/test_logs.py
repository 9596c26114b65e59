"""No secret reaches a log line."""

from __future__ import annotations

import logging

import pytest

from autoflows.logs import RedactingFormatter, redact


@pytest.mark.parametrize(
    "line",
    [
        "Event(headers={'cookie': 'theme=dark; autoflows_session=SECRET-123', 'host': 'x'})",
        'No registered handler: {"cookie": "autoflows_session=SECRET-123"}',
        "Set-Cookie: autoflows_session=SECRET-123; HttpOnly",
        "autoflows_session=SECRET-123",
        "Authorization: Bearer SECRET-123",
        "called with Bearer SECRET-123 and failed",
        "token af_SECRET-123 is unknown",
        "GET /_event/?EIO=4&token=SECRET-123&transport=websocket 101",
        "POST /api/leads/indiamart/SECRET-123 200",
        "POST /api/webhooks/bolna/SECRET-123 200",
    ],
)
def test_secrets_are_taken_out(line: str) -> None:
    assert "SECRET-123" not in redact(line)


def test_what_is_no_secret_stays() -> None:
    line = "Sign-in refused from 127.0.0.1 for user 0190"
    assert redact(line) == line


def test_a_traceback_is_redacted_too() -> None:
    try:
        raise ValueError("cookie: autoflows_session=SECRET-123")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed for %s", ("Bearer SECRET-123",), (type(error), error, None))
    text = RedactingFormatter("%(message)s").format(record)
    assert "SECRET-123" not in text
    assert "failed for" in text
