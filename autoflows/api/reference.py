"""The API's reference: its OpenAPI document, and Swagger UI at `/api/docs` from files of our own, so that it works offline."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from autoflows.api.errors import MEDIA_TYPE, ProblemDetails

ASSETS = Path(__file__).parent / "swagger"
_TYPES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}

DESCRIPTION = """Every new lead contacted within seconds, and every lead accounted for.

**Signing in.** `Authorization: Bearer <token>` with an API token (Settings, or `autoflows token create`), or the session cookie of
`POST /api/login`; what a cookie changes needs the header `X-Requested-With`.

**Lists** answer `{"data": [...], "has_more": true, "next_cursor": "..."}`; pass `next_cursor` as `cursor` for the next page.

**Errors** are `application/problem+json` (RFC 9457): `detail` is a sentence for a person, `errors` names each wrong value by a JSON
pointer.

Ids are UUIDs, times RFC 3339 in UTC, money integer minor units.
"""

_ERRORS: dict[str, tuple[str, str]] = {
    "400": ("The body cannot be read", "The body is not valid JSON."),
    "401": ("Not signed in", "Sign in, or send an API token as 'Authorization: Bearer <token>'."),
    "403": ("The role or the token's scopes do not allow it", "This token lacks the scope 'flows:write'; make a token that has it."),
    "404": ("Not there, or another account's", "There is no flow with the id 01991c2e-7a00-7000-8000-000000000001."),
    "409": (
        "The state of things does not allow it now",
        "The flow was changed meanwhile: you edited version 2, and it is at 3. Load it again.",
    ),
    "413": ("The body is larger than the limit", "The body is larger than 1 MB; send less at a time."),
    "422": ("Values that cannot be used", "Some values cannot be used."),
    "429": ("Too many requests; see `Retry-After`", "Too many attempts to sign in; please wait 30 seconds."),
    "500": ("A fault of ours; quote the id", "Something went wrong on our side. If you report it, quote the number 1f2e3d4c5b6a."),
    "503": ("A part we depend on does not answer; try again", "The database does not answer just now; please try again in a moment."),
}

router = APIRouter(prefix="/docs", include_in_schema=False)


@router.get("")
async def page() -> Response:
    """Swagger UI over the OpenAPI document."""
    return get_swagger_ui_html(
        openapi_url="/api/openapi.json",
        title="Autoflows API",
        swagger_js_url="/api/docs/swagger-ui-bundle.js",
        swagger_css_url="/api/docs/swagger-ui.css",
        swagger_favicon_url="/favicon.ico",
        swagger_ui_parameters={"tryItOutEnabled": True},
    )


@router.get("/{name}")
async def asset(request: Request, name: str) -> Response:
    """One of Swagger UI's two files."""
    if name not in _TYPES:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=86400", "Vary": "Accept-Encoding"}
    content = _compressed(name)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(content, media_type=_TYPES[name], headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(content), media_type=_TYPES[name], headers=headers)


@lru_cache
def _compressed(name: str) -> bytes:
    return (ASSETS / f"{name}.gz").read_bytes()


def install(app: FastAPI) -> None:
    """Let the document of `app` say what every operation may answer besides its success."""

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
    components = schema.setdefault("components", {})
    shared = components.setdefault("responses", {})
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = components.setdefault("schemas", {})
    schemas.update(problem.pop("$defs"))
    schemas["ProblemDetails"] = problem
    for status, (description, detail) in _ERRORS.items():
        example = {"type": "about:blank", "title": description, "status": int(status), "detail": detail}
        body = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}, "example": example}
        shared[f"Problem{status}"] = {"description": description, "content": {MEDIA_TYPE: body}}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            for status in _statuses(path, method, operation):
                operation["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    return schema


def _statuses(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    """The errors an operation may answer, beyond those it documents itself."""
    found = ["500", "503"]
    if operation.get("security"):
        found += ["401", "403"]
    if "{" in path:
        found.append("404")
    if operation.get("requestBody"):
        found += ["400", "413"]
    if operation.get("requestBody") or operation.get("parameters") or "422" in operation["responses"]:
        found.append("422")
    if method != "get":
        found.append("409")
    if (method, path) in (("post", "/api/login"), ("patch", "/api/me")):
        found += ["401", "429"]
    return sorted(set(found))
