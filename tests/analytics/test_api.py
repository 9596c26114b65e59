"""The analytics routes."""

from __future__ import annotations

from uuid import uuid4

import httpx

from autoflows.analytics.charts import CHARTS, charts_of
from autoflows.domain.permissions import Role
from tests.api.conftest import OWNER, People, app, environment, owner, people

__all__ = ["app", "environment", "owner", "people"]

BASE = "/api/automation/analytics"
OVERVIEW = f"{BASE}/overview"


async def test_overview_of_a_new_account_is_all_zero_and_names_its_days(owner: httpx.AsyncClient) -> None:
    answer = await owner.get(OVERVIEW, params={"from": "2026-01-01", "to": "2026-01-31", "tz": "Europe/Berlin"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["from"], body["to"], body["tz"]) == ("2026-01-01", "2026-01-31", "Europe/Berlin")
    assert body["now"]["executions"] == 0
    assert [(chart["slug"], chart["total"]) for chart in body["charts"]] == [(chart.slug, 0) for chart in charts_of("overview")]
    assert [span["executions"] for span in body["spans"]] == [0, 0, 0]
    assert all(chart["figure"] is None for chart in body["charts"])
    drawn = (await owner.get(OVERVIEW, params={"figures": "true"})).json()
    assert all(chart["figure"]["data"] for chart in drawn["charts"])


async def test_wrong_days_are_named(owner: httpx.AsyncClient) -> None:
    answer = await owner.get(OVERVIEW, params={"from": "2026-02-01", "to": "2026-01-01"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/to"


async def test_csv_is_a_file_and_an_unknown_chart_is_not_found(owner: httpx.AsyncClient) -> None:
    path = "/api/automation/analytics/export.csv"
    answer = await owner.get(path, params={"chart": "call_outcomes", "from": "2026-01-01", "to": "2026-01-07"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="call_outcomes_2026-01-01_2026-01-07.csv"'
    assert answer.text.splitlines()[0] == "Outcome,Calls,Share of ended calls"
    assert (await owner.get(path, params={"chart": "nonsense"})).status_code == 404


async def test_viewers_see_no_analytics(owner: httpx.AsyncClient, people: People) -> None:
    viewer = await people.add("viewer@example.com", Role.VIEWER, owner=OWNER)
    assert (await viewer.get(OVERVIEW)).status_code == 403


async def test_every_page_answers_a_new_account_and_draws_its_charts(owner: httpx.AsyncClient) -> None:
    for page, charts in (("speed-to-lead", "speed"), ("performance", "performance")):
        body = (await owner.get(f"{BASE}/{page}", params={"figures": "true", "tz": "Asia/Kathmandu"})).json()
        assert [chart["slug"] for chart in body["charts"]] == [chart.slug for chart in charts_of(charts)]
        assert all(chart["figure"]["layout"] and chart["total"] == 0 and chart["summary"] for chart in body["charts"])
    target = (await owner.get(f"{BASE}/speed-to-lead")).json()["now"]["target"]
    assert (target["seconds"], target["percent"], target["counted"], target["is_met"]) == (60, 90, 0, None)


async def test_a_flow_has_a_page_and_another_has_none(owner: httpx.AsyncClient, people: People) -> None:
    body = {"name": "First call", "actions": [{"action_order": 1, "action_type": "wait", "action_config": {"duration_minutes": 1}}]}
    flow = (await owner.post("/api/automation/flows", json=body)).json()["id"]
    page = (await owner.get(f"{BASE}/flows/{flow}")).json()
    assert page["flow_id"] == flow
    assert page["now"]["executions"] == 0
    assert [marker["version"] for marker in page["markers"]] == [1]
    assert (await owner.get(f"{BASE}/flows/{flow}", params={"version": 1})).status_code == 200
    assert (await owner.get(f"{BASE}/flows/{flow}", params={"version": 2})).status_code == 404
    assert (await owner.get(f"{BASE}/flows/{uuid4()}")).status_code == 404
    stranger = await people.add("stranger@example.com", Role.OWNER)
    assert (await stranger.get(f"{BASE}/flows/{flow}")).status_code == 404
    assert (await stranger.get(OVERVIEW, params={"flow_id": flow})).status_code == 404


async def test_wrong_filters_are_named(owner: httpx.AsyncClient) -> None:
    answer = await owner.get(OVERVIEW, params={"version": 1})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/version")
    assert (await owner.get(OVERVIEW, params={"channel_id": "x"})).status_code == 422
    assert (await owner.get(f"{BASE}/performance", params={"tz": "Mars/Base"})).json()["errors"][0]["pointer"] == "/query/tz"


async def test_every_chart_and_figure_is_defined(owner: httpx.AsyncClient) -> None:
    told = (await owner.get(f"{BASE}/definitions")).json()
    assert {one["name"] for one in told if one["kind"] == "chart"} == CHARTS.keys()
    assert {"executions", "leads_not_contacted", "cost_per_contact", "burn"} <= {one["name"] for one in told if one["kind"] == "figure"}
    assert all(one["definition"] for one in told)


async def test_an_excel_file_and_the_other_spelling_of_the_routes(owner: httpx.AsyncClient) -> None:
    answer = await owner.get(f"{BASE}/export.xlsx", params={"chart": "funnel", "from": "2026-01-01", "to": "2026-01-07"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="funnel_2026-01-01_2026-01-07.xlsx"'
    assert answer.content[:2] == b"PK"
    assert (await owner.get("/api/auto-engagement/analytics/performance")).status_code == 200


async def test_the_target_is_a_setting(owner: httpx.AsyncClient) -> None:
    changed = await owner.patch("/api/settings", json={"speed_target_seconds": 300, "speed_target_percent": 80})
    assert changed.status_code == 200
    target = (await owner.get(f"{BASE}/speed-to-lead")).json()["now"]["target"]
    assert (target["seconds"], target["percent"]) == (300, 80)
    assert (await owner.patch("/api/settings", json={"speed_target_seconds": 61})).status_code == 422


async def test_every_page_is_for_those_who_may_read_analytics(owner: httpx.AsyncClient, people: People) -> None:
    viewer = await people.add("viewer2@example.com", Role.VIEWER, owner=OWNER)
    for path in ("speed-to-lead", "performance", f"flows/{uuid4()}", "definitions", "export.csv", "export.xlsx"):
        assert (await viewer.get(f"{BASE}/{path}")).status_code == 403, path
