"""WhatsApp Cloud API as Meta's documents describe it: messages, templates, numbers, signed webhooks. Mounted under `/graph`."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from autoflows.sandbox.scripts import MEANINGS, REPLIES, message_failure, message_script
from autoflows.sandbox.webhooks import body_of, deliver
from autoflows.sandbox.whatsapp_templates import TEMPLATES, GraphError, check_template, filled
from autoflows.sandbox.world import DISPLAY_NUMBER, PHONE_NUMBER_ID, VERIFY_TOKEN, WABA_ID, WHATSAPP_TOKEN, World

WINDOW_SECONDS = 24 * 3600


def refusal(request: Request, error: Exception) -> Response:
    """Graph's error body."""
    assert isinstance(error, GraphError)  # registered for this class alone
    _world(request).refused[f"whatsapp {error.code}"] += 1
    body: dict[str, Any] = {"message": f"(#{error.code}) {error.message}", "type": "OAuthException", "code": error.code}
    if error.details:
        body["error_data"] = {"messaging_product": "whatsapp", "details": error.details}
    if error.subcode is not None:
        body["error_subcode"] = error.subcode
    return JSONResponse({"error": {**body, "fbtrace_id": uuid4().hex[:11]}}, error.status)


async def send_message(request: Request) -> ASGIApp:
    """`POST /{phone number id}/messages`."""
    world = _signed_in(request)
    if world.happens(world.faults.rate_limited):
        raise GraphError(429, 130429, "Rate limit hit", "Cloud API message throughput has been reached.")
    if world.happens(world.faults.error_500):
        raise GraphError(500, 131000, "Something went wrong")
    if request.path_params["object_id"] != PHONE_NUMBER_ID:
        raise _unknown_object(request.path_params["object_id"])
    body = await _json(request)
    to = _checked(world, body)
    wamid = f"wamid.{uuid4().hex.upper()}"
    correlation = body.get("biz_opaque_callback_data")
    kind = body["template"]["name"] if body["type"] == "template" else "text"
    row = world.received["messages"].add(correlation, f"+{to}", id=wamid, template=kind, status="accepted", text=filled(body))
    world.spawn(_run(world, row, to, correlation, free_text=body["type"] == "text"))
    answer = {
        "messaging_product": "whatsapp",
        "contacts": [{"input": body["to"], "wa_id": to}],
        "messages": [{"id": wamid, "message_status": "accepted"}],
    }
    return await world.answer_acted(JSONResponse(answer))


def _checked(world: World, body: dict[str, Any]) -> str:
    """Refuse what Graph refuses; the recipient's digits."""
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(400, 100, "Invalid parameter", "messaging_product must be whatsapp")
    if not isinstance(body.get("to"), str):
        raise GraphError(400, 131008, "Required parameter is missing", "to is required")
    to = str(body["to"]).removeprefix("+")
    if not re.fullmatch(r"[1-9]\d{7,14}", to):
        raise GraphError(400, 131009, "Parameter value is not valid", "to is not a phone number")
    correlation = body.get("biz_opaque_callback_data")
    if correlation is not None and not (isinstance(correlation, str) and len(correlation) <= 512):
        raise GraphError(400, 100, "Invalid parameter", "biz_opaque_callback_data must be at most 512 characters")
    if body.get("type") == "template":
        check_template(body.get("template"))
    elif body.get("type") == "text":
        if not isinstance(body.get("text"), dict) or not body["text"].get("body"):
            raise GraphError(400, 131008, "Required parameter is missing", "text.body is required")
    else:
        raise GraphError(400, 131051, "Unsupported message type")
    return to


async def _run(world: World, row: dict[str, Any], to: str, correlation: str | None, free_text: bool) -> None:
    outside = free_text and time.monotonic() - world.last_inbound.get(to, float("-inf")) > WINDOW_SECONDS
    failure = 131047 if outside else message_failure(to, world.rates, world.random)
    if failure:
        await world.sleep(1.0)
        _tell_status(world, row, to, correlation, "failed", failure)
        return
    for after, status in message_script(world.rates, world.random):
        await world.sleep(after)
        if status == "reply":
            inbound(world, to, world.random.choice(REPLIES), context=row["id"])
        else:
            _tell_status(world, row, to, correlation, status)


def _tell_status(world: World, row: dict[str, Any], to: str, correlation: str | None, status: str, failure: int | None = None) -> None:
    row["status"] = status if failure is None else f"failed {failure}"
    told: dict[str, Any] = {"id": row["id"], "status": status, "timestamp": str(int(time.time())), "recipient_id": to}
    if correlation is not None:
        told["biz_opaque_callback_data"] = correlation
    if failure is None:
        told["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "marketing"}
    else:
        meaning = MEANINGS.get(failure, "Re-engagement message")
        told["errors"] = [{"code": failure, "title": meaning, "message": meaning, "error_data": {"details": meaning}}]
    _notify(world, {"statuses": [told], "contacts": [{"profile": {"name": "Sandbox"}, "wa_id": to}]})


def inbound(world: World, wa_id: str, written: str, context: str | None = None) -> str:
    """A person writes to the business; returns the message's id. Opens the 24-hour window for free text."""
    message: dict[str, Any] = {
        "from": wa_id,
        "id": f"wamid.IN{uuid4().hex.upper()}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": written},
    }
    if context:
        message["context"] = {"from": re.sub(r"\D", "", DISPLAY_NUMBER), "id": context}
    world.last_inbound[wa_id] = time.monotonic()
    _notify(world, {"contacts": [{"profile": {"name": "Sandbox"}, "wa_id": wa_id}], "messages": [message]})
    return str(message["id"])


def prefer(world: World, wa_id: str, value: str) -> None:
    """A person stops the business's marketing messages in WhatsApp itself, or lets them come again."""
    detail = "User requested to stop marketing messages" if value == "stop" else "User requested to resume marketing messages"
    told = {"wa_id": wa_id, "detail": detail, "category": "marketing_messages", "value": value, "timestamp": int(time.time())}
    contacts = [{"profile": {"name": "Sandbox"}, "wa_id": wa_id}]
    _notify(world, {"contacts": contacts, "user_preferences": [told]}, field="user_preferences")


def _notify(world: World, value: dict[str, Any], field: str = "messages") -> None:
    if world.callback_url is None:
        world.webhooks["not_sent"] += 1
        return
    metadata = {"display_phone_number": re.sub(r"\D", "", DISPLAY_NUMBER), "phone_number_id": PHONE_NUMBER_ID}
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    payload = {"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "changes": [change]}]}
    world.spawn(deliver(world, world.callback_url, body_of(payload), signed=True))


async def subscribe(world: World, callback_url: str, verify_token: str = VERIFY_TOKEN) -> str | None:
    """Verify the address as Meta does and send webhooks there from now on; a sentence if the address fails, else None."""
    if urlsplit(callback_url).scheme not in ("http", "https"):
        return "The callback URL must be a web address."
    challenge = str(world.random.randrange(10**9, 10**10))
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        answer = await world.http.get(callback_url, params=query)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"The callback URL does not answer: {error!r}"
    if answer.status_code != 200 or answer.text.strip() != challenge:
        return f"The callback URL did not give the challenge back (HTTP {answer.status_code})."
    world.callback_url = callback_url
    world.keep_addresses()
    return None


async def templates(request: Request) -> Response:
    """`GET /{WABA id}/message_templates`, by pages."""
    _business(request)
    limit, after = request.query_params.get("limit", "25"), request.query_params.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() else 0
    size = int(limit) if limit.isascii() and limit.isdigit() and int(limit) > 0 else 25
    paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + size)}}
    if start + size < len(TEMPLATES):
        paging["next"] = str(request.url.include_query_params(after=start + size))
    return JSONResponse({"data": TEMPLATES[start : start + size], "paging": paging})


async def phone_numbers(request: Request) -> Response:
    """`GET /{WABA id}/phone_numbers`."""
    _business(request)
    number = {"id": PHONE_NUMBER_ID, "display_phone_number": DISPLAY_NUMBER, "verified_name": "Sandbox Agro", "quality_rating": "GREEN"}
    return JSONResponse({"data": [number], "paging": {"cursors": {"before": "0", "after": "1"}}})


async def subscribed_apps(request: Request) -> Response:
    """`POST /{WABA id}/subscribed_apps`."""
    _business(request)
    return JSONResponse({"success": True})


async def not_found(request: Request) -> Response:
    """Any other path."""
    _signed_in(request)
    raise _unknown_object(request.url.path.rsplit("/", 1)[-1])


def _unknown_object(name: str) -> GraphError:
    return GraphError(400, 100, f"Unsupported request. Object with ID '{name}' does not exist or cannot be read", subcode=33)


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _signed_in(request: Request) -> World:
    if request.headers.get("authorization") != f"Bearer {WHATSAPP_TOKEN}":
        raise GraphError(401, 190, "Invalid OAuth access token - Cannot parse access token")
    return _world(request)


def _business(request: Request) -> World:
    world = _signed_in(request)
    if request.path_params["object_id"] != WABA_ID:
        raise _unknown_object(request.path_params["object_id"])
    return world


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise GraphError(400, 100, "Invalid parameter", "The body is not JSON") from None
    if not isinstance(body, dict):
        raise GraphError(400, 100, "Invalid parameter", "The body is not a JSON object")
    return body


ROUTES = [
    Route("/{version}/{object_id}/messages", send_message, methods=["POST"]),
    Route("/{version}/{object_id}/message_templates", templates),
    Route("/{version}/{object_id}/phone_numbers", phone_numbers),
    Route("/{version}/{object_id}/subscribed_apps", subscribed_apps, methods=["POST"]),
    Route("/{path:path}", not_found, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
