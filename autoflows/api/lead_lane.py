"""The short way for the one hot request: a lead by `POST /api/contacts` from a known token.

It calls what the route in `contacts.py` calls and answers the same. Whatever is unusual about a request (a token not seen lately, a body
that does not fit, a header given twice) is left to the route, so every refusal is worded in one place.
"""

from __future__ import annotations

import json

from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import Scope

from autoflows.api.contacts import answer_of
from autoflows.engine.ingest import LeadDraft
from autoflows.services import contacts
from autoflows.services.auth import actors_of_tokens

PATH = "/api/contacts"
_JSON = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"})
_BEARER = b"Bearer "


async def take_lead(scope: Scope, body: bytes) -> Response | None:
    """The answer to a plain lead, or None if the request has to go the long way. Raises what the service raises."""
    if scope["path"] != PATH or scope["method"] != "POST":
        return None
    headers = dict(scope["headers"])
    if len(headers) != len(scope["headers"]):
        return None
    authorization: bytes = headers.get(b"authorization", b"")
    if not authorization.startswith(_BEARER) or headers.get(b"content-type", b"").lower() not in _JSON:
        return None
    actor = actors_of_tokens.get(authorization[len(_BEARER) :].decode("latin-1"))
    if actor is None:
        return None
    try:
        draft = LeadDraft.model_validate(json.loads(body))
    except (ValidationError, ValueError, RecursionError):
        return None
    key: bytes | None = headers.get(b"idempotency-key")
    return answer_of(await contacts.add_contact(actor, draft, idempotency_key=None if key is None else key.decode("latin-1")))
