"""The outermost layer of the REST API: bodies within their limit, text that can be stored, and an answer whatever happens."""

from __future__ import annotations

import json
import math
import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autoflows.api.errors import respond, respond_to_failure
from autoflows.api.lead_lane import take_lead
from autoflows.domain.errors import AutoflowsError, FieldError, Invalid, NotFound, TooLarge
from autoflows.services.validation import pointer_of

MEGABYTE = 1_000_000
DEFAULT_LIMIT_BYTES = MEGABYTE
BODY_LIMITS = {"/api/contacts/bulk": 10 * MEGABYTE, "/api/contacts/upload": 20 * MEGABYTE}
WEBHOOKS = "/api/webhooks/"
WEBHOOK_LIMIT_BYTES = 3 * MEGABYTE
MAX_DEPTH = 60
"""Levels of nesting in a JSON body; what is deeper is no honest request and would exhaust the stack when it is written again."""

# Escapes that may stand for what PostgreSQL cannot store; only a body that has one is looked through.
_SUSPECT = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]|NaN|Infinity|\d[eE]\+?\d{3}")


class ApiEdge:
    """ASGI middleware over `/api`. Everything else passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (scope["path"] == "/api" or scope["path"].startswith("/api/")):
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            check_address(scope)
            body = await read_body(scope, receive)
            answer = await take_lead(scope, body)
            await (self.app(scope, replay(body, receive), watch) if answer is None else answer(scope, receive, watch))
        except Exception as error:
            if started:
                raise
            answer = respond(error) if isinstance(error, AutoflowsError) else respond_to_failure(error)
            await answer(scope, receive, send)


def check_address(scope: Scope) -> None:
    """Raise NotFound or Invalid for a NUL character in the path or a query value."""
    if "\x00" in scope["path"]:
        raise NotFound("There is nothing at this address.")
    query: bytes = scope.get("query_string", b"")
    if b"%00" in query:
        names = [name for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if "\x00" in name + value]
        raise Invalid(
            "Some values cannot be used.",
            errors=[FieldError(pointer_of(["query", n.replace("\x00", "")]), "must not hold a NUL character") for n in names],
        )


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body. Raises TooLarge as soon as it is over the limit of its path, Invalid for text that cannot be stored."""
    is_webhook = scope["path"].startswith(WEBHOOKS)  # a vendor's body is kept as it came; the adapter makes it storable
    limit = WEBHOOK_LIMIT_BYTES if is_webhook else BODY_LIMITS.get(scope["path"].rstrip("/"), DEFAULT_LIMIT_BYTES)
    headers = Headers(scope=scope)
    too_large = TooLarge(f"The body is larger than {limit // MEGABYTE} MB; send less at a time.")
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
        if not message.get("more_body", False):
            break
    body = b"".join(parts)
    kind = headers.get("content-type", "")
    if not is_webhook and (not kind or "json" in kind):  # a body without a type is read as JSON, too
        check_json(body)
    return body


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body in one piece, then what really follows."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def check_json(body: bytes) -> None:
    """Raise Invalid, naming the field, for a NUL or half a surrogate pair, a number that is none, or nesting beyond `MAX_DEPTH`.

    What is not JSON at all is left to the parser behind us.
    """
    if not _SUSPECT.search(body) and body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return
    errors: list[FieldError] = []
    todo: list[tuple[Any, tuple[int | str, ...]]] = [(document, ())]
    while todo and len(errors) < 20:
        value, path = todo.pop()
        if len(path) > MAX_DEPTH:
            errors.append(FieldError(pointer_of(path[:3]), f"is nested more than {MAX_DEPTH} levels deep"))
        elif isinstance(value, dict):
            errors.extend(FieldError(_printable(pointer_of(path)), f"has a field whose name {f}") for f in map(_fault, value) if f)
            todo.extend((inner, (*path, key)) for key, inner in value.items())
        elif isinstance(value, list):
            todo.extend((inner, (*path, index)) for index, inner in enumerate(value))
        elif fault := _fault(value):
            errors.append(FieldError(_printable(pointer_of(path)), fault))
    if errors:
        raise Invalid("Some values cannot be used.", errors=errors)


def _fault(value: Any) -> str:
    if isinstance(value, str):
        if "\x00" in value:
            return "must not hold a NUL character"
        if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            return "must not hold half of a surrogate pair"
    elif isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number"
    return ""


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "")
