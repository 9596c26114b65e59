"""Bolna as its documents describe it: calls, executions, agents, numbers. Mounted under `/bolna`."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import math
import struct
import wave
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from autoflows.sandbox.bolna_calls import BolnaError, advance, checked, new_call, run
from autoflows.sandbox.received import now_iso
from autoflows.sandbox.scripts import Step
from autoflows.sandbox.world import BOLNA_KEY, NUMBERS, Call, World

HANG_SECONDS = 300.0
"""Longer than any client waits."""


def refusal(request: Request, error: Exception) -> Response:
    """The documented error body: `{error, message}`."""
    assert isinstance(error, BolnaError)  # registered for this class alone
    _world(request).refused[f"bolna {error.status}"] += 1
    return JSONResponse({"error": error.status, "message": error.message}, error.status)


async def place_call(request: Request) -> ASGIApp:
    """`POST /call`."""
    world = _signed_in(request)
    if world.happens(world.faults.rate_limited):
        raise BolnaError(429, "Too many requests")
    if world.happens(world.faults.error_500):
        raise BolnaError(500, "Internal server error")
    body = await _json(request)
    wait = checked(world, body)
    call = new_call(world, body, str(request.base_url), scheduled=wait is not None)
    world.spawn(run(world, call, wait or 0.0))
    execution_id = call.execution["id"]
    if call.outcome == "hang":
        await asyncio.sleep(HANG_SECONDS)
    answer = JSONResponse({"message": "done", "status": "queued", "execution_id": execution_id})
    return await world.answer_acted(answer, call.first_webhook.wait)


async def stop_call(request: Request) -> Response:
    """`POST /call/{id}/stop`: only what still waits can be stopped."""
    world = _signed_in(request)
    call = _call(world, request.path_params["execution_id"])
    if call.execution["status"] not in ("queued", "scheduled"):
        raise BolnaError(400, "Only queued or scheduled calls can be stopped")
    call.stopped = True
    advance(world, call, Step(0, "stopped"))
    return JSONResponse({"message": "done", "status": "stopped", "execution_id": call.execution["id"]})


async def execution(request: Request) -> Response:
    """`GET /executions/{id}`."""
    return JSONResponse(_call(_signed_in(request), request.path_params["execution_id"]).execution)


async def executions(request: Request) -> Response:
    """`GET /v2/agent/{id}/executions`: newest first, in short form."""
    world = _signed_in(request)
    agent_id = _agent(world, request)["id"]
    query = request.query_params
    start, end = (_moment(query.get(name), name) for name in ("from", "to"))
    if not timedelta(0) <= end - start <= timedelta(days=7):
        raise BolnaError(400, "from and to must be at most 7 days apart")
    page, size = _count(query.get("page_number"), 1, 10**6), _count(query.get("page_size"), 20, 50)
    found = [
        short_form(call.execution)
        for call in reversed(world.calls.values())
        if call.execution["agent_id"] == agent_id
        and start <= datetime.fromisoformat(call.execution["created_at"]) <= end
        and query.get("status", call.execution["status"]) == call.execution["status"]
    ]
    first = (page - 1) * size
    more = first + size < len(found)
    return JSONResponse(
        {"page_number": page, "page_size": size, "total": len(found), "has_more": more, "data": found[first : first + size]}
    )


def short_form(execution: dict[str, Any]) -> dict[str, Any]:
    """What a list tells about an execution: the caller's own data is not in it."""
    telephony = {name: execution["telephony_data"][name] for name in ("duration", "to_number", "call_type")}
    return {name: execution[name] for name in ("id", "status", "conversation_duration", "created_at")} | {"telephony_data": telephony}


async def all_agents(request: Request) -> Response:
    """`GET /v2/agent/all`."""
    return JSONResponse(list(_signed_in(request).agents.values()))


async def one_agent(request: Request) -> Response:
    """`GET`, `PATCH` and `PUT /v2/agent/{id}`; a change of `agent_config` is merged."""
    world = _signed_in(request)
    agent = _agent(world, request)
    if request.method == "GET":
        return JSONResponse(agent)
    config = (await _json(request)).get("agent_config")
    if not isinstance(config, dict):
        raise BolnaError(400, "agent_config is required")
    agent["agent_config"].update(copy.deepcopy(config))
    agent["agent_config"].setdefault("webhook_url", None)
    agent["agent_name"] = config.get("agent_name") or agent["agent_name"]
    agent["updated_at"] = now_iso()
    world.keep_addresses()
    return JSONResponse({"message": "success", "status": "updated"})


async def numbers(request: Request) -> Response:
    """`GET /phone-numbers/all`."""
    _signed_in(request)
    shared = {"agent_id": None, "price": "$5.0", "telephony_provider": "plivo", "rented": True, "created_at": now_iso()}
    return JSONResponse([{"id": f"number-{i}", "phone_number": number, **shared} for i, number in enumerate(NUMBERS, 1)])


async def me(request: Request) -> Response:
    """`GET /user/me`."""
    world = _signed_in(request)
    concurrency = {"max": world.concurrency, "current": world.active_calls}
    return JSONResponse({"id": "sandbox", "name": "Sandbox", "email": "sandbox@example.com", "wallet": 250.0, "concurrency": concurrency})


async def recording(request: Request) -> Response:
    """A short tone in place of a recorded conversation."""
    return Response(_tone(), media_type="audio/wav")


@lru_cache(maxsize=1)
def _tone() -> bytes:
    rate, seconds = 8_000, 2
    samples = (int(6_000 * math.sin(2 * math.pi * 440 * i / rate) * (1 - i / (rate * seconds))) for i in range(rate * seconds))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return buffer.getvalue()


async def not_found(request: Request) -> Response:
    """Any other path."""
    raise BolnaError(404, "Not found")


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _signed_in(request: Request) -> World:
    if request.headers.get("authorization") != f"Bearer {BOLNA_KEY}":
        raise BolnaError(401, "Access denied")
    return _world(request)


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise BolnaError(400, "Invalid JSON") from None
    if not isinstance(body, dict):
        raise BolnaError(400, "Invalid JSON")
    return body


def _call(world: World, execution_id: str) -> Call:
    if execution_id not in world.calls:
        raise BolnaError(404, "Execution not found")
    return world.calls[execution_id]


def _agent(world: World, request: Request) -> dict[str, Any]:
    agent_id = request.path_params["agent_id"]
    if agent_id not in world.agents:
        raise BolnaError(404, "Agent not found")
    return world.agents[agent_id]


def _moment(value: str | None, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(value or "")
    except ValueError:
        raise BolnaError(400, f"{name} is required, as UTC ISO 8601") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _count(value: str | None, default: int, most: int) -> int:
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
        raise BolnaError(400, f"page_number and page_size must be numbers from 1 to {most}")
    return int(value)


ROUTES = [
    Route("/call", place_call, methods=["POST"]),
    Route("/call/{execution_id}/stop", stop_call, methods=["POST"]),
    Route("/executions/{execution_id}", execution),
    Route("/v2/agent/all", all_agents),
    Route("/v2/agent/{agent_id}", one_agent, methods=["GET", "PATCH", "PUT"]),
    Route("/v2/agent/{agent_id}/executions", executions),
    Route("/phone-numbers/all", numbers),
    Route("/user/me", me),
    Route("/recordings/{name}", recording),
    Route("/{path:path}", not_found, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
