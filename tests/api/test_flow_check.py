"""The nightly check: what breaks under an enabled flow is told once, and resolved once it is mended."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from autoflows.models import WhatsAppTemplate
from autoflows.models.database import open_session
from tests.api.conftest import FlowBody
from tests.api.test_flows import FLOWS, made
from workers.flow_check import PACE, check_flows

NOTICES = "/api/notifications"


async def approve(template_id: str, status: str) -> None:
    """What a sync brings of Meta's judgement."""
    async with open_session() as session:
        template = await session.get(WhatsAppTemplate, UUID(template_id))
        assert template is not None
        template.status = status


def template_of(flow: dict[str, Any]) -> str:
    """The message template that a flow names."""
    return str(next(a["action_config"]["template_id"] for a in flow["actions"] if a["action_type"] == "whatsapp_message"))


async def let_a_day_pass() -> None:
    async with open_session() as session:
        await session.exec(sa.text("UPDATE paces SET next_at = now() - interval '1 day'"))  # type: ignore[call-overload]


async def standing(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    notices = (await client.get(NOTICES)).json()["data"]
    return [n for n in notices if n["kind"] == "flow_problems" and n["resolved_at"] is None]


async def test_a_flow_that_broke_is_told_once_and_resolved(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, **flow_body(name="First"))
    template = template_of(flow)
    assert await check_flows() == []
    await approve(template, "REJECTED")
    assert await check_flows() == []  # not before the next night
    await let_a_day_pass()
    assert len(await check_flows()) == 1
    (notice,) = await standing(owner)
    assert notice["title"] == "Flow 'First' is on and has 1 error"
    assert "template" in notice["detail"]
    await let_a_day_pass()
    assert await check_flows() == []  # it stands as it was
    (again,) = await standing(owner)
    assert again["last_at"] == notice["last_at"]
    await approve(template, "APPROVED")
    assert len(await check_flows()) == 1  # mended: that is seen at the next turn
    assert await standing(owner) == []


async def test_a_flow_that_is_switched_off_is_no_task(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, **flow_body(name="First"))
    template = template_of(flow)
    await approve(template, "REJECTED")
    assert len(await check_flows()) == 1
    (await owner.patch(f"{FLOWS}/{flow['id']}/toggle", json={"is_enabled": False})).raise_for_status()
    assert len(await check_flows()) == 1
    assert await standing(owner) == []


async def test_two_workers_check_once_between_them(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, **flow_body(name="First"))
    await approve(template_of(flow), "REJECTED")
    found = await asyncio.gather(*(check_flows() for _ in range(4)))
    assert sum(map(len, found)) == 1
    async with open_session() as session:
        night = "SELECT next_at > now() AND next_at <= now() + interval '1 day' FROM paces WHERE key = :key"
        values = {"key": str(PACE)}
        assert (await session.exec(sa.text(night), params=values)).scalar() is True  # type: ignore[call-overload]
