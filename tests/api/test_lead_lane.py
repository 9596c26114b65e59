"""The short way of `POST /api/contacts` answers as the route does, and takes nothing that the route would refuse."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from autoflows.api import edge, lead_lane
from autoflows.engine.pool import get_pool
from tests.api.conftest import OWNER, People
from tests.api.test_contacts import ASHA

JSON = {"Content-Type": "application/json"}
REQUESTS: dict[str, tuple[Any, dict[str, str]]] = {
    "a lead": (ASHA, JSON),
    "with a charset": (ASHA, {"Content-Type": "application/json; charset=utf-8"}),
    "another charset": (ASHA, {"Content-Type": "application/json; charset=latin-1"}),
    "no type": (ASHA, {"Content-Type": ""}),
    "text": (ASHA, {"Content-Type": "text/plain"}),
    "a key": (ASHA, {**JSON, "Idempotency-Key": "7"}),
    "an empty key": (ASHA, {**JSON, "Idempotency-Key": ""}),
    "a key that is too long": (ASHA, {**JSON, "Idempotency-Key": "x" * 256}),
    "no address": ({"name": "Asha"}, JSON),
    "an unknown field": ({**ASHA, "phone_number": "1"}, JSON),
    "a wrong time": ({**ASHA, "source_created_at": "2026-11-22"}, JSON),
    "a list": ([ASHA], JSON),
    "nothing": ("", JSON),
    "broken": ('{"phone": ', JSON),
    "not a number": ('{"phone": "+919876500001", "custom_fields": {"x": NaN}}', JSON),
    "another scheme": (ASHA, {**JSON, "Authorization": "Basic abc"}),
    "an unknown token": (ASHA, {**JSON, "Authorization": "Bearer af_nobody"}),
    "an unknown phone": ({**ASHA, "phone": "12", "email": None}, JSON),
    "a known person": ({**ASHA, "external_id": "other"}, JSON),
}


def unnamed(value: Any) -> Any:
    """An answer without the ids that differ each time."""
    if isinstance(value, dict):
        return {key: "an id" if key in {"contact_id", "lead_event_id", "self", "contact"} else unnamed(v) for key, v in value.items()}
    return value


@pytest.mark.parametrize("name", REQUESTS)
async def test_both_ways_answer_alike(owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    body, headers = REQUESTS[name]
    content = body if isinstance(body, str) else json.dumps(body)
    await owner.get("/api/me")  # the token is known from now on

    async def answers() -> list[Any]:
        """To the request and to its repetition, on empty tables."""
        pool = await get_pool()
        await pool.execute("DELETE FROM lead_events")
        await pool.execute("DELETE FROM contacts")
        if name == "a known person":
            await owner.post("/api/contacts", json={**ASHA, "external_id": str(uuid4())})
        given = [await owner.post("/api/contacts", content=content, headers=headers) for _ in range(2)]
        return [(a.status_code, a.headers.get("content-type"), a.headers.get("content-length"), unnamed(a.json())) for a in given]

    short = await answers()

    async def long_way(scope: Any, body: bytes) -> None:
        return None

    monkeypatch.setattr(edge, "take_lead", long_way)
    assert await answers() == short


async def test_the_short_way_is_taken(owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    async def watched(scope: Any, body: bytes) -> Any:
        answer = await lead_lane.take_lead(scope, body)
        taken.append(0 if answer is None else answer.status_code)
        return answer

    await owner.get("/api/me")
    taken.clear()
    monkeypatch.setattr(edge, "take_lead", watched)
    await owner.post("/api/contacts", json={**ASHA, "external_id": str(uuid4())})
    await owner.post("/api/contacts/", json={**ASHA, "external_id": str(uuid4())})
    await owner.post("/api/contacts?x=1", json={**ASHA, "external_id": str(uuid4())})
    assert taken[0] == 202
    assert taken[-1] == 202


async def test_permission_holds_on_the_short_way(owner: httpx.AsyncClient, people: People) -> None:
    reader = await people.token(OWNER, ("contacts:read",))
    await reader.get("/api/contacts")  # known from now on
    answer = await reader.post("/api/contacts", json=ASHA)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert "contacts:write" in answer.json()["detail"]
