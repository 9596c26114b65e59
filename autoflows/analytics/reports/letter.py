"""The mail that a report comes with: its headline figures in the text, the report attached, and the way to the page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from autoflows.analytics.reports.document import Document, Figure, Heading, Paragraph

TABLE = "border-collapse:collapse;margin:0 0 16px"
CELL = "padding:6px 16px 6px 0;border-bottom:1px solid #e3e4e9;vertical-align:top;text-align:left"


def subject_of(name: str, document: Document) -> str:
    """`Monday figures: 16 Mar 2026 – 22 Mar 2026 (7 days)`."""
    return f"{name}: {dict(document.facts).get('Days', document.title)}"


def headline(document: Document) -> Sequence[Figure]:
    """Its headline figures; where it has none, the sentence of each of its charts."""
    if document.headline:
        return document.headline
    pairs = zip(document.blocks, document.blocks[1:], strict=False)
    return [Figure(head.text, said.text) for head, said in pairs if isinstance(head, Heading) and isinstance(said, Paragraph)]


def text_of(name: str, document: Document, page: str) -> str:
    """The mail for programs that show text."""
    figures = [f"{one.label}: {one.value}" + (f" ({one.note})" if one.note else "") for one in headline(document)]
    facts = [f"{label}: {said}" for label, said in document.facts]
    return "\n".join([document.title, *facts, "", *figures, "", "The whole report is attached.", f"The page: {page}", "", _why(name)])


def html_of(name: str, document: Document, page: str) -> str:
    """The mail for programs that show HTML; nothing in it is fetched."""
    facts = "".join(
        f'<tr><td style="color:#60646c;padding:0 16px 2px 0">{escape(n)}</td><td>{escape(v)}</td></tr>' for n, v in document.facts
    )
    rows = "".join(
        f'<tr><td style="{CELL}">{escape(one.label)}</td><td style="{CELL}"><b>{escape(one.value)}</b></td>'
        f'<td style="{CELL};color:#60646c">{escape(one.note)}</td></tr>'
        for one in headline(document)
    )
    return (
        '<div style="font:15px/1.5 Arial,sans-serif;color:#1c2024">'
        f'<h1 style="font-size:20px;margin:0 0 12px">{escape(document.title)}</h1>'
        f'<table style="{TABLE}">{facts}</table><table style="{TABLE}">{rows}</table>'
        f'<p>The whole report is attached. <a href="{escape(page)}">See the page with the same filters</a>.</p>'
        f'<p style="color:#60646c;font-size:13px">{escape(_why(name))}</p></div>'
    )


def _why(name: str) -> str:
    return f"You get this because the report “{name}” is sent to you. Who may export in your account can change or end it on the page."
