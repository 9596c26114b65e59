"""`/executions/{id}/story` and `/action-logs/{id}/events`: what happened to a lead, and who may see how much of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from autoflows.domain.executions import LogStatus
from autoflows.domain.permissions import Role
from autoflows.engine import amend
from autoflows.engine.drain import Drainer
from autoflows.engine.pool import get_pool
from autoflows.ids import new_id
from tests.api.conftest import OWNER, People
from tests.api.test_executions import add_call, drainer, listed, make_flow, send_lead

__all__ = ["drainer"]

AUTOMATION = "/api/automation"
SECRETS = ("9876500201", "lead1@example.com", "I am Lead", "r.mp3", "wants a pump", "Yes, call me", "wamid.secret", "Seen on the bill")


async def story(client: httpx.AsyncClient, execution_id: str) -> dict[str, Any]:
    answer = await client.get(f"{AUTOMATION}/executions/{execution_id}/story")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def begun(owner: httpx.AsyncClient, drainer: Drainer, **lead: Any) -> tuple[str, str, UUID]:
    """An execution with a wait and a finished call: its id, the contact's, and the call's."""
    await make_flow(owner)
    taken = await send_lead(owner, **lead)
    await drainer.drain()
    [execution] = await listed(owner)
    await add_call(execution["id"], taken["contact_id"])
    pool = await get_pool()
    call: UUID = await pool.fetchval("SELECT id FROM flow_action_logs WHERE action_type = 'ai_call'")
    return execution["id"], taken["contact_id"], call


async def tell(log_id: UUID, kind: str, event: dict[str, Any], note: str = "", minute: int = 0) -> None:
    """A provider's event about an attempt, on a channel of its account."""
    pool = await get_pool()
    channel = await pool.fetchval("SELECT id FROM channels")
    if channel is None:
        channel = await pool.fetchval(
            "INSERT INTO channels (id, user_id, provider, name, credentials, settings, status, status_detail, webhook_secret, created_at,"
            " updated_at) SELECT $1, user_id, 'whatsapp_cloud', 'wa', '', '{}', 'active', '', 's', now(), now() FROM flow_action_logs"
            " WHERE id = $2 RETURNING id",
            new_id(),
            log_id,
        )
    await pool.execute(
        "INSERT INTO provider_events (id, channel_id, provider_event_id, kind, provider_ref, action_log_id, received_at, occurred_at,"
        " applied, note, event, payload) VALUES ($1, $2, $3, $4, 'wamid.secret', $5, now() + make_interval(mins => $6), NULL, $7, $8, $9,"
        " $10)",
        new_id(),
        channel,
        f"wamid.secret:{uuid4()}",
        kind,
        log_id,
        minute,
        not note,
        note,
        event,
        {"raw": event, "from": "919876500201"},
    )


async def test_the_story_is_told_in_one_answer(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    execution_id, _, call = await begun(owner, drainer)
    await tell(call, "call", {"data": {"status": "ringing"}}, note="Progress")
    await tell(call, "call", {"call_outcome": "answered", "data": {"status": "completed", "transcript": "I am Lead 1"}}, minute=1)
    await tell(call, "other", {"data": {"type": "notice"}}, minute=2)  # tells no state
    told = await story(owner, execution_id)
    assert told["execution"]["id"] == execution_id
    assert [a["action_type"] for a in told["plan"]["actions"]] == ["wait"]
    assert [log["action_type"] for log in told["logs"]] == ["wait", "ai_call"]
    assert [(d["state"], d["applied"], d["note"]) for d in told["deliveries"]] == [("ringing", False, "Progress"), ("answered", True, "")]
    assert told["deliveries"][0]["action_log_id"] == str(call)
    assert told["costs"] == [{"amount": 400, "currency": "INR"}]
    assert told["origin"] == {
        "lead_source": "IndiaMART", "entry_type": "api", "zones": ["Asia/Kolkata"], "zone_origin": "phone", "flow_deleted": False,
    }  # fmt: skip
    assert told["acts"] == []


async def test_the_zone_says_where_it_is_known_from(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    execution_id, _, _ = await begun(owner, drainer, timezone="America/Denver")
    origin = (await story(owner, execution_id))["origin"]
    assert (origin["zones"], origin["zone_origin"]) == (["America/Denver"], "contact")


async def test_what_cannot_be_read_does_not_hide_the_rest(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    execution_id, _, _ = await begun(owner, drainer)
    pool = await get_pool()
    await pool.execute("UPDATE flow_versions SET definition = jsonb_set(definition, '{actions,0,action_type}', '\"fax\"')")
    await pool.execute('UPDATE users SET settings = \'{"cooldown_minutes": "soon"}\' WHERE owner_id IS NULL')
    told = await story(owner, execution_id)
    assert told["plan"] is None
    assert len(told["logs"]) == 2


async def test_a_viewer_reads_the_story_masked(owner: httpx.AsyncClient, drainer: Drainer, people: People) -> None:
    execution_id, _, call = await begun(owner, drainer)
    await tell(call, "reply", {"message_state": "replied", "text": "Yes, call me on 98765 00201", "address": "+919876500201"})
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET status = 'unknown' WHERE id = $1", call)
    said = {"status": "success", "outcome": "answered", "note": "Seen on the bill"}
    assert (await owner.post(f"{AUTOMATION}/action-logs/{call}/resolve", json=said)).status_code == 200
    await owner.post(f"{AUTOMATION}/executions/{execution_id}/cancel", json={"reason": "Asked at 98765 00201 to stop"})
    whole = await story(owner, execution_id)
    assert whole["deliveries"][0]["text"] == "Yes, call me on 98765 00201"
    assert [(a["act"], a["note"]) for a in whole["acts"]] == [("resolved", "Seen on the bill"), ("cancelled", None)]
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    answer = await viewer.get(f"{AUTOMATION}/executions/{execution_id}/story")
    assert answer.status_code == 200
    for secret in (*SECRETS, "98765 00201"):
        assert secret not in answer.text, secret
    seen = answer.json()
    assert [(a["act"], a["actor_name"], a["note"]) for a in seen["acts"]] == [("resolved", "Owner", None), ("cancelled", "Owner", None)]
    assert (seen["deliveries"][0]["state"], seen["deliveries"][0]["text"]) == ("replied", None)


async def test_provider_events_as_they_came_are_for_admins(owner: httpx.AsyncClient, drainer: Drainer, people: People) -> None:
    _, _, call = await begun(owner, drainer)
    await tell(call, "message", {"message_state": "sent"})
    await tell(call, "message", {"message_state": "read"}, minute=1)
    where = f"{AUTOMATION}/action-logs/{call}/events"
    admin = await people.add("admin@example.com", Role.ADMIN, OWNER)
    for client in (owner, admin):
        [read, sent] = (await client.get(where)).json()["data"]
        assert read["payload"] == {"raw": {"message_state": "read"}, "from": "919876500201"}
        assert sent["provider_ref"] == "wamid.secret"
    page = (await owner.get(where, params={"limit": 1})).json()
    assert page["has_more"] is True
    [older] = (await owner.get(where, params={"limit": 1, "cursor": page["next_cursor"]})).json()["data"]
    assert older == sent
    for role in (Role.MANAGER, Role.VIEWER):
        refused = await (await people.add(f"{role}@example.com", role, OWNER)).get(where)
        assert refused.status_code == 403
        assert "wamid" not in refused.text
    narrow = await people.token(OWNER, ("audit:read", "executions:read"))  # a token without the right to personal data
    masked = await narrow.get(where)
    assert masked.json()["data"][0]["payload"] is None
    assert "wamid" not in masked.text
    stranger = await people.add("stranger@example.com")
    assert (await stranger.get(where)).status_code == 404
    assert (await owner.get(f"{AUTOMATION}/action-logs/{uuid4()}/events")).status_code == 404


async def test_another_accounts_story_is_not_there(owner: httpx.AsyncClient, drainer: Drainer, people: People) -> None:
    execution_id, _, _ = await begun(owner, drainer)
    stranger = await people.add("stranger@example.com")
    assert (await stranger.get(f"{AUTOMATION}/executions/{execution_id}/story")).status_code == 404
    assert (await owner.get(f"{AUTOMATION}/executions/{uuid4()}/story")).status_code == 404


async def test_erasing_a_person_erases_the_story_too(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    execution_id, contact_id, call = await begun(owner, drainer)
    await tell(call, "reply", {"message_state": "replied", "text": "Yes, call me", "address": "+919876500201"})
    pool = await get_pool()
    sent = {"body": "Hello Lead 1", "variables": {"name": "Lead 1"}, "subject": "For Lead 1", "text": "Dear Lead 1"}
    await pool.execute("UPDATE flow_action_logs SET result_data = result_data || $2 WHERE id = $1", call, sent)
    assert (await owner.post(f"/api/contacts/{contact_id}/erase")).status_code == 200
    answer = await owner.get(f"{AUTOMATION}/executions/{execution_id}/story")
    assert answer.status_code == 200
    told = answer.json()
    for log in told["logs"]:
        log.pop("provider_ref")  # kept, so that what is still told of the attempt is known for theirs and not kept
    for secret in (*SECRETS, "Lead 1"):
        assert secret not in str(told), secret
    assert told["deliveries"] == []
    events = (await owner.get(f"{AUTOMATION}/action-logs/{call}/events")).json()["data"]
    assert [e["payload"] for e in events] == [{}]


async def test_what_people_did_is_told_by_whom(owner: httpx.AsyncClient, drainer: Drainer, people: People) -> None:
    flow_id = await make_flow(owner, source="Nowhere")
    contact = (await send_lead(owner))["contact_id"]
    started = await owner.post(f"/api/contacts/{contact}/enrol", json={"flow_id": flow_id})
    execution_id = started.json()["execution_id"]
    await drainer.drain()
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET status = 'failed', completed_at = now()")
    await pool.execute("UPDATE flow_executions SET status = 'failed', due_at = NULL, completed_at = now()")
    admin = await people.add("admin@example.com", Role.ADMIN, OWNER)
    assert (await admin.post(f"{AUTOMATION}/executions/{execution_id}/retry")).status_code == 200
    assert (await owner.post(f"{AUTOMATION}/executions/{execution_id}/cancel", json={"reason": "Sold"})).status_code == 200
    told = (await story(owner, execution_id))["acts"]
    assert [(a["act"], a["actor_name"], a["reason"]) for a in told] == [
        ("enrolled", "Owner", ""),
        ("retried", "Admin", ""),
        ("cancelled", "Owner", "Sold"),
    ]


async def test_a_word_on_an_attempt_after_the_end_is_told(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    execution_id, _, call = await begun(owner, drainer)
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET status = 'unknown' WHERE id = $1", call)
    await pool.execute("UPDATE flow_versions SET created_at = now() - interval '4 days'")
    await pool.execute(
        "UPDATE flow_executions SET status = 'failed', due_at = NULL, triggered_at = now() - interval '3 days',"
        " completed_at = now() - interval '2 days'"
    )
    assert (await owner.post(f"{AUTOMATION}/action-logs/{call}/resolve", json={"status": "failed"})).status_code == 200
    [act] = (await story(owner, execution_id))["acts"]
    assert (act["act"], act["steps"], act["status"], act["outcome"]) == ("resolved", [1], "failed", "failed")


async def test_a_cancel_of_many_is_told_of_each_it_was_about(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    first, second = await make_flow(owner), await make_flow(owner, "Other", "Website")
    for number in (1, 2):
        await send_lead(owner, number)
    await send_lead(owner, 3, lead_source="Website")
    await drainer.drain()
    body = {"flow_id": first, "reason": "Wrong import"}
    assert (await owner.post(f"{AUTOMATION}/executions/cancel", json=body)).json()["cancelled"] == 2
    [other] = await listed(owner, flow_id=second)
    assert (await owner.post(f"{AUTOMATION}/executions/{other['id']}/cancel", json={"reason": "Wrong import"})).status_code == 200
    for execution in await listed(owner, flow_id=first):
        [act] = (await story(owner, execution["id"]))["acts"]
        assert (act["act"], act["reason"], act["count"], act["actor_name"]) == ("cancelled_many", "Wrong import", 2, "Owner")
    assert [a["act"] for a in (await story(owner, other["id"]))["acts"]] == ["cancelled"]


async def test_a_retry_of_many_is_told_of_each_it_marked(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    execution_id, _, call = await begun(owner, drainer)
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET result_data = jsonb_build_object('retried_at', now()) WHERE id = $1", call)
    entry = "INSERT INTO audit_log (id, user_id, actor_id, action, entity_type, data, created_at)"
    told = {"filter": {"status": "failed"}, "chosen": 9, "retried": 7}
    add = f"{entry} SELECT $1, user_id, user_id, 'executions.retried', 'execution', $2, now() - $3::interval FROM flow_executions"
    await pool.execute(add, new_id(), told, timedelta(seconds=4))
    await pool.execute(add, new_id(), {**told, "filter": {"flow_id": str(uuid4())}}, timedelta(seconds=4))  # of another flow
    await pool.execute(add, new_id(), told, timedelta(minutes=4))  # before it failed
    await pool.execute("UPDATE flow_executions SET triggered_at = now() - interval '1 hour'")
    await pool.execute("UPDATE flow_versions SET created_at = now() - interval '1 day'")
    [act] = (await story(owner, execution_id))["acts"]
    assert (act["act"], act["steps"], act["count"], act["actor_name"]) == ("retried_many", [1], 7, "Owner")


async def publish(owner: httpx.AsyncClient, flow_id: str, minutes: int, running: str) -> None:
    draft = (await owner.post(f"{AUTOMATION}/flows/{flow_id}/draft")).json()
    definition = draft["definition"]
    definition["actions"][0]["action_config"]["duration_minutes"] = minutes
    saved = await owner.put(f"{AUTOMATION}/drafts/{draft['id']}", json={"revision": draft["revision"], "definition": definition})
    assert saved.status_code == 200, saved.text
    order = {"revision": saved.json()["revision"], "running": running}
    answer = await owner.post(f"{AUTOMATION}/drafts/{draft['id']}/publish", json=order)
    assert answer.status_code == 200, answer.text


async def test_a_publish_that_moved_or_cancelled_it_is_told(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    flow_id = await make_flow(owner)
    await send_lead(owner)
    await drainer.drain()
    [execution] = await listed(owner)
    await publish(owner, flow_id, 20, "finish")
    assert (await story(owner, execution["id"]))["acts"] == []
    await publish(owner, flow_id, 30, "move")
    [moved] = (await story(owner, execution["id"]))["acts"]
    assert (moved["act"], moved["version"], moved["actor_name"]) == ("moved", 3, "Owner")
    await publish(owner, flow_id, 40, "cancel")
    told = (await story(owner, execution["id"]))["acts"]
    assert [(a["act"], a["version"], a["count"]) for a in told] == [("moved", 3, None), ("cancelled_by_publish", 4, 1)]


async def test_a_resolution_by_nobody_of_the_team_is_the_systems(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    execution_id, _, call = await begun(owner, drainer)
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET status = 'unknown' WHERE id = $1", call)
    account = await pool.fetchval("SELECT user_id FROM flow_executions")
    await amend.resolve(account, call, LogStatus.FAILED, None, "", None, "")
    [act] = (await story(owner, execution_id))["acts"]
    assert act["actor_name"] == "System"
