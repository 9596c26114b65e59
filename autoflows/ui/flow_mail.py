"""An e-mail template as its reader would get it: subject, text, and the HTML as a document that a sandboxed frame can show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from autoflows.domain.templating import TemplateError, render, text_of_html
from autoflows.ui.flow_rows import MAPPABLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Nothing is fetched and nothing runs: a preview must not tell a tracker that somebody looks, nor do anything in the viewer's name."""
UNNAMED: Mapping[str, object] = {name: f"‹{title}›" for name, title in MAPPABLE.items()} | {"custom_fields": {}}


class Mail(NamedTuple):
    """A template, or what becomes of it."""

    subject: str = ""
    text: str = ""
    html: str = ""


def mail_preview(mail: Mail, subject_override: str, person: Mapping[str, object] | None) -> Mail:
    """The mail for this person; without one, with the names of the fields in their places."""
    data = {"contact": UNNAMED if person is None else person, "unsubscribe_url": "#"}
    try:
        html = render(mail.html, data, html=True)
        text = render(mail.text, data) or text_of_html(html)
        subject = " ".join(render(subject_override or mail.subject, data).split())
    except TemplateError as error:
        return Mail(text=f"[{error}]")
    return Mail(subject, text, _document(html) if html.strip() else "")


def _document(html: str) -> str:
    policy = f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    look = "<style>body{margin:12px;background:#fff;color:#1c2024;font:14px/1.5 sans-serif;overflow-wrap:anywhere}</style>"
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8">{policy}{look}</head><body>{html}</body></html>'
