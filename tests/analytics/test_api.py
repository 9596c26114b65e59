"""The analytics routes."""

from __future__ import annotations

import httpx

from autoflows.analytics.charts import charts_of
from autoflows.domain.permissions import Role
from tests.api.conftest import OWNER, People, app, environment, owner, people

__all__ = ["app", "environment", "owner", "people"]

OVERVIEW = "/api/automation/analytics/overview"


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
