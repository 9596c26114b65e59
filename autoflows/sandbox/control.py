"""Steering the sandbox world and reading what it received: `/control/*` and the page at `/`. No login: it listens on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from autoflows.sandbox.received import now_iso
from autoflows.sandbox.whatsapp import inbound, prefer, subscribe
from autoflows.sandbox.world import KEEP_DETAILS, VERIFY_TOKEN, World

PAGE = Path(__file__).with_name("page.html")
PAGE_ITEMS = 40

Body = TypeVar("Body", bound=BaseModel)


class ControlError(Exception):
    """A control request that cannot be followed; the message says why."""


class Subscription(BaseModel):
    """Where WhatsApp's webhooks go."""

    model_config = ConfigDict(extra="forbid")
    callback_url: str
    verify_token: str = VERIFY_TOKEN


class WebhookAddress(BaseModel):
    """Where all Bolna agents' webhooks go; null switches them off."""

    model_config = ConfigDict(extra="forbid")
    url: str | None


class Reply(BaseModel):
    """A WhatsApp message from a person."""

    model_config = ConfigDict(extra="forbid")
    sender: str = Field(alias="from")
    text: str
    context: str | None = None


class Preference(BaseModel):
    """What a person chose in WhatsApp about a business's marketing messages."""

    model_config = ConfigDict(extra="forbid")
    sender: str = Field(alias="from")
    value: Literal["stop", "resume"]


class Pace(BaseModel):
    """How fast the vendors' time runs, and how many calls the account may have at once."""

    model_config = ConfigDict(extra="forbid")
    speed: float | None = Field(None, gt=0, le=100_000)
    concurrency: int | None = Field(None, ge=1, le=100_000)


def refusal(request: Request, error: Exception) -> Response:
    """The reason, as JSON."""
    return JSONResponse({"error": str(error)}, 422)


async def page(request: Request) -> Response:
    """What the world received, live."""
    return HTMLResponse(PAGE.read_text(encoding="utf-8"))


async def received(request: Request) -> Response:
    """`GET /control/received?limit=`: everything, with exact counts by attempt id and by person."""
    limit = request.query_params.get("limit", "")
    most = min(int(limit), KEEP_DETAILS) if limit.isascii() and limit.isdigit() else KEEP_DETAILS
    return JSONResponse(report(_world(request), most))


async def recent(request: Request) -> Response:
    """`GET /control/recent`: the same without the counts by attempt and person, for the page."""
    return JSONResponse(report(_world(request), PAGE_ITEMS, counts=False))


def report(world: World, limit: int, counts: bool = True) -> dict[str, Any]:
    """Calls, messages and e-mails, and how the webhooks fared."""
    kinds = {kind: kept.report(limit, counts) for kind, kept in world.received.items()}
    state = {
        "at": now_iso(),
        "speed": world.speed,
        "concurrency": world.concurrency,
        "active_calls": world.active_calls,
        "faults": world.faults.model_dump(),
        "rates": world.rates.model_dump(),
        "bolna_webhooks": {agent["agent_name"]: bool(agent["agent_config"]["webhook_url"]) for agent in world.agents.values()},
        "whatsapp_webhook": world.callback_url is not None,
    }
    return {**kinds, "webhooks": dict(world.webhooks), "refused": dict(world.refused), "state": state}


async def faults(request: Request) -> Response:
    """`GET|POST /control/faults`: what is given is changed, the rest stays."""
    world = _world(request)
    if request.method == "POST":
        world.faults = _valid(type(world.faults), {**world.faults.model_dump(), **await _json(request)})
    return JSONResponse(world.faults.model_dump())


async def rates(request: Request) -> Response:
    """`GET|POST /control/rates`: what is given is changed, the rest stays."""
    world = _world(request)
    if request.method == "POST":
        world.rates = _valid(type(world.rates), {**world.rates.model_dump(), **await _json(request)})
    return JSONResponse(world.rates.model_dump())


async def pace(request: Request) -> Response:
    """`POST /control/pace {"speed", "concurrency"}`."""
    world, wanted = _world(request), _valid(Pace, await _json(request))
    world.speed = wanted.speed or world.speed
    world.concurrency = wanted.concurrency or world.concurrency
    async with world.call_slot:
        world.call_slot.notify_all()
    return JSONResponse({"speed": world.speed, "concurrency": world.concurrency})


async def reset(request: Request) -> Response:
    """`POST /control/reset`: stop and forget everything but accounts and webhook addresses."""
    await _world(request).reset()
    return JSONResponse({"reset": True})


async def reply(request: Request) -> Response:
    """`POST /control/reply {"from", "text", "context"}`: a person writes on WhatsApp."""
    wanted = _valid(Reply, await _json(request))
    wa_id = "".join(c for c in wanted.sender if c.isdigit())
    return JSONResponse({"id": inbound(_world(request), wa_id, wanted.text, wanted.context)})


async def preference(request: Request) -> Response:
    """`POST /control/preference {"from", "value"}`: a person stops or resumes marketing messages in WhatsApp itself."""
    wanted = _valid(Preference, await _json(request))
    prefer(_world(request), "".join(c for c in wanted.sender if c.isdigit()), wanted.value)
    return JSONResponse({"told": wanted.value})


async def whatsapp_subscribe(request: Request) -> Response:
    """`POST /control/whatsapp/subscribe {"callback_url", "verify_token"}`: done only if the address passes the handshake."""
    wanted = _valid(Subscription, await _json(request))
    if problem := await subscribe(_world(request), wanted.callback_url, wanted.verify_token):
        raise ControlError(problem)
    return JSONResponse({"subscribed": wanted.callback_url})


async def bolna_webhook(request: Request) -> Response:
    """`POST /control/bolna/webhook {"url"}`: the webhook address of all agents, as in the vendor's dashboard."""
    world, wanted = _world(request), _valid(WebhookAddress, await _json(request))
    set_bolna_webhook(world, wanted.url)
    return JSONResponse({"url": wanted.url})


def set_bolna_webhook(world: World, url: str | None) -> None:
    """Point all agents' webhooks at `url`."""
    for agent in world.agents.values():
        agent["agent_config"]["webhook_url"] = url
    world.keep_addresses()


def _valid(model: type[Body], body: dict[str, Any]) -> Body:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise ControlError("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())) from None


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise ControlError("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise ControlError("The body is not a JSON object.")
    return body


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


ROUTES = [
    Route("/", page),
    Route("/control/received", received),
    Route("/control/recent", recent),
    Route("/control/faults", faults, methods=["GET", "POST"]),
    Route("/control/rates", rates, methods=["GET", "POST"]),
    Route("/control/pace", pace, methods=["POST"]),
    Route("/control/reset", reset, methods=["POST"]),
    Route("/control/reply", reply, methods=["POST"]),
    Route("/control/preference", preference, methods=["POST"]),
    Route("/control/whatsapp/subscribe", whatsapp_subscribe, methods=["POST"]),
    Route("/control/bolna/webhook", bolna_webhook, methods=["POST"]),
]
