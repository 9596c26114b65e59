"""The inbox: what needs a person, by cause, and dealing with it, one or many, by one person or by two at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from autoflows.domain.permissions import Role
from autoflows.engine.causes import name_causes
from autoflows.engine.pool import get_pool, transact
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Contact, Execution, ProviderEventRow
from autoflows.models.database import open_session
from tests.api.conftest import OWNER, Catalogue, FlowBody, People

INBOX = "/api/automation/inbox"
EXPIRED = {"error_class": "account", "error_code": "190", "error_message": "Access token has expired"}


@dataclass
class World:
    """A flow of an account, and runs of it as the engine leaves them."""

    client: httpx.AsyncClient
    account: UUID
    catalogue: Catalogue
    flow_id: UUID
    version_id: UUID
    made: int = 0

    def channel(self, action_type: str) -> UUID:
        provider = {"ai_call": "bolna", "whatsapp_message": "whatsapp_cloud", "email": "smtp"}[action_type]
        return self.catalogue.channel_ids[provider]

    async def run(self, status: str, *logs: dict[str, Any], **changes: Any) -> tuple[UUID, list[UUID]]:
        """An execution that is over, with its attempts; each is later than the one before."""
        self.made += 1
        at = utc_now() - timedelta(hours=1) + timedelta(seconds=self.made)
        reach = {"phone": f"+9198765{self.made:05d}", "email": f"lead{self.made}@example.com"}
        contact = Contact(user_id=self.account, name=f"Lead {self.made}", **changes.pop("contact", reach))
        mine: dict[str, Any] = {"user_id": self.account, "contact_id": contact.id}
        execution = Execution(**mine, flow_id=self.flow_id, flow_version_id=self.version_id, triggered_at=at)
        attempts = []
        for order, log in enumerate(logs, start=1):
            action_type = log["action_type"]
            common: dict[str, Any] = {"action_order": order, "channel_id": self.channel(action_type), "started_at": at, "completed_at": at}
            attempts.append(ActionLog(flow_execution_id=execution.id, **mine, **common | log))
        async with open_session() as session:
            session.add(contact)
            await session.flush()
            session.add(execution)
            await session.flush()
            over = {"status": status, "completed_at": at, "due_at": None} | changes
            for name, value in over.items():
                setattr(execution, name, value)
            session.add_all(attempts)
        if status == "failed":
            await transact(lambda connection: name_causes(connection, [execution.id]))
        return execution.id, [log.id for log in attempts]

    async def expired(self, **changes: Any) -> UUID:
        """A run that failed by a token that has expired."""
        call = {"action_type": "ai_call", "status": "failed", "error_class": "transient", "error_message": "Away"}
        message = {"action_type": "whatsapp_message", "action_order": 3, "status": "failed", "answered_at": utc_now(), **EXPIRED}
        return (await self.run("failed", call, message, **changes))[0]

    async def doubted(self, action_type: str = "ai_call", status: str = "completed", **log: Any) -> tuple[UUID, UUID]:
        """A run with an attempt nobody told about: its id and the attempt's."""
        execution_id, [log_id] = await self.run(
            status, {"action_type": action_type, "status": "unknown", "error_message": "No outcome came", **log}
        )
        return execution_id, log_id

    async def items(self, client: httpx.AsyncClient | None = None, **filters: Any) -> list[dict[str, Any]]:
        answer = await (client or self.client).get(INBOX, params=filters)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    async def causes(self, client: httpx.AsyncClient | None = None, **filters: Any) -> list[dict[str, Any]]:
        answer = await (client or self.client).get(f"{INBOX}/causes", params=filters)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    async def act(self, act: str, expect: int = 200, client: httpx.AsyncClient | None = None, **body: Any) -> dict[str, Any]:
        answer = await (client or self.client).post(f"{INBOX}/{act}", json=body)
        assert answer.status_code == expect, answer.text
        return dict(answer.json())


@pytest.fixture
async def world(owner: httpx.AsyncClient, catalogue: Catalogue, flow_body: FlowBody) -> World:
    account = UUID((await owner.get("/api/me")).json()["account_id"])
    flow = (await owner.post("/api/automation/flows", json=flow_body())).json()
    pool = await get_pool()
    version = await pool.fetchval("SELECT id FROM flow_versions WHERE flow_id = $1", UUID(flow["id"]))
    return World(owner, account, catalogue, UUID(flow["id"]), version)


async def test_what_needs_a_person_is_grouped_by_cause_the_newest_first(world: World) -> None:
    expired = [await world.expired() for _ in range(3)]
    _, silent = await world.doubted()
    _, taken = await world.doubted(provider_ref="call-1", result_data={"lookups": 3, "agent": "Priya", "to": "+919876500004"})
    await world.run("completed", {"action_type": "email", "status": "success"})
    await world.run("failed", {"action_type": "email", "status": "failed", "error_class": "lead"}, is_test_run=True)
    first, second, third = await world.causes()
    assert (first["kind"], first["title"], first["count"]) == ("unknown", "1 AI call taken by the provider, outcome never told", 1)
    assert (second["kind"], second["title"]) == ("unknown", "1 AI call sent, and the provider never answered")
    assert (third["title"], third["count"]) == ("3 WhatsApp messages failed: Access token has expired", 3)
    assert (third["error_class"], third["error_code"], third["channel_name"]) == ("account", "190", "whatsapp_cloud")
    assert "until it is mended" in third["advice"]
    items = await world.items()
    assert [item["id"] for item in items] == [str(i) for i in (taken, silent, *reversed(expired))]
    assert [line["text"] for line in items[0]["known"]] == [
        "Step 1: AI call “Priya” to +919876500004 by bolna.",
        "The provider took it.",
        "The provider was asked 3 times what became of it, and could not tell.",
        "Given up: No outcome came.",
    ]
    assert items[0]["risk"] == "The call may have rung: calling again could reach them twice."
    assert items[1]["known"][1]["text"] == "The provider did not answer."
    failed = items[2]
    assert failed["known"][-1]["text"] == "The provider said no: Access token has expired (190)"
    assert failed["retry"] == "Tries step 1 (AI call) and step 3 (WhatsApp message) once more. Nothing that was sent is sent again."
    assert (failed["can_retry"], failed["risk"], failed["dismissed"]) == (True, "", None)
    assert (await world.client.get(f"{INBOX}/counts")).json() == {"unknown": 2, "failed": 3}
    assert [i["id"] for i in await world.items(cause=third["cause"])] == [str(i) for i in reversed(expired)]
    assert [i["id"] for i in await world.items(cause=first["cause"])] == [str(taken)]


async def test_it_is_filtered_and_paged(world: World) -> None:
    made = [str(await world.expired()), str((await world.doubted("email"))[1]), str(await world.expired()), str((await world.doubted())[1])]
    assert [i["id"] for i in await world.items(kind="failed")] == [made[2], made[0]]
    assert [i["id"] for i in await world.items(kind="unknown")] == [made[3], made[1]]
    assert len(await world.items(flow_id=str(world.flow_id))) == 4
    assert await world.items(flow_id=str(uuid4())) == []
    assert await world.causes(flow_id=str(uuid4())) == []
    whatsapp, voice = str(world.channel("whatsapp_message")), str(world.channel("ai_call"))
    assert [i["id"] for i in await world.items(channel_id=whatsapp)] == [made[2], made[0]]
    assert [c["kind"] for c in await world.causes(channel_id=voice)] == ["unknown"]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await world.client.get(INBOX, params=params)).json()
        seen += [item["id"] for item in page["data"]]
        cursor = page["next_cursor"]
        assert page["has_more"] is (cursor is not None)
        if cursor is None:
            break
    assert seen == made[::-1]
    for params in ({"cause": "nonsense"}, {"cause": "a|b|no id|"}, {"kind": "late"}, {"cursor": "x"}, {"limit": 0}):
        assert (await world.client.get(INBOX, params=params)).status_code == 422, params


async def test_a_failed_run_with_an_attempt_in_doubt_waits_for_that(world: World) -> None:
    failed = {"action_type": "email", "action_order": 4, "status": "failed", "error_class": "lead", "error_message": "No such mailbox"}
    execution_id, [log_id, _] = await world.run("failed", {"action_type": "ai_call", "status": "unknown"}, failed)
    assert [item["id"] for item in await world.items()] == [str(log_id)]
    assert await world.act("dismiss", execution_ids=[str(execution_id)]) | {"as_of": ""} == {
        "dry_run": False, "done": 0, "refused": 1, "why": "Somebody was quicker.", "left": 0, "as_of": ""
    }  # fmt: skip
    resolved = await world.client.post(f"/api/automation/action-logs/{log_id}/resolve", json={"status": "failed"})
    assert resolved.status_code == 200
    assert [(item["id"], item["kind"]) for item in await world.items()] == [(str(execution_id), "failed")]


async def test_leaving_it_keeps_who_when_and_why_and_can_be_taken_back(world: World, people: People) -> None:
    admin = await people.add("admin@example.com", Role.ADMIN, OWNER)
    execution_id = await world.expired()
    wanted: dict[str, Any] = {"execution_ids": [str(execution_id)], "note": "They bought elsewhere"}
    assert (await world.act("dismiss", client=admin, **wanted))["done"] == 1
    again = await world.act("dismiss", execution_ids=[str(execution_id)], note="Mine")
    assert (again["done"], again["refused"]) == (0, 1)
    assert await world.items() == []
    assert (await world.client.get(f"{INBOX}/counts")).json()["failed"] == 0
    [left] = await world.items(dismissed=True)
    assert (left["id"], left["dismissed"]["by"], left["dismissed"]["note"]) == (str(execution_id), "Admin", "They bought elsewhere")
    assert datetime.fromisoformat(left["dismissed"]["at"]) > datetime.fromisoformat(left["at"])
    pool = await get_pool()
    [entry] = await pool.fetch("SELECT entity_id, data, actor_id FROM audit_log WHERE action = 'execution.dismissed'")
    assert (entry["entity_id"], entry["data"]["note"]) == (execution_id, "They bought elsewhere")
    assert (await world.client.post(f"/api/automation/executions/{execution_id}/retry")).status_code == 200
    row = await pool.fetchrow("SELECT cause, dismissed_at, dismissed_by, dismissed_note FROM flow_executions")
    assert tuple(row) == (None, None, None, "")
    assert await world.items(dismissed=True) == []


async def test_saying_what_became_of_an_attempt_takes_it_back(world: World) -> None:
    execution_id, log_id = await world.doubted(status="failed")
    pool = await get_pool()
    await pool.execute("UPDATE flow_executions SET dismissed_at = now(), dismissed_note = 'Left before'")
    assert (await world.client.post(f"/api/automation/action-logs/{log_id}/resolve", json={"status": "success"})).status_code == 200
    [item] = await world.items()
    assert (item["id"], item["dismissed"]) == (str(execution_id), None)
    [cause] = await world.causes()
    assert cause["title"] == "1 run stopped: it was not known what became of the AI call"


async def test_viewers_see_no_addresses_and_may_do_nothing(world: World, people: People) -> None:
    execution_id = await world.expired()
    _, log_id = await world.doubted("whatsapp_message", result_data={"to": "+919876500002", "template": "hello", "body": "Hello Lead 2"})
    async with open_session() as session:
        session.add(
            ProviderEventRow(
                channel_id=world.channel("whatsapp_message"), provider_event_id="e1", kind="message", action_log_id=log_id, applied=False,
                event={"message_state": "sent"}, note="About +919876500002",
            )
        )  # fmt: skip
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    answer = await viewer.get(INBOX)
    assert "98765" not in answer.text
    assert "lead1@" not in answer.text
    assert "Hello Lead 2" not in answer.text
    doubted = answer.json()["data"][0]
    assert (doubted["id"], doubted["flow_name"], doubted["sent"]) == (str(log_id), "First call", "")
    assert "The provider told: the message was sent" in doubted["known"][2]["text"]
    assert "+919876500002" in (await world.client.get(INBOX)).text
    [_, cause] = await world.causes(viewer)
    for act, body in (
        ("dismiss", {"execution_ids": [str(execution_id)]}),
        ("dismiss", {"cause": cause["cause"], "dry_run": True}),
        ("retry", {"cause": cause["cause"], "dry_run": True}),
        ("resolve", {"cause": cause["cause"], "status": "failed"}),
    ):
        await world.act(act, 403, viewer, **body)
    assert len(await world.items()) == 2


async def test_another_account_sees_and_changes_nothing(world: World, people: People) -> None:
    execution_id = await world.expired()
    _, log_id = await world.doubted("email")
    causes = {cause["kind"]: cause["cause"] for cause in await world.causes()}
    stranger = await people.add("stranger@example.com")
    assert await world.items(stranger) == []
    assert await world.causes(stranger) == []
    assert (await stranger.get(f"{INBOX}/counts")).json() == {"unknown": 0, "failed": 0}
    await world.act("dismiss", 404, stranger, execution_ids=[str(execution_id)])
    await world.act("dismiss", 404, execution_ids=[str(execution_id), str(uuid4())])
    for act, body in (
        ("dismiss", {"cause": causes["failed"]}),
        ("retry", {"cause": causes["failed"]}),
        ("resolve", {"cause": causes["unknown"], "status": "failed"}),
    ):
        assert (await world.act(act, client=stranger, **body))["done"] == 0
    assert [item["id"] for item in await world.items()] == [str(log_id), str(execution_id)]
    assert (await httpx.AsyncClient(transport=stranger._transport, base_url="http://test").get(INBOX)).status_code == 401


async def test_all_of_one_cause_are_tried_again_the_number_first(world: World) -> None:
    made = [await world.expired() for _ in range(3)]
    gone = await world.expired(contact={"phone": None, "email": None})
    [cause] = await world.causes()
    told = await world.act("retry", cause=cause["cause"], dry_run=True)
    assert (told["dry_run"], told["done"], told["left"]) == (True, 0, 4)
    later = await world.expired(completed_at=utc_now() + timedelta(minutes=1))
    done = await world.act("retry", cause=cause["cause"], to=told["as_of"])
    assert (done["done"], done["refused"], done["left"]) == (3, 1, 0)
    assert "no phone number and no e-mail address" in done["why"]
    pool = await get_pool()
    running = {row["id"] for row in await pool.fetch("SELECT id FROM flow_executions WHERE status = 'running'")}
    assert running == set(made)
    left = await world.items()
    assert {item["id"] for item in left} == {str(gone), str(later)}
    assert {item["can_retry"] for item in left} == {True, False}
    noted = await pool.fetchrow("SELECT * FROM audit_log WHERE action = 'executions.retried'")
    assert noted["data"]["retried"] == 3
    until = datetime.fromisoformat(told["as_of"])
    assert noted["data"]["filter"] == {"cause": cause["cause"], "until": until.isoformat()}


async def test_all_of_one_cause_are_left(world: World) -> None:
    for _ in range(3):
        await world.expired()
    other, _ = await world.run("failed", {"action_type": "email", "status": "failed", "error_class": "lead", "error_code": "550"})
    cause = next(c for c in await world.causes() if c["error_code"] == "190")
    assert (await world.act("dismiss", cause=cause["cause"], dry_run=True))["left"] == 3
    assert (await world.act("dismiss", cause=cause["cause"], flow_id=str(uuid4())))["done"] == 0
    assert (await world.act("dismiss", cause=cause["cause"], note="Old"))["done"] == 3
    assert [item["id"] for item in await world.items()] == [str(other)]
    assert {item["dismissed"]["note"] for item in await world.items(dismissed=True)} == {"Old"}


async def test_the_same_is_said_of_all_attempts_of_one_cause(world: World) -> None:
    logs = {(await world.doubted("email"))[1] for _ in range(3)}
    _, call = await world.doubted()
    cause = next(c for c in await world.causes() if c["count"] == 3)
    assert (await world.act("resolve", cause=cause["cause"], status="failed", dry_run=True))["left"] == 3
    await world.act("resolve", 422, cause=cause["cause"], status="failed", outcome="missed")
    assert (await world.act("resolve", cause=cause["cause"], status="failed", note="Seen in the log"))["done"] == 3
    pool = await get_pool()
    rows = await pool.fetch("SELECT id, result_data->'resolved' AS said FROM flow_action_logs WHERE status = 'failed'")
    assert {row["id"] for row in rows} == logs
    assert {(row["said"]["note"], row["said"]["by"]) for row in rows} == {("Seen in the log", "Owner")}
    assert [item["id"] for item in await world.items()] == [str(call)]


async def test_two_people_at_once_do_each_thing_once(world: World, people: People) -> None:
    admin = await people.add("admin@example.com", Role.ADMIN, OWNER)
    made = [await world.expired() for _ in range(8)]
    [cause] = await world.causes()
    both = [world.act("retry", client=client, cause=cause["cause"]) for client in (world.client, admin)]
    done = await asyncio.gather(*both)
    assert sum(answer["done"] for answer in done) == 8
    pool = await get_pool()
    noted = await pool.fetch("SELECT data FROM audit_log WHERE action = 'executions.retried'")
    assert sum(entry["data"]["retried"] for entry in noted) == 8
    await pool.execute("UPDATE flow_executions SET status = 'failed', due_at = NULL, completed_at = now()")
    await transact(lambda connection: name_causes(connection, made))
    done = await asyncio.gather(*(world.act("dismiss", client=client, cause=cause["cause"]) for client in (world.client, admin)))
    assert sum(answer["done"] for answer in done) == 8
    assert await pool.fetchval("SELECT count(*) FROM audit_log WHERE action = 'execution.dismissed'") == 8
    _, log_id = await world.doubted()
    path = f"/api/automation/action-logs/{log_id}/resolve"
    answers = await asyncio.gather(*(client.post(path, json={"status": "success"}) for client in (world.client, admin)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_bodies_are_held_to_one_way(world: World) -> None:
    await world.expired()
    await world.doubted()
    causes = {cause["kind"]: cause["cause"] for cause in await world.causes()}
    for act, body in (
        ("dismiss", {}),
        ("dismiss", {"execution_ids": []}),
        ("dismiss", {"execution_ids": [str(uuid4())], "cause": causes["failed"]}),
        ("dismiss", {"execution_ids": [str(uuid4())], "dry_run": True}),
        ("dismiss", {"cause": causes["failed"], "note": "x" * 501}),
        ("dismiss", {"cause": causes["unknown"]}),
        ("retry", {"cause": causes["unknown"]}),
        ("retry", {"cause": "nothing of ours"}),
        ("retry", {}),
        ("resolve", {"cause": causes["failed"], "status": "failed"}),
        ("resolve", {"cause": causes["unknown"], "status": "unknown"}),
        ("resolve", {"cause": causes["unknown"]}),
    ):
        await world.act(act, 422, **body)


async def test_what_failed_without_a_cause_is_there_all_the_same(world: World) -> None:
    """As a worker of the release before leaves it."""
    execution_id, _ = await world.run("failed", error_message="Internal error while deciding: KeyError")
    pool = await get_pool()
    await pool.execute("UPDATE flow_executions SET cause = NULL")
    [cause] = await world.causes()
    assert cause["title"] == "1 run failed by a fault of ours"
    [item] = await world.items(cause=cause["cause"])
    assert (item["id"], item["retry"]) == (
        str(execution_id), "Goes on with step 1 (AI call). Nothing that was sent is sent again."
    )  # fmt: skip
    assert (await world.act("retry", cause=cause["cause"]))["done"] == 1


async def test_forgetting_a_person_forgets_why_their_run_was_left(world: World) -> None:
    execution_id = await world.expired()
    await world.act("dismiss", execution_ids=[str(execution_id)], note="Lead 1 moved to Pune")
    [left] = await world.items(dismissed=True)
    assert (await world.client.post(f"/api/contacts/{left['contact']['id']}/erase")).status_code == 200
    [left] = await world.items(dismissed=True)
    assert left["dismissed"]["note"] == ""
    assert "Lead 1" not in str(left)
