"""`/api/health` and `/metrics`."""

from __future__ import annotations

from typing import Any

import httpx

from autoflows.engine.broker import close_redis, get_redis
from autoflows.engine.pool import close_pool, get_pool
from autoflows.settings import get_settings


async def test_it_says_what_works_without_signing_in(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    assert (await owner.post("/api/contacts", json={"phone": "+919876500001"})).status_code == 202
    alone = (await anonymous.get("/api/health")).json()
    assert (alone["status"], alone["database"], alone["broker"], alone["workers"]) == ("degraded", "ok", "ok", 0)
    assert alone["problems"] == ["No worker is running: leads are taken in and wait."]
    assert alone["queue"]["due"] == 1
    assert alone["leads"] == {"received": 1, "accounted": 1, "unaccounted": 0}
    await get_redis().set("autoflows:worker:one", "1", ex=5)
    answer = await anonymous.get("/api/health")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["workers"], answer.json()["problems"]) == ("ok", 1, [])


async def test_metrics_are_prometheus_text(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    await owner.post("/api/contacts", json={"phone": "nonsense"})
    answer = await anonymous.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert values["autoflows_up"] == "1"
    assert values['autoflows_leads{disposition="invalid"}'] == "1"
    assert values["autoflows_leads_unaccounted"] == "0"
    assert values['autoflows_executions{status="running"}'] == "0"
    assert float(values["autoflows_queue_oldest_due_seconds"]) == 0


async def test_leads_that_are_stuck_or_lost_are_told_to_monitors(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    await get_redis().set("autoflows:worker:one", "1", ex=5)
    for number in (1, 2):
        assert (await owner.post("/api/contacts", json={"phone": f"+91987650000{number}", "external_id": str(number)})).status_code == 202
    pool = await get_pool()
    await pool.execute("UPDATE lead_events SET due_at = now() - interval '61 seconds' WHERE external_id = '1'")
    await pool.execute(
        "UPDATE lead_events SET disposition = 'enrolled', due_at = NULL, execution_id = gen_random_uuid() WHERE external_id = '2'"
    )
    told = (await anonymous.get("/api/health")).json()
    assert (told["status"], told["queue"]["stuck_leads"], told["leads"]["unaccounted"]) == ("degraded", 1, 1)
    assert told["problems"][:2] == ["1 lead is unaccounted for.", "1 lead waits too long to be matched."]
    lines = (await anonymous.get("/metrics")).text.splitlines()
    assert "autoflows_leads_stuck 1" in lines
    assert "autoflows_leads_unaccounted 1" in lines


async def test_a_broker_that_is_down_degrades_and_a_database_that_is_down_fails(
    owner: httpx.AsyncClient, anonymous: httpx.AsyncClient, monkeypatch: Any
) -> None:
    redis, database = get_settings().redis_url, get_settings().database_url
    await close_redis()
    monkeypatch.setenv("AUTOFLOWS_REDIS_URL", "redis://127.0.0.1:9/0")
    get_settings.cache_clear()
    answer = await anonymous.get("/api/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["broker"]) == (200, "degraded", "down")
    assert (await owner.post("/api/contacts", json={"phone": "+919876500001"})).status_code == 202
    await close_redis()
    await close_pool()
    monkeypatch.setenv("AUTOFLOWS_REDIS_URL", redis)
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    get_settings.cache_clear()
    down = await anonymous.get("/api/health")
    assert (down.status_code, down.json()["status"], down.json()["leads"]) == (503, "down", None)
    assert "autoflows_up 0" in (await anonymous.get("/metrics")).text.splitlines()
    lead = await owner.post("/api/contacts", json={"phone": "+919876500002"})
    assert (lead.status_code, lead.headers["content-type"]) == (503, "application/problem+json")
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", database)
    get_settings.cache_clear()
