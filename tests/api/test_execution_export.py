"""Executions as CSV: every row once, as spreadsheets and programs read it, and nothing a reader may not see."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from autoflows.domain.permissions import Role
from autoflows.engine.drain import Drainer
from autoflows.engine.pool import get_pool
from autoflows.services import execution_export
from tests.api.conftest import OWNER, People
from tests.api.test_executions import drainer, listed, make_flow, send_lead

__all__ = ["drainer"]

EXPORT = "/api/automation/executions/export.csv"


async def rows_of(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, str]]:
    answer = await client.get(EXPORT, params=filters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_all_that_fit_are_in_the_file(owner: httpx.AsyncClient, drainer: Drainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution_export, "CHUNK", 2)
    await make_flow(owner)
    await make_flow(owner, "Other", "Website")
    for number in range(1, 6):
        await send_lead(owner, number)
    await send_lead(owner, 9, lead_source="Website")
    await drainer.drain()
    found = await rows_of(owner)
    shown = await listed(owner)
    assert [row["id"] for row in found] == [row["id"] for row in shown]
    first = next(row for row in found if row["name"] == "Lead 9")
    assert (first["flow"], first["flow_version"], first["status"], first["phone"]) == ("Other", "1", "running", "+919876500209")
    assert (first["email"], first["lead_source"], first["test_run"]) == ("lead9@example.com", "Website", "no")
    assert datetime.fromisoformat(first["triggered_at"]).tzinfo == UTC
    assert [row["name"] for row in await rows_of(owner, lead_source="website")] == ["Lead 9"]
    assert len(await rows_of(owner, search="98765 00203")) == 1
    assert await rows_of(owner, status="failed") == []
    pool = await get_pool()
    data = await pool.fetch("SELECT data FROM audit_log WHERE action = 'executions.exported' ORDER BY id")
    assert [row["data"]["filter"] for row in data] == [{}, {"lead_source": "website"}, {"search": "…"}, {"status": "failed"}]


async def test_the_bytes_are_those_of_rfc_4180(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    await make_flow(owner, 'Say "hello", twice\nat least')
    await send_lead(owner, name="=HYPERLINK(1)", company="@home, inc")
    await send_lead(owner, 2, name="+1 (2) sum", company="-5.5", email=None)
    await drainer.drain()
    answer = await owner.get(EXPORT)
    assert re.fullmatch(r'attachment; filename="executions_\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"])
    assert answer.content.endswith(b"\r\n")
    assert answer.content.startswith(b"id,flow,flow_version,status,")
    assert b'"Say ""hello"", twice' in answer.content
    second, first = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert (first["name"], first["company"], first["phone"]) == ("'=HYPERLINK(1)", "'@home, inc", "+919876500201")
    assert (second["name"], second["company"], second["email"]) == ("'+1 (2) sum", "-5.5", "")


async def test_who_may_have_it(owner: httpx.AsyncClient, people: People, drainer: Drainer) -> None:
    await make_flow(owner)
    await send_lead(owner)
    await drainer.drain()
    pool = await get_pool()
    await pool.execute("UPDATE flow_executions SET waiting_reason = 'Wait for +91 98765 00201'")
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    stranger = await people.add("stranger@example.com")
    manager = await people.add("manager@example.com", Role.MANAGER, OWNER)
    assert (await viewer.get(EXPORT)).status_code == 403
    assert await rows_of(stranger) == []
    assert (await rows_of(manager))[0]["phone"] == "+919876500201"
    blind = await people.token("manager@example.com", ("export",))
    text = (await blind.get(EXPORT)).text
    assert "98765" not in text
    assert "lead1@" not in text
    [row] = await rows_of(blind)
    assert (row["name"], row["phone"], row["email"]) == ("Lead 1", "+91••••••••01", "l•••@example.com")


async def test_what_is_wrong_is_said_before_the_file_begins(owner: httpx.AsyncClient) -> None:
    for query, pointer in (("status=asleep", "/query/status"), ("flow_id=1", "/query/flow_id"), ("colour=red", "/query/colour")):
        refused = await owner.get(f"{EXPORT}?{query}")
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json"), query
        assert refused.json()["errors"][0]["pointer"] == pointer
