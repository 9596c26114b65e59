"""The flow list as a whole: what an order means, who never wins, labels, the archive, many switches, and the check of live flows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from autoflows.ids import new_id, utc_now
from autoflows.models import WhatsAppTemplate
from autoflows.models.database import open_session
from autoflows.services.flow_check import check_live_flows
from tests.api.conftest import FlowBody, People
from tests.api.test_drafts import DRAFTS, opened, saved
from tests.api.test_flows import FLOWS, made

Json = dict[str, Any]


def when(kind: str, value: str | None = None, operator: str = "equals", field: str | None = None) -> list[Json]:
    return [{"condition_type": kind, "condition_operator": operator, "condition_value": value, "condition_field": field}]


ARRIVE = """
WITH people AS (
  INSERT INTO contacts (id, user_id, name, email, company, tags, custom_fields, lead_source, entry_type, created_at, updated_at)
  SELECT gen_random_uuid(), :account, 'Asha', gen_random_uuid() || '@example.com', '', :tags, jsonb_build_object('qty', n), :source, 'api',
         now(), now() FROM generate_series(1, :count) n RETURNING id)
INSERT INTO lead_events (id, user_id, contact_id, lead_source, entry_type, request_hash, payload, received_at, disposition, reason, trace)
SELECT gen_random_uuid(), :account, id, :source, 'api', '', '{}', CAST(:at AS timestamptz), 'no_match', '', '[]' FROM people
"""


async def arrive(client: httpx.AsyncClient, count: int, source: str = "IndiaMART", days_ago: float = 1, tags: tuple[str, ...] = ()) -> None:
    """So many settled lead events of the account, each of a contact of its own."""
    account = UUID((await client.get("/api/me")).json()["account_id"])
    types = [
        sa.bindparam("tags", type_=ARRAY(sa.Text())),
        sa.bindparam("source", type_=sa.Text()),
        sa.bindparam("account", type_=sa.Uuid()),
    ]
    values = {"account": account, "tags": list(tags), "source": source, "count": count, "at": utc_now() - timedelta(days=days_ago)}
    async with open_session() as session:
        await session.exec(sa.text(ARRIVE).bindparams(*types), params=values)  # type: ignore[call-overload, arg-type]


async def test_what_moving_a_flow_means_for_leads_that_came(owner: httpx.AsyncClient, people: People, flow_body: FlowBody) -> None:
    first = await made(owner, **flow_body(name="IndiaMART"))
    second = await made(owner, **flow_body(name="VIP", conditions=when("tag", "vip")))
    off = await made(owner, **flow_body(name="Off", conditions=when("lead_source", None, "any"), is_enabled=False))
    await arrive(owner, 3)
    await arrive(owner, 2, tags=("VIP",))
    await arrive(owner, 4, "Web", tags=("vip",))
    await arrive(owner, 1, "Fair")
    await arrive(owner, 1, days_ago=31, tags=("vip",))
    await arrive(await people.add("other@example.com"), 1, tags=("vip",))
    ids = [off["id"], second["id"], first["id"]]
    impact = (await owner.post(f"{FLOWS}/reorder/impact", json={"flow_ids": ids})).json()
    assert (impact["leads"], impact["changed"], impact["is_capped"]) == (10, 2, False)
    assert impact["message"] == "This move changes 2 of the last 30 days' 10 leads."
    assert [(s["before"]["name"], s["after"]["name"], s["leads"]) for s in impact["shifts"]] == [("IndiaMART", "VIP", 2)]
    assert [f["name"] for f in (await owner.get(FLOWS)).json()["data"]] == ["IndiaMART", "VIP", "Off"], "nothing was moved"
    unknown = await owner.post(f"{FLOWS}/reorder/impact", json={"flow_ids": [str(new_id())]})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/flow_ids/0")
    found = (await owner.get(f"{FLOWS}/analysis")).json()
    assert [(flow["name"], count) for flow, count in found["won"]] == [("IndiaMART", 5), ("VIP", 4)]
    assert [(o["first"]["name"], o["second"]["name"], o["leads"]) for o in found["overlaps"]] == [("IndiaMART", "VIP", 2)]
    assert found["untaken"] == {"Fair": 1}
    assert found["never_win"] == []


async def test_what_publishing_a_draft_means_for_leads_that_came(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    first = await made(owner, **flow_body(name="IndiaMART"))
    await made(owner, **flow_body(name="Rest", conditions=when("lead_source", None, "any")))
    await arrive(owner, 3)
    await arrive(owner, 2, "TradeIndia")
    draft = (await saved(owner, await opened(owner, first), conditions=when("lead_source", "IndiaMART, TradeIndia", "in"))).json()
    impact = (await owner.get(f"{DRAFTS}/{draft['id']}/impact")).json()
    assert [impact[k] for k in ("matched_before", "matched_after", "won_before", "won_after", "changed")] == [3, 5, 3, 5, 2]
    assert impact["message"] == "Publishing this changes 2 of the last 30 days' 5 leads."
    assert impact["is_enabled"] is True
    begun = (
        await owner.post(
            DRAFTS,
            json={"definition": {k: v for k, v in flow_body(conditions=when("lead_source", "TradeIndia")).items() if k != "is_enabled"}},
        )
    ).json()
    assert [p["code"] for p in begun["problems"]] == ["never_wins"]
    last = (await owner.get(f"{DRAFTS}/{begun['id']}/impact")).json()
    assert [last[k] for k in ("matched_before", "matched_after", "won_before", "won_after", "changed")] == [0, 2, 0, 0, 0], (
        "a new flow comes last"
    )
    await owner.patch(f"{FLOWS}/{first['id']}/toggle", json={"is_enabled": False})
    off = (await owner.get(f"{DRAFTS}/{draft['id']}/impact")).json()
    assert [off[k] for k in ("is_enabled", "won_before", "won_after", "changed")] == [False, 0, 5, 5], "as if it were enabled"
    incomplete = (await saved(owner, draft, name="")).json()
    assert (await owner.get(f"{DRAFTS}/{incomplete['id']}/impact")).status_code == 422


async def test_the_newest_five_thousand_leads_answer_while_one_drags(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flows = [
        await made(owner, **flow_body(name=f"Flow {n}", conditions=when("custom_field", str(n * 100), "greater_than", "qty")))
        for n in range(20)
    ]
    await arrive(owner, 6000)
    ids = [flow["id"] for flow in reversed(flows)]
    impact = (await owner.post(f"{FLOWS}/reorder/impact", json={"flow_ids": ids})).json()
    assert (impact["leads"], impact["is_capped"]) == (5000, True)
    assert impact["message"].endswith("of the newest 5,000 leads.")


async def test_a_flow_that_never_wins_is_told_with_the_flow_that_takes_its_leads(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    wide = await made(owner, **flow_body(name="All", conditions=when("lead_source", "india", "starts_with")))
    narrow = await made(owner, **flow_body(name="Narrow"))
    problems = (await owner.get(f"{FLOWS}/{narrow['id']}/problems")).json()["problems"]
    assert [(p["severity"], p["code"]) for p in problems] == [("warning", "never_wins")]
    assert "'All' (priority 1)" in problems[0]["message"]
    assert [f["name"] for f in (await owner.get(f"{FLOWS}/analysis")).json()["never_win"]] == ["Narrow"]
    listed = (await owner.get(f"{FLOWS}/problems")).json()["data"]
    assert [f["flow_id"] for f in listed] == [narrow["id"]]
    await owner.put(f"{FLOWS}/reorder", json={"flow_ids": [narrow["id"], wide["id"]]})
    assert (await owner.get(f"{FLOWS}/problems")).json() == {"data": []}


async def test_the_check_of_live_flows_finds_what_broke_under_them(owner: httpx.AsyncClient, people: People, flow_body: FlowBody) -> None:
    live = await made(owner, **flow_body())
    await made(owner, name="Draft")
    await people.add("other@example.com")
    (check,) = await check_live_flows()
    assert check.problems == []
    async with open_session() as session:
        await session.exec(sa.update(WhatsAppTemplate).values(status="PAUSED"))
    (check,) = await check_live_flows()
    assert [(str(f.flow_id), [p.code for p in f.problems]) for f in check.problems] == [(live["id"], ["template_not_approved"])]
    assert check.account_id == UUID((await owner.get("/api/me")).json()["account_id"])


async def test_labels(owner: httpx.AsyncClient) -> None:
    flow = await made(owner, name="One")
    await made(owner, name="Two")
    tagged = await owner.put(f"{FLOWS}/{flow['id']}/tags", json={"tags": [" pilot ", "Market", "PILOT"]})
    assert tagged.json()["tags"] == ["pilot", "Market"]
    assert tagged.json()["version"] == 1
    assert [f["name"] for f in (await owner.get(FLOWS, params={"tag": "pilot"})).json()["data"]] == ["One"]
    assert (await owner.get(FLOWS, params={"tag": "pil"})).json()["data"] == []
    assert (await owner.put(f"{FLOWS}/{flow['id']}", json={**tagged.json(), "name": "Uno"})).json()["tags"] == ["pilot", "Market"]
    assert (await owner.put(f"{FLOWS}/{flow['id']}/tags", json={"tags": [" "]})).status_code == 422
    assert (await owner.put(f"{FLOWS}/{new_id()}/tags", json={"tags": []})).status_code == 404


async def test_the_archive(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    old, kept = await made(owner, **flow_body(name="Old")), await made(owner, name="Kept")
    archived = (await owner.post(f"{FLOWS}/{old['id']}/archive")).json()
    assert archived["is_enabled"] is False
    assert archived["archived_at"]
    assert [f["name"] for f in (await owner.get(FLOWS)).json()["data"]] == ["Kept"]
    assert [f["name"] for f in (await owner.get(FLOWS, params={"is_archived": True})).json()["data"]] == ["Old"]
    refused = await owner.patch(f"{FLOWS}/{old['id']}/toggle", json={"is_enabled": True})
    assert (refused.status_code, "take it out of the archive" in refused.json()["detail"]) == (409, True)
    order = await owner.put(f"{FLOWS}/reorder", json={"flow_ids": [kept["id"]]})
    assert [(f["name"], f["priority"]) for f in order.json()["data"]] == [("Kept", 1)], "the archive is not asked for"
    back = (await owner.post(f"{FLOWS}/{old['id']}/unarchive")).json()
    assert (back["is_enabled"], back["priority"], back["archived_at"]) == (False, 2, None)
    assert (await owner.patch(f"{FLOWS}/{old['id']}/toggle", json={"is_enabled": True})).status_code == 200
    assert (await owner.post(f"{FLOWS}/{new_id()}/archive")).status_code == 404


async def test_many_switches_at_once(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    good, empty, nobody = await made(owner, **flow_body(is_enabled=False)), await made(owner, name="Empty"), str(new_id())
    answer = await owner.post(f"{FLOWS}/toggle", json={"flow_ids": [empty["id"], good["id"], nobody, good["id"]], "is_enabled": True})
    results = answer.json()["data"]
    assert [(r["flow_id"], r["is_enabled"]) for r in results] == [(empty["id"], False), (good["id"], True), (nobody, None)]
    assert "no trigger condition" in results[0]["problem"]
    assert (results[1]["problem"], "no flow" in results[2]["problem"]) == ("", True)
    again = await owner.post("/api/auto-engagement/flows/toggle", json={"flow_ids": [good["id"]], "is_enabled": False})
    assert again.json()["data"] == [{"flow_id": good["id"], "is_enabled": False, "problem": ""}]
