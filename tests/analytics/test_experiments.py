"""What is said of experiments and comparisons, against figures counted by hand from the same random history."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.permissions import Role
from autoflows.domain.sequential import points
from autoflows.ids import new_id, utc_now
from autoflows.models import ActionLog, Contact, Execution, FlowVersion
from autoflows.models.database import open_session
from tests.api.conftest import OWNER, Catalogue, FlowBody, People, app, catalogue, environment, flow_body, owner, people

__all__ = ["app", "catalogue", "environment", "flow_body", "owner", "people"]

FLOWS = "/api/automation/flows"
EXECUTIONS = "/api/automation/executions"
EXPERIMENTS = "/api/automation/analytics/experiments"
COMPARE = "/api/automation/analytics/compare"
ARMS = [{"name": "A", "percent": 45}, {"name": "B", "percent": 45}, {"name": "None", "percent": 10, "is_holdout": True}]
GOAL = {"kind": "reply_received", "window_days": 7}


def divided(catalogue: Catalogue, **changes: Any) -> dict[str, Any]:
    mail = {"action_type": "email", "action_config": {"email_template_id": str(catalogue.email_template)}}
    return {
        "name": "Opening",
        "is_enabled": True,
        "conditions": [{"condition_type": "lead_source", "condition_operator": "any"}],
        "actions": [
            {"action_order": 1, "action_type": "split", "action_config": {"name": "Opening", "arms": ARMS}},
            {"action_order": 2, **mail, "condition_type": "split", "condition_value": "A"},
            {"action_order": 3, **mail, "condition_type": "split", "condition_value": "B"},
        ],
        "goal": GOAL,
        **changes,
    }


async def made(owner: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await owner.post(FLOWS, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@dataclass
class Past:
    """Rows to be written: people with their passes through a flow."""

    flow: dict[str, Any]
    version_id: UUID
    account: UUID
    rows: list[list[Any]] = field(default_factory=lambda: [[], [], []])
    number: int = 0

    def person(self) -> Contact:
        self.number += 1
        contact = Contact(user_id=self.account, name="Lead", phone=f"+9198{self.number:08d}")
        self.rows[0].append(contact)
        return contact

    def run(self, contact: Contact, at: datetime, arm: str | None = None, **facts: Any) -> Execution:
        """`days`: of its window; `contacted`, `answered`, `converted`, `cost`, `speed`."""
        split, kinds = self.flow["actions"][0], {"contacted", "answered", "converted", "cost", "test", "days", "speed"}
        assert facts.keys() <= kinds
        begun = at + timedelta(seconds=facts.get("speed", 60)) if facts.get("contacted") else None
        execution = Execution(
            flow_id=UUID(self.flow["id"]), flow_version_id=self.version_id, contact_id=contact.id, user_id=self.account, triggered_at=at,
            lead_at=at, status="completed", due_at=sa.null(), completed_at=at, is_test_run=facts.get("test", False),  # type: ignore[arg-type]
            goal_until=at + timedelta(days=facts.get("days", 7)) if facts.get("days", 7) else None, first_attempt_at=begun,
            first_conversation_at=at if facts.get("answered") else None, converted_at=at if facts.get("converted") else None,
        )  # fmt: skip
        self.rows[1].append(execution)
        log: dict[str, Any] = {
            "flow_execution_id": execution.id,
            "user_id": self.account,
            "contact_id": contact.id,
            "status": "success",
            "started_at": at,
        }
        if arm is not None:
            self.rows[2].append(ActionLog(**log, action_id=UUID(split["id"]), action_type="split", action_order=1, arm=arm))
        if facts.get("contacted"):
            state = "replied" if facts.get("answered") else "sent"
            sent = ActionLog(**log, action_type="email", action_order=2, message_state=state, cost_amount=facts.get("cost", 0))
            self.rows[2].append(sent)
        return execution

    async def write(self) -> None:
        async with open_session() as session:
            for rows in self.rows:
                session.add_all(rows)
                await session.flush()
        self.rows = [[], [], []]


async def past_of(flow: dict[str, Any]) -> Past:
    async with open_session() as session:
        version = (await session.exec(select(FlowVersion).where(col(FlowVersion.flow_id) == UUID(flow["id"])))).all()[-1]
        account = (await session.exec(sa.text("SELECT user_id FROM auto_engagement_flows LIMIT 1"))).scalar_one()  # type: ignore[call-overload]
        await session.exec(sa.text("UPDATE flow_versions SET created_at = now() - interval '60 days'"))  # type: ignore[call-overload]
        await session.exec(sa.text("UPDATE auto_engagement_flows SET created_at = now() - interval '60 days'"))  # type: ignore[call-overload]
    return Past(flow, version.id, account)


async def test_an_experiment_counts_people_whose_time_is_over(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    flow = await made(owner, divided(catalogue))
    past, chance, now = await past_of(flow), random.Random(4), utc_now()
    rates = {"A": 0.1, "B": 0.4, "None": 0.05}
    told: dict[str, dict[str, int]] = {a: dict.fromkeys(("entered", "contacted", "converted", "measured", "won", "cost"), 0) for a in rates}
    for _ in range(900):
        arm = chance.choices(list(rates), (45, 45, 10))[0]
        at = now - timedelta(days=chance.choice([1, 2, 9, 20, 40]), seconds=chance.randrange(1000))
        facts = {"contacted": arm != "None", "converted": chance.random() < rates[arm], "cost": 7 if arm != "None" else 0}
        contact = past.person()
        past.run(contact, at, arm, **facts)
        over = at + timedelta(days=7) <= now
        counts = told[arm]
        counts["entered"] += 1
        counts["contacted"] += facts["contacted"]
        counts["converted"] += facts["converted"]
        counts["measured"] += over
        counts["won"] += over and facts["converted"]
        counts["cost"] += facts["cost"]
        if chance.random() < 0.2:  # they come again: no further evidence
            past.run(contact, at + timedelta(minutes=5), arm, contacted=True, converted=True, cost=100)
        if chance.random() < 0.1:  # a test run counts for nothing
            past.run(past.person(), at, arm, test=True, converted=True)
    await past.write()
    found = (await owner.get(f"{EXPERIMENTS}/{flow['id']}")).json()["data"]
    assert len(found) == 1
    view = found[0]
    assert (view["metric"], view["goal"], view["window_days"], view["split_name"]) == ("converted", "the lead replies", 7, "Opening")
    assert (view["is_running"], view["is_capped"], view["warning"], view["currency"]) == (True, False, "", "INR")
    assert [arm["arm"] for arm in view["arms"]] == ["A", "B", "None"]
    for arm in view["arms"]:
        counts = told[arm["arm"]]
        assert [arm[k] for k in ("entered", "contacted", "converted", "cost")] == [
            counts[k] for k in ("entered", "contacted", "converted", "cost")
        ]
        assert (arm["measured"]["count"], arm["measured"]["total"]) == (counts["won"], counts["measured"])
    a, b, nobody = view["arms"]
    assert a["verdict"] is None
    assert b["verdict"]["finding"] == "better"
    assert b["verdict"]["low"] > 0
    behind = {"split_id": view["split_id"], "made_since": view["since"], "flow_id": flow["id"]}
    for arm in view["arms"]:  # what is behind each number
        measured = arm["measured"]
        numbers = {
            "": arm["entered"],
            "contacted": arm["contacted"],
            "converted": arm["converted"],
            "not_contacted": arm["entered"] - arm["contacted"],
        }
        numbers |= {"answered": arm["answered"], "measured": measured["total"], "won": measured["count"]}
        for reached, number in numbers.items():
            listed = await owner.get(f"{EXECUTIONS}/counts", params={**behind, "arm": arm["arm"], "reached": reached})
            assert listed.json()["total"] == number, (arm["arm"], reached, listed.text)
    lone = await owner.get(f"{EXECUTIONS}/counts", params={"arm": "A"})
    assert (lone.status_code, lone.json()["errors"][0]["pointer"]) == (422, "/query/split_id")
    assert (await owner.get(f"{EXECUTIONS}/counts", params={"split_id": str(new_id())})).status_code == 404
    assert nobody["verdict"]["finding"] == "open", "too few to say"
    assert nobody["verdict"]["needed"] > 0
    assert view["summary"].startswith("B converts ")
    listed = (await owner.get(EXPERIMENTS)).json()["data"]
    assert [{**one, "until": ""} for one in listed] == [{**view, "until": ""}]


async def test_who_had_reached_the_goal_before_is_not_judged(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    past = await past_of(flow := await made(owner, divided(catalogue)))
    for arm in ("A", "B"):
        past.run(past.person(), utc_now() - timedelta(days=20), arm, days=0)
        past.run(past.person(), utc_now() - timedelta(days=20), arm, converted=True)
    await past.write()
    view = (await owner.get(f"{EXPERIMENTS}/{flow['id']}")).json()["data"][0]
    assert [(a["entered"], a["measured"]["total"]) for a in view["arms"]] == [(2, 1), (2, 1), (0, 0)]


async def test_without_a_goal_answers_count(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    past = await past_of(flow := await made(owner, divided(catalogue, goal=None)))
    for arm, times in (("A", 3), ("B", 1)):
        for n in range(4):
            past.run(past.person(), utc_now() - timedelta(days=8), arm, contacted=True, answered=n < times, days=0)
    await past.write()
    view = (await owner.get(f"{EXPERIMENTS}/{flow['id']}")).json()["data"][0]
    assert (view["metric"], view["goal"]) == ("answered", None)
    assert [(a["answered"], a["measured"]["count"], a["measured"]["total"]) for a in view["arms"]] == [(3, 3, 4), (1, 1, 4), (0, 0, 0)]


async def test_an_experiment_begins_where_its_arms_became_what_they_are(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    past = await past_of(flow := await made(owner, divided(catalogue)))
    past.run(past.person(), utc_now() - timedelta(days=20), "A")
    await past.write()
    actions = [*flow["actions"]]
    renamed = await owner.put(f"{FLOWS}/{flow['id']}", json={**flow, "name": "Renamed"})
    assert renamed.status_code == 200, renamed.text
    assert (await owner.get(f"{EXPERIMENTS}/{flow['id']}")).json()["data"][0]["arms"][0]["entered"] == 1
    arms = [{"name": "A", "percent": 10}, {"name": "B", "percent": 90}]
    actions[0] = {**actions[0], "action_config": {"name": "Opening", "arms": arms}}
    changed = await owner.put(f"{FLOWS}/{flow['id']}", json={**divided(catalogue), "actions": actions})
    assert changed.status_code == 200, changed.text
    view = (await owner.get(f"{EXPERIMENTS}/{flow['id']}")).json()["data"][0]
    assert [(a["arm"], a["entered"]) for a in view["arms"]] == [("A", 0), ("B", 0)]
    assert view["summary"] == "Nobody has come through this split yet."
    since = (utc_now() - timedelta(days=30)).isoformat()
    asked = (await owner.get(f"{EXPERIMENTS}/{flow['id']}", params={"from": since})).json()["data"][0]
    assert asked["arms"][0]["entered"] == 1
    assert "arms were changed" in asked["warning"]


async def test_a_division_that_is_no_chance_is_told(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    past = await past_of(flow := await made(owner, divided(catalogue)))
    for _ in range(200):
        past.run(past.person(), utc_now() - timedelta(days=1), "A")
    await past.write()
    view = (await owner.get(f"{EXPERIMENTS}/{flow['id']}")).json()["data"][0]
    assert "not divided as the percentages say" in view["warning"]
    assert view["summary"] == "Nobody's time is over yet; the first results come when it is."


async def test_what_there_is_not_and_who_may_not_look(owner: httpx.AsyncClient, people: People, flow_body: FlowBody) -> None:
    flow = await made(owner, flow_body())
    assert (await owner.get(EXPERIMENTS)).json() == {"data": []}
    missing = await owner.get(f"{EXPERIMENTS}/{flow['id']}")
    assert (missing.status_code, "has no split" in missing.json()["detail"]) == (404, True)
    assert (await owner.get(f"{EXPERIMENTS}/{new_id()}")).status_code == 404
    other = await people.add("other@example.com")
    assert (await other.get(f"{EXPERIMENTS}/{flow['id']}")).status_code == 404
    viewer = await people.add("viewer@example.com", Role.VIEWER, owner=OWNER)
    for path in (EXPERIMENTS, f"{EXPERIMENTS}/{flow['id']}", COMPARE):
        assert (await viewer.get(path)).status_code == 403


async def history(past: Past, chance: random.Random, since: datetime, count: int, rate: float, **facts: Any) -> int:
    """So many executions in the ten days from `since`; how many answered."""
    answered = 0
    for _ in range(count):
        hit = chance.random() < rate
        answered += hit
        past.run(past.person(), since + timedelta(days=10 * chance.random()), contacted=True, answered=hit, **facts)
    await past.write()
    return answered


async def same_behind(owner: httpx.AsyncClient, side: dict[str, Any]) -> None:
    """The lists behind a side's numbers have as many rows, and the database counts as many."""
    behind = {"flow_id": side["flow_ids"], "from": side["since"], "to": side["until"], "is_test_run": "false"}
    numbers = {"": side["entered"], "measured": side["converted"]["total"], "won": side["converted"]["count"]}
    numbers |= {"contacted": side["contacted"]["count"], "answered": side["answered"]["count"]}
    for reached, number in numbers.items():
        listed = await owner.get(f"{EXECUTIONS}/counts", params={**behind, "reached": reached})
        assert listed.json()["total"] == number, (side["label"], reached, listed.text)
    count = sa.text(
        "SELECT count(*), count(first_attempt_at), count(first_conversation_at), count(*) FILTER (WHERE goal_until <= now()), "
        "count(*) FILTER (WHERE goal_until <= now() AND converted_at IS NOT NULL) FROM flow_executions WHERE NOT is_test_run "
        "AND flow_id = :flow AND triggered_at >= :since AND triggered_at < :until"
    )
    values = {"flow": UUID(side["flow_ids"][0])} | {n: datetime.fromisoformat(side[n]) for n in ("since", "until")}
    async with open_session() as session:
        row = (await session.exec(count, params=values)).one()  # type: ignore[call-overload]
    assert list(row) == [numbers[name] for name in ("", "contacted", "answered", "measured", "won")]


async def test_before_and_after_a_day(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, flow_body())
    past, chance, now = await past_of(flow), random.Random(6), utc_now()
    await history(past, chance, now - timedelta(days=22.4), 60, 0.5)  # before that day, at whatever hour this runs
    await history(past, chance, now - timedelta(days=11), 90, 0.5)
    day = str((now - timedelta(days=11, hours=6)).date())
    query: dict[str, Any] = {"on": day, "days": 14, "tz": "UTC"}
    body = (await owner.get(COMPARE, params={**query, "flow_id": flow["id"]})).json()
    assert (body["kind"], [s["entered"] for s in body["sides"]], len(body["control"])) == ("day", [60, 90], 2)
    assert body["sides"][1]["label"].endswith(f"from {day}")
    for side in body["sides"]:
        await same_behind(owner, side)
    assert body["verdict"].startswith("No clear difference yet; about "), body["verdict"]
    whole = (await owner.get(COMPARE, params=query)).json()
    assert ([s["entered"] for s in whole["sides"]], whole["control"]) == ([60, 90], [])
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"on": "2099-01-01"}, "/query/on"),
        ({"control_flow_id": flow["id"]}, "/query/control_flow_id"),
    ]
    wrongs += [({"flow_id": [flow["id"], flow["id"]]}, "/query/flow_id"), ({"tz": "Mars/Olympus"}, "/query/tz")]
    for wrong, pointer in wrongs:
        answer = await owner.get(COMPARE, params={**query, **wrong})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text


async def test_flows_beside_each_other(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    first, second = await made(owner, flow_body(name="One")), await made(owner, flow_body(name="Two"))
    chance, since = random.Random(1), utc_now() - timedelta(days=15)
    one, two = await past_of(first), await past_of(second)
    two.number = 5000
    hits = [await history(one, chance, since, 300, 0.2, speed=60), await history(two, chance, since, 200, 0.5, speed=600)]
    answer = await owner.get(COMPARE, params={"flow_id": [first["id"], second["id"]], "tz": "UTC"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert [(s["label"], s["entered"], s["answered"]["count"]) for s in body["sides"]] == [("One", 300, hits[0]), ("Two", 200, hits[1])]
    assert [s["speed_p50_seconds"] for s in body["sides"]] == [60, 600]
    by_metric = {d["metric"]: d for d in body["differences"]}
    assert by_metric["answered"]["is_clear"]
    assert by_metric["answered"]["difference"] == pytest.approx(hits[1] / 200 - hits[0] / 300)
    assert by_metric["contacted"]["sentence"].startswith("No clear difference.")
    assert "speed" not in by_metric, "times that never vary have no interval"
    assert "not divided by chance" in body["note"]
    for side in body["sides"]:
        await same_behind(owner, side)
    assert body["verdict"].startswith(f"{points(by_metric['answered']['difference'])} points more answer: Two against One")


async def test_a_flow_in_two_periods(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, flow_body())
    past, chance, now = await past_of(flow), random.Random(2), utc_now()
    await history(past, chance, now - timedelta(days=25), 50, 0.5)
    await history(past, chance, now - timedelta(days=12), 80, 0.5)
    days = [str((now - timedelta(days=n)).date()) for n in (26, 14, 13, 1)]
    query = {"against_from": days[0], "against_to": days[1], "from": days[2], "to": days[3], "tz": "UTC", "flow_id": flow["id"]}
    body = (await owner.get(COMPARE, params=query)).json()
    assert [s["entered"] for s in body["sides"]] == [50, 80]
    whole = {name: value for name, value in query.items() if name != "flow_id"}
    assert [s["entered"] for s in (await owner.get(COMPARE, params=whole)).json()["sides"]] == [50, 80], "the whole account"
    overlap = await owner.get(COMPARE, params={**query, "against_to": days[2]})
    assert (overlap.status_code, overlap.json()["errors"][0]["pointer"]) == (422, "/query/against_from")


async def test_before_and_after_a_version_beside_the_others(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    """A season lifts all by twenty points; the version brings thirty more."""
    flow, control = await made(owner, flow_body(name="Ours")), await made(owner, flow_body(name="Other"))
    assert (await owner.put(f"{FLOWS}/{flow['id']}", json=flow_body(name="Ours", cooldown_minutes=7))).status_code == 200
    ours, others = await past_of(flow), await past_of(control)
    others.number = 5000
    now, chance = utc_now(), random.Random(3)
    async with open_session() as session:
        at = sa.text("UPDATE flow_versions SET created_at = :at WHERE version = 2")
        await session.exec(at, params={"at": now - timedelta(days=12)})  # type: ignore[call-overload]
    for past, before, after in ((ours, 0.2, 0.7), (others, 0.3, 0.5)):
        await history(past, chance, now - timedelta(days=23), 300, before)
        await history(past, chance, now - timedelta(days=11), 300, after)
    body = (await owner.get(COMPARE, params={"flow_id": flow["id"], "version": 2})).json()
    assert [s["entered"] for s in (*body["sides"], *body["control"])] == [300, 300, 300, 300]
    beyond = next(d for d in body["differences"] if d["metric"] == "answered_beyond_control")
    assert beyond["low"] < 0.3 < beyond["high"]
    assert beyond["is_clear"]
    assert beyond["sentence"].startswith("Beyond the control, ")
    assert body["verdict"].startswith("Beyond the control, ")
    for side in body["sides"]:
        await same_behind(owner, side)
    named = (await owner.get(COMPARE, params={"flow_id": flow["id"], "version": 2, "control_flow_id": control["id"]})).json()
    assert named["control"][0]["label"] == "Other, before version 2"
    wrongs: list[tuple[dict[str, Any], int]] = [
        ({"version": 9}, 404),
        ({"version": 2, "control_flow_id": flow["id"]}, 422),
        ({"version": 2, "flow_id": [flow["id"], control["id"]]}, 422),
        ({"flow_id": [flow["id"], flow["id"]]}, 422),
        ({"flow_id": str(new_id())}, 404),
    ]
    for wrong, status in wrongs:
        assert (await owner.get(COMPARE, params={"flow_id": flow["id"], **wrong})).status_code == status
