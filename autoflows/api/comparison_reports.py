"""`/api/automation/analytics/compare/report.*` and `/experiments/report.*`: comparisons and A/B tests to print, to keep and to count on."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from autoflows.analytics.reports.compared import comparison_csv, comparison_report, experiments_csv, experiments_report
from autoflows.analytics.reports.files import pdf_of, xlsx_of
from autoflows.api.analytics import XLSX, attachment
from autoflows.api.deps import CurrentActor, Transaction
from autoflows.api.experiments import Effect, WhatIsAsked
from autoflows.api.reports import PDF, file_of, page_of
from autoflows.domain.sequential import SMALLEST_EFFECT

router = APIRouter(prefix="/analytics", tags=["Analytics"])

CSV = "text/csv"
OfFlow = Annotated[UUID | None, Query(description="the splits of this flow alone")]
OfSplit = Annotated[UUID | None, Query(description="this split alone")]


def _as(media_type: str) -> dict[str, Any]:
    return {"response_class": Response, "responses": {200: {"content": {media_type: {}}}}}


@router.get("/compare/report.csv", summary="A comparison's numbers as CSV", **_as(CSV))
async def compare_csv(
    actor: CurrentActor,
    session: Transaction,
    asked: WhatIsAsked,
    table: Annotated[Literal["sides", "differences"], Query(description="which of its two tables")] = "sides",
) -> Response:
    """Rates are 0 to 1, times in seconds; of differences, those of times are ratios."""
    return attachment(await comparison_csv(actor, session, asked, table), CSV, f"compare_{asked.kind}_{table}.csv")


@router.get("/compare/report.pdf", summary="A comparison as PDF", **_as(PDF))
async def compare_pdf(actor: CurrentActor, session: Transaction, asked: WhatIsAsked) -> Response:
    """What the page of comparisons shows, A4: the verdict, the figures and both tables."""
    return await file_of(await comparison_report(actor, session, asked), pdf_of, PDF, "pdf")


@router.get("/compare/report.xlsx", summary="A comparison as an Excel file", **_as(XLSX))
async def compare_xlsx(actor: CurrentActor, session: Transaction, asked: WhatIsAsked) -> Response:
    """The verdict, and a sheet for each table."""
    return await file_of(await comparison_report(actor, session, asked, whole=True), xlsx_of, XLSX, "xlsx")


@router.get("/compare/report.html", summary="A comparison to print", response_class=HTMLResponse)
async def compare_page(actor: CurrentActor, session: Transaction, asked: WhatIsAsked, request: Request) -> HTMLResponse:
    """The same as a page that stands for itself, with a style for A4."""
    return await page_of(await comparison_report(actor, session, asked), request)


@router.get("/experiments/report.csv", summary="The arms of experiments as CSV", **_as(CSV))
async def experiments_numbers(
    actor: CurrentActor, session: Transaction, flow_id: OfFlow = None, split_id: OfSplit = None, effect: Effect = SMALLEST_EFFECT
) -> Response:
    """A row per arm. Rates and differences are 0 to 1, cost is in minor units."""
    text = await experiments_csv(actor, session, flow_id, split_id, effect)
    return attachment(text, CSV, "ab_test.csv" if split_id else "ab_tests.csv")


@router.get("/experiments/report.pdf", summary="Experiments as PDF", **_as(PDF))
async def experiments_pdf(
    actor: CurrentActor, session: Transaction, flow_id: OfFlow = None, split_id: OfSplit = None, effect: Effect = SMALLEST_EFFECT
) -> Response:
    """All experiments, one flow's or one split: what can be said, whether one may stop, the figures and the arms."""
    return await file_of(await experiments_report(actor, session, flow_id, split_id, effect), pdf_of, PDF, "pdf")


@router.get("/experiments/report.xlsx", summary="Experiments as an Excel file", **_as(XLSX))
async def experiments_xlsx(
    actor: CurrentActor, session: Transaction, flow_id: OfFlow = None, split_id: OfSplit = None, effect: Effect = SMALLEST_EFFECT
) -> Response:
    """What can be said, and a sheet for the arms of each split."""
    return await file_of(await experiments_report(actor, session, flow_id, split_id, effect, whole=True), xlsx_of, XLSX, "xlsx")


@router.get("/experiments/report.html", summary="Experiments to print", response_class=HTMLResponse)
async def experiments_page(
    actor: CurrentActor,
    session: Transaction,
    request: Request,
    flow_id: OfFlow = None,
    split_id: OfSplit = None,
    effect: Effect = SMALLEST_EFFECT,
) -> HTMLResponse:
    """The same as a page that stands for itself, with a style for A4."""
    return await page_of(await experiments_report(actor, session, flow_id, split_id, effect), request)
