"""Documents as files and pages, drawn beside the event loop: a report of many charts takes some tenths of a second."""

from __future__ import annotations

import asyncio

from autoflows.analytics.reports.document import Document
from autoflows.ids import utc_now


async def pdf_of(document: Document) -> bytes:
    """The document as PDF."""
    return await asyncio.to_thread(_pdf, document)


def _pdf(document: Document) -> bytes:
    from autoflows.analytics.reports.paper import as_pdf  # only now: it takes half a second to import

    return as_pdf(document, utc_now())


async def html_of(document: Document, files: str) -> str:
    """The document as a page to print; `files` is the address of its PDF."""
    from autoflows.analytics.reports.web import as_html

    return await asyncio.to_thread(as_html, document, files)


async def xlsx_of(document: Document) -> bytes:
    """The document as a workbook."""
    from autoflows.analytics.reports.book import as_xlsx

    return await asyncio.to_thread(as_xlsx, document)
