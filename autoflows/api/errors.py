"""Errors as the REST API shows them: problem+json (RFC 9457), whatever went wrong and wherever."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from autoflows.domain.errors import AutoflowsError, FieldError, Invalid, Malformed, NotFound, TooManyRequests
from autoflows.services.failures import explain
from autoflows.services.validation import pointer_of, sentence_of

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class ProblemError(BaseModel):
    """One wrong value."""

    pointer: str = Field(description="JSON pointer into the body; `/query/...` and `/header/...` for the rest of the request")
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457. `detail` is a sentence for a person; `errors` names each wrong value."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = Field(default_factory=list)
    id: str | None = Field(default=None, description="of an unexpected error: quote it when you report it")


def respond(error: AutoflowsError, **extra: Any) -> JSONResponse:
    """The answer that shows this error."""
    body: dict[str, Any] = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail, **extra}
    if error.errors:
        body["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in error.errors]
    headers = {}
    if isinstance(error, TooManyRequests):
        wait = error.retry_after
        headers = {"Retry-After": str(wait), "RateLimit": f'"default";r=0;t={wait}', "RateLimit-Policy": f'"default";q=1;w={wait}'}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "2"
    return JSONResponse(body, status_code=error.status, media_type=MEDIA_TYPE, headers=headers)


def respond_to_failure(error: Exception) -> JSONResponse:
    """The answer to what no handler knew: a part of ours that is down, else a 500 with an id that is in the log and nothing more."""
    if isinstance(error, AutoflowsError):
        return respond(error)
    known = explain(error)
    if known is not None:
        log.warning(
            "%s: %s", known.title, type(error).__name__, exc_info=error if known.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
        )
        return respond(known)
    number = uuid4().hex[:12]
    log.error("Unexpected error %s", number, exc_info=error)
    return respond(AutoflowsError(f"Something went wrong on our side. If you report it, quote the number {number}."), id=number)


def read_findings(findings: Any) -> AutoflowsError:
    """FastAPI's findings on a request as one of our errors: 404 for an address that names nothing, 400 for broken JSON, else 422."""
    if any(f["loc"][0] == "path" for f in findings):
        return NotFound("There is nothing at this address; check the id in it.")
    if any(f["type"] == "json_invalid" for f in findings):
        return Malformed("The body is not valid JSON.")
    if any(tuple(f["loc"]) == ("body",) and f["type"] != "value_error" for f in findings):  # a rule over several fields is no wrong body
        return Invalid("The request needs a JSON body.", errors=[FieldError("", "send a JSON object with Content-Type: application/json")])
    errors = [FieldError(pointer_of(f["loc"][1:] if f["loc"][0] == "body" else f["loc"]), sentence_of(f)) for f in findings]
    return Invalid("Some values cannot be used.", errors=errors)


def respond_to_status(error: HTTPException) -> JSONResponse:
    """The answer to an error of the framework itself: no such address, wrong method, unreadable body."""
    status = error.status_code
    detail = {
        400: "The body cannot be read; send valid JSON in UTF-8.",
        404: "There is nothing at this address.",
        405: "This address does not take this method.",
    }.get(status, str(error.detail))
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=error.headers)


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(AutoflowsError)
    async def autoflows(request: Request, error: AutoflowsError) -> JSONResponse:
        return respond(error)

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: RequestValidationError) -> JSONResponse:
        return respond(read_findings(error.errors()))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return respond_to_status(error)
