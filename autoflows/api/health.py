"""`/api/health` and `/metrics`: for load balancers and Prometheus, without signing in."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from autoflows.services import health
from autoflows.services.views.health import HealthView

router = APIRouter(tags=["Health"])
metrics_router = APIRouter(tags=["Health"])
"""Outside `/api`, where Prometheus looks by default."""


@router.get("/health", summary="Is everything working?", responses={503: {"model": HealthView}})
async def get_health(response: Response) -> HealthView:
    """503 while the database is down: then no lead can be taken in. Else 200, and `problems` says what someone should look at."""
    found = await health.check_health()
    response.status_code = 503 if found.status == "down" else 200
    response.headers["Cache-Control"] = "no-store"
    return found


@metrics_router.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
async def get_metrics() -> PlainTextResponse:
    """Text format 0.0.4."""
    return PlainTextResponse(await health.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")
