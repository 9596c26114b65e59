"""Leads with values no database takes: refused by name, never a failure of ours, and they spoil no other lead."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

LEAD = {"name": "Asha Patel", "phone": "+91 98765 00001"}


@pytest.mark.parametrize("value", ['"\\ud800"', "NaN", "1e999", '{"\\ud800": 1}'])
@pytest.mark.parametrize("content_type", ["application/json", None])
async def test_custom_fields_that_cannot_be_stored(owner: httpx.AsyncClient, value: str, content_type: str | None) -> None:
    body = json.dumps(LEAD)[:-1] + ', "custom_fields": {"odd": ' + value + "}}"
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await owner.post("/api/contacts", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("/custom_fields")


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-05:30"])
async def test_a_time_outside_the_calendar(owner: httpx.AsyncClient, when: str) -> None:
    answer = await owner.post("/api/contacts", json={**LEAD, "source_created_at": when})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/source_created_at"


async def test_one_bad_item_spoils_no_other(owner: httpx.AsyncClient) -> None:
    odd: list[dict[str, Any]] = [{**LEAD, "source_created_at": "0001-01-01T00:00:00+05:30"}, {**LEAD, "phone": "+91 98765 00002"}]
    answer = await owner.post("/api/contacts/bulk", json=odd)
    assert answer.status_code == 202, answer.text
    assert answer.json()["results"][1]["status"] == 202
