"""`/api/automation/analytics/report.*` and `/executions/{id}/report.*`: what the pages show, to print, to keep and to hand on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from autoflows.analytics.reports.document import Document
from autoflows.analytics.reports.figures import figures_report
from autoflows.analytics.reports.files import html_of, pdf_of, xlsx_of
from autoflows.analytics.reports.story import execution_report
from autoflows.api.analytics import XLSX, InPeriod, NarrowedTo, attachment
from autoflows.api.deps import CurrentActor, Transaction
from autoflows.domain.reports import Report

router = APIRouter()

View = Annotated[Report, Query(description="the page of the analytics it stands for; `flow` needs `flow_id`")]
PDF = "application/pdf"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


async def file_of(document: Document, make: Callable[[Document], Awaitable[bytes]], media_type: str, ending: str) -> Response:
    """A report as a file to keep."""
    return attachment(await make(document), media_type, f"{document.slug}.{ending}")


async def page_of(document: Document, request: Request) -> HTMLResponse:
    """A report as a page to print; its PDF has the same address but for the ending."""
    pdf = request.url.path.removesuffix("html") + "pdf"
    return HTMLResponse(await html_of(document, f"{pdf}?{request.url.query}" if request.url.query else pdf), headers=PAGE_HEADERS)


@router.get(
    "/analytics/report.pdf",
    summary="Figures of a period as PDF",
    tags=["Analytics"],
    response_class=Response,
    responses={200: {"content": {PDF: {}}}},
)
async def report_pdf(
    actor: CurrentActor, session: Transaction, period: InPeriod, narrowed: NarrowedTo, view: View = Report.OVERVIEW
) -> Response:
    """The page `view` of the analytics, A4, with its charts, numbers and what they count."""
    return await file_of(await figures_report(actor, session, view, period, narrowed), pdf_of, PDF, "pdf")


@router.get(
    "/analytics/report.xlsx",
    summary="Figures of a period as an Excel file",
    tags=["Analytics"],
    response_class=Response,
    responses={200: {"content": {XLSX: {}}}},
)
async def report_xlsx(
    actor: CurrentActor, session: Transaction, period: InPeriod, narrowed: NarrowedTo, view: View = Report.OVERVIEW
) -> Response:
    """The headline figures, and a sheet for the numbers of each chart."""
    return await file_of(await figures_report(actor, session, view, period, narrowed, whole=True), xlsx_of, XLSX, "xlsx")


@router.get("/analytics/report.html", summary="Figures of a period to print", tags=["Analytics"], response_class=HTMLResponse)
async def report_page(
    actor: CurrentActor, session: Transaction, period: InPeriod, narrowed: NarrowedTo, request: Request, view: View = Report.OVERVIEW
) -> HTMLResponse:
    """The same as a page that stands for itself, with a style for A4."""
    return await page_of(await figures_report(actor, session, view, period, narrowed), request)


@router.get(
    "/executions/{execution_id}/report.pdf",
    summary="One execution's story as PDF",
    tags=["Executions"],
    response_class=Response,
    responses={200: {"content": {PDF: {}}}},
)
async def execution_pdf(actor: CurrentActor, session: Transaction, execution_id: UUID) -> Response:
    """What it set out to do, every attempt, what providers told and what people did; addresses are masked without `pii:read`."""
    return await file_of(await execution_report(actor, session, execution_id), pdf_of, PDF, "pdf")


@router.get(
    "/executions/{execution_id}/report.html", summary="One execution's story to print", tags=["Executions"], response_class=HTMLResponse
)
async def execution_page(actor: CurrentActor, session: Transaction, execution_id: UUID, request: Request) -> HTMLResponse:
    """The same as a page that stands for itself, with a style for A4."""
    return await page_of(await execution_report(actor, session, execution_id), request)
