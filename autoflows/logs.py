"""Logging of every process: one line per record on standard error, with secrets taken out before anything is written."""

from __future__ import annotations

import logging
import re
import sys

from autoflows.settings import get_settings

_SECRETS = (
    # A cookie header as a mapping's item or a header line; Reflex logs a whole event, headers included, for a handler it does not know.
    (re.compile(r"(?i)((?:set-)?cookie['\"]?\s*[:=]\s*)(?:'[^']*'|\"[^\"]*\"|[^\n\r,}]*)"), r"\1[redacted]"),
    (re.compile(r"(autoflows_session=)[^;\s'\"]+"), r"\1[redacted]"),
    (re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*)(?:'[^']*'|\"[^\"]*\"|[^\n\r,}]*)"), r"\1[redacted]"),
    (re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+"), r"\1[redacted]"),
    (re.compile(r"\baf_[A-Za-z0-9_-]{8,}"), "af_[redacted]"),
    # The tab's token is as good as a key to the tab, and it travels in the event socket's URL.
    (re.compile(r"(/_event/?\?[^\s\"']*?token=)[^&\s\"']+"), r"\1[redacted]"),
    (re.compile(r"(/api/(?:leads|webhooks)/[\w-]+/)[^/\s\"'?]+"), r"\1[redacted]"),
)


def redact(text: str) -> str:
    """`text` without session cookies, API tokens, tab tokens and the secrets in our own URLs."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats as usual, traceback included, then takes secrets out: nothing can be missed in an argument or an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The finished line or lines."""
        return redact(super().format(record))


def configure() -> None:
    """Send this process's log to standard error at AUTOFLOWS_LOG_LEVEL. Every handler there is by now is made to redact."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stderr))
    root.setLevel(get_settings().log_level.upper())
    formatter = RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    known = [root, *(logger for logger in logging.Logger.manager.loggerDict.values() if isinstance(logger, logging.Logger))]
    for logger in known:
        for handler in logger.handlers:
            handler.setFormatter(formatter)
