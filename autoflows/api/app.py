"""The REST API, put together. The web process mounts it beside the pages."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from itertools import takewhile

from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.routing import Match

from autoflows.api import (
    analytics,
    auth,
    catalogue,
    channels,
    comparison_reports,
    contacts,
    drafts,
    errors,
    executions,
    experiments,
    flow_aliases,
    flow_code,
    flow_list,
    flow_templates,
    flows,
    health,
    inbox,
    lead_events,
    notifications,
    reference,
    report_schedules,
    reports,
    saved_views,
    settings,
    suppressions,
    team,
    tokens,
    unsubscribe,
    webhooks,
)
from autoflows.api.edge import ApiEdge

ROUTERS: tuple[APIRouter, ...] = (
    auth.router,
    contacts.router,
    lead_events.router,
    channels.router,
    catalogue.router,
    webhooks.router,
    notifications.router,
    health.router,
    tokens.router,
    team.router,
    settings.router,
    suppressions.router,
    unsubscribe.router,
)
"""Under `/api`."""
AUTOMATION_ROUTERS: tuple[APIRouter, ...] = (
    flow_list.router,  # its fixed paths come before those with an id
    flow_code.router,
    flow_templates.router,
    flows.router,
    drafts.router,
    reports.router,
    comparison_reports.router,
    report_schedules.router,
    executions.router,
    saved_views.router,
    inbox.router,
    analytics.router,
    experiments.router,
)
"""Under `/api/automation`, and again, outside the reference, under `/api/auto-engagement`."""

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_api() -> FastAPI:
    """The application with all routes. Everything under `/api` that is no route is a JSON 404, or 405 for the wrong method."""
    app = FastAPI(title="Autoflows", version=_version(), docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.add_middleware(ApiEdge)
    errors.install(app)
    reference.install(app)
    for router in (*ROUTERS, reference.router):
        app.include_router(router, prefix="/api")
    for router in AUTOMATION_ROUTERS:
        app.include_router(router, prefix="/api/automation")
    for router in (flow_aliases.router, *AUTOMATION_ROUTERS):
        app.include_router(router, prefix="/api/auto-engagement", include_in_schema=False)
    app.include_router(health.metrics_router)
    for path in ("/api", "/api/{path:path}"):
        app.add_api_route(path, _nothing_here, methods=_METHODS, include_in_schema=False)
    return app


async def _nothing_here(request: Request) -> None:
    """Last of the routes: what follows it are the pages, whose 404 is HTML."""
    allowed = [method for method in _METHODS if method != request.method and _takes(request, method)]
    if allowed:
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
    raise HTTPException(404)


def _takes(request: Request, method: str) -> bool:
    """Whether a route before the last takes this address with another method."""
    scope = {**request.scope, "method": method}
    routes = takewhile(lambda route: getattr(route, "endpoint", None) is not _nothing_here, request.app.router.routes)
    return any(route.matches(scope)[0] is Match.FULL for route in routes)


def _version() -> str:
    try:
        return version("autoflows")
    except PackageNotFoundError:  # run from the sources without being installed
        return "0"
