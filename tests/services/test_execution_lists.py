"""The list of executions against plain Python over the same rows: every filter, order and page, and the figures around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from autoflows.domain.errors import Invalid
from autoflows.domain.permissions import Role
from autoflows.ids import new_id
from autoflows.models import Execution
from autoflows.models.database import open_session
from autoflows.services import execution_counts, executions
from autoflows.services.views.executions import ExecutionFilter, ExecutionSort
from tests.services.executions_world import NOW, STATUSES, World


@pytest.fixture
async def world(environment: None) -> World:
    made = World()
    await made.build(400)
    return made


Fits = Callable[[Execution], bool]


def held(row: Execution) -> bool:
    return row.status == "running" and (row.waiting_rule is not None or row.waiting_until is not None)


def questions(w: World) -> list[tuple[dict[str, Any], Fits]]:
    """Each filter with what it means, in Python."""
    contact = next(iter(w.contacts))
    noon = NOW - timedelta(minutes=250)

    def of(text: str) -> Fits:
        return lambda e: text in f"{w.contacts[e.contact_id].name} {w.contacts[e.contact_id].company}".lower()

    def number(end: str) -> Fits:
        return lambda e: str(w.contacts[e.contact_id].phone).endswith(end)

    return [
        ({"flow_id": w.flows[0]}, lambda e: e.flow_id == w.flows[0]),
        ({"contact_id": contact}, lambda e: e.contact_id == contact),
        *(({"status": status}, lambda e, status=status: e.status == status) for status in STATUSES),
        ({"stage": "waiting"}, held),
        ({"stage": "active"}, lambda e: e.status == "running" and not held(e)),
        ({"since": noon}, lambda e: e.triggered_at >= noon),
        ({"until": noon}, lambda e: e.triggered_at < noon),
        ({"within_hours": 4}, lambda e: e.triggered_at >= datetime.now(UTC) - timedelta(hours=4)),
        ({"lead_source": "INDIAmart"}, lambda e: e.metadata_["trigger_source"] == "IndiaMART"),
        ({"outcome": "voicemail"}, lambda e: e.last_outcome == "voicemail"),
        ({"outcome": "busy"}, lambda e: False),
        ({"is_test_run": True}, lambda e: e.is_test_run),
        ({"is_test_run": False}, lambda e: not e.is_test_run),
        ({"needs_person": True}, lambda e: e.id in w.doubted),
        ({"needs_person": False}, lambda e: e.id not in w.doubted),
        ({"waiting_rule": "flow_hours"}, lambda e: held(e) and e.waiting_rule == "flow_hours"),
        ({"waiting_rule": "wait"}, lambda e: held(e) and e.waiting_rule is None),
        ({"search": "asha"}, of("asha")),
        ({"search": "NAIR rav"}, of("ravi nair")),
        ({"search": "d'sou"}, of("d'sou")),
        ({"search": "आशा"}, of("आशा")),
        ({"search": "98765 00003"}, number("00003")),
        ({"search": "+91-98765-00003"}, number("00003")),
        ({"search": "0091 9876500003"}, number("00003")),
        ({"search": "00003"}, number("00003")),
        ({"search": "lead7@shop1"}, lambda e: w.contacts[e.contact_id].email == "lead7@shop1.example.com"),
        ({"search": "LEAD7@shop1.example.com"}, lambda e: w.contacts[e.contact_id].email == "lead7@shop1.example.com"),
        ({"search": "nobody"}, lambda e: False),
        ({"search": "%"}, lambda e: False),
        ({"search": "':*|"}, lambda e: False),
    ]


async def every_page(w: World, wanted: ExecutionFilter, sort: ExecutionSort = ExecutionSort.NEWEST, limit: int = 97) -> list[UUID]:
    """The ids of a whole list, page after page."""
    found: list[UUID] = []
    cursor: str | None = None
    while True:
        async with open_session() as session:
            page = await executions.list_executions(w.actor(), session, wanted, sort=sort, limit=limit, cursor=cursor)
        found += [row.id for row in page.data]
        cursor = page.next_cursor
        assert page.has_more == (cursor is not None)
        if cursor is None:
            return found
        assert len(page.data) == limit


def newest(rows: list[Execution]) -> list[UUID]:
    return [row.id for row in sorted(rows, key=lambda e: (e.triggered_at, e.id.int), reverse=True)]


async def test_every_filter_alone_and_in_twos_and_threes(world: World) -> None:
    asked = questions(world)
    pairs = list(combinations(asked, 2))
    several = [*world.random.sample(pairs, 60), *(tuple(world.random.sample(asked, 3)) for _ in range(30))]
    for parts in [*((one,) for one in asked), *several]:
        if len({name for fields, _ in parts for name in fields}) < len(parts):
            continue  # two of the same field
        fields = {name: value for part, _ in parts for name, value in part.items()}
        expected = newest([row for row in world.rows if all(fits(row) for _, fits in parts)])
        assert await every_page(world, ExecutionFilter(**fields), limit=200) == expected, fields


def in_order(rows: list[Execution], sort: ExecutionSort) -> list[UUID]:
    keys: dict[ExecutionSort, tuple[Callable[[Execution], Any], bool]] = {
        ExecutionSort.NEWEST: (lambda e: e.triggered_at, True),
        ExecutionSort.OLDEST: (lambda e: e.triggered_at, False),
        ExecutionSort.ENDED: (lambda e: e.completed_at, True),
        ExecutionSort.SLOWEST: (lambda e: e.first_attempt_at and e.first_attempt_at - e.lead_at, True),
        ExecutionSort.FASTEST: (lambda e: e.first_attempt_at and e.first_attempt_at - e.lead_at, False),
        ExecutionSort.SOONEST: (lambda e: e.waiting_until, False),
    }
    key, backwards = keys[sort]
    have = sorted((e for e in rows if key(e) is not None), key=lambda e: (key(e), e.id.int), reverse=backwards)
    return [e.id for e in have] + newest([e for e in rows if key(e) is None])


@pytest.mark.parametrize("sort", list(ExecutionSort))
async def test_every_order_is_complete_page_by_page(world: World, sort: ExecutionSort) -> None:
    assert await every_page(world, ExecutionFilter(), sort, limit=7) == in_order(world.rows, sort)
    flow = [row for row in world.rows if row.flow_id == world.flows[1]]
    assert await every_page(world, ExecutionFilter(flow_id=world.flows[1]), sort) == in_order(flow, sort)
    doubted = [row for row in world.rows if row.id in world.doubted]
    assert await every_page(world, ExecutionFilter(needs_person=True), sort, limit=3) == in_order(doubted, sort)


async def test_pages_repeat_nothing_and_miss_nothing_while_rows_arrive(world: World) -> None:
    before = newest(world.rows)
    seen: list[UUID] = []
    cursor = None
    while True:
        async with open_session() as session:
            page = await executions.list_executions(world.actor(), session, ExecutionFilter(), limit=50, cursor=cursor)
            late = world.execution(0)
            late.triggered_at = NOW + timedelta(minutes=1 + len(seen))
            session.add(late)
        seen += [row.id for row in page.data]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == before


async def test_a_cursor_is_good_for_its_own_list_alone(world: World) -> None:
    async with open_session() as session:
        page = await executions.list_executions(world.actor(), session, ExecutionFilter(status="failed"), limit=5)
        cursor = str(page.next_cursor)
        for wanted, sort in (
            (ExecutionFilter(), "newest"),
            (ExecutionFilter(status="failed"), "oldest"),
            (ExecutionFilter(status="running"), "newest"),
        ):
            with pytest.raises(Invalid) as refused:
                await executions.list_executions(world.actor(), session, wanted, sort=ExecutionSort(sort), limit=5, cursor=cursor)
            assert refused.value.errors[0].pointer == "/query/cursor"
            assert "another filter or order" in refused.value.errors[0].detail
        for broken in ("", "x", "a.b.c", f"{cursor}x", cursor[:-4], cursor.replace(".0.", ".9."), cursor.replace(".0.", "..")):
            with pytest.raises(Invalid):
                await executions.list_executions(world.actor(), session, ExecutionFilter(status="failed"), limit=5, cursor=broken)
        for limit in (0, 201):
            with pytest.raises(Invalid):
                await executions.list_executions(world.actor(), session, ExecutionFilter(), limit=limit)


async def counted(w: World, role: Role = Role.OWNER, **fields: Any) -> dict[str, Any]:
    async with open_session() as session:
        counts = await execution_counts.count_by_status(w.actor(role), session, ExecutionFilter(**fields))
    return counts.model_dump()


def expected_counts(w: World, rows: list[Execution]) -> dict[str, Any]:
    return {
        "total": len(rows),
        "by_status": {
            status: sum(e.status == status for e in rows) for status in ("running", "completed", "failed", "cancelled", "skipped")
        },
        "active": sum(e.status == "running" and not held(e) for e in rows),
        "waiting": sum(held(e) for e in rows),
        "needs_person": sum(e.id in w.doubted for e in rows),
        "capped": [],
    }


async def test_counts_are_those_of_the_list(world: World) -> None:
    for fields, fits in questions(world):
        if fields.keys() & {"status", "stage", "needs_person"}:
            assert await counted(world, **fields) == expected_counts(world, world.rows), "the choice itself changes no number beside it"
        else:
            assert await counted(world, **fields) == expected_counts(world, [e for e in world.rows if fits(e)]), fields


@pytest.fixture
def small_caps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from autoflows.services import execution_filter, person_search

    monkeypatch.setattr(execution_counts, "COUNTED_TO", 20)
    monkeypatch.setattr(execution_counts, "LOOKED_AT", 100)
    monkeypatch.setattr(person_search, "FEW", 2)
    monkeypatch.setattr(execution_filter, "FEW", 3)
    monkeypatch.setattr(execution_filter, "FEW_ROWS", 5)
    return iter([None])


async def test_large_numbers_are_said_to_be_at_least(world: World, small_caps: None) -> None:
    counts = await counted(world)
    assert set(counts["capped"]) == {*STATUSES, "active", "waiting", "needs_person", "total"} - {
        name for name, number in {**expected_counts(world, world.rows)["by_status"], **expected_counts(world, world.rows)}.items()
        if isinstance(number, int) and number <= 20
    }  # fmt: skip
    assert (counts["total"], counts["by_status"]["failed"]) == (100, 20)
    of_flow = [row for row in world.rows if row.flow_id == world.flows[0]]
    counts, last = await counted(world, flow_id=world.flows[0]), set(newest(of_flow)[:20])
    assert {**counts, "capped": []} == expected_counts(world, [row for row in of_flow if row.id in last])
    assert set(counts["capped"]) == {*STATUSES, "active", "waiting", "needs_person", "total"}
    nobody = await counted(world, flow_id=world.flows[0], outcome="busy")
    assert (nobody["total"], nobody["capped"]) == (0, [])


async def test_a_search_that_very_many_fit_finds_the_same(world: World, small_caps: None) -> None:
    for fields, fits in questions(world):
        if fields.keys() & {"search", "needs_person"}:
            expected = newest([row for row in world.rows if fits(row)])
            assert await every_page(world, ExecutionFilter(**fields), limit=50) == expected, fields
    counts = await counted(world, search="asha")
    looked_at = [row for row in world.rows if row.id in set(newest(world.rows)[:100])]
    asha = [row for row in looked_at if "asha" in world.contacts[row.contact_id].name.lower()]
    assert counts["total"] == len(asha)
    assert {"total", "failed", "active"} <= set(counts["capped"])


async def test_what_is_newer_is_counted(world: World) -> None:
    rows = sorted(world.rows, key=lambda e: (e.triggered_at, e.id.int), reverse=True)
    async with open_session() as session:
        for place in (0, 1, 17, 99, 100, 250):
            seen = (rows[place].triggered_at, rows[place].id)
            assert await execution_counts.count_newer(world.actor(), session, ExecutionFilter(), seen) == min(place, 100)
        failed = [e for e in rows[:150] if e.status == "failed"]
        seen = (rows[150].triggered_at, rows[150].id)
        assert await execution_counts.count_newer(world.actor(), session, ExecutionFilter(status="failed"), seen) == len(failed)


async def test_the_next_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_session() as session:
        told = await execution_counts.forecast(world.actor(), session)
        due = [e for e in world.rows if held(e) and e.waiting_until and told.since <= e.waiting_until < told.until]
        assert (told.total, told.capped, len(told.buckets)) == (len(due), False, 6)
        for rule in ("wait", "flow_hours", "concurrency"):
            assert told.by_rule.get(rule, 0) == sum((e.waiting_rule or "wait") == rule for e in due)
        for bucket in told.buckets:
            inside = [e for e in due if e.waiting_until and bucket.at <= e.waiting_until < bucket.at + timedelta(minutes=10)]
            assert bucket.due == len(inside) == sum(bucket.by_rule.values())
        monkeypatch.setattr(execution_counts, "COUNTED_DUE", 1)
        assert (await execution_counts.forecast(world.actor(), session)).capped


async def test_what_there_is_to_choose_from(world: World) -> None:
    async with open_session() as session:
        offered = await execution_counts.choices(world.actor(), session)
    assert offered.lead_sources == ["IndiaMART", "manual", "Website"]
    assert offered.waiting_rules == ["wait", "kill_switch", "flow_hours", "concurrency"]


async def test_who_may_not_see_addresses_cannot_guess_them(world: World) -> None:
    async def found(search: str) -> int:
        async with open_session() as session:
            viewer = world.actor(Role.VIEWER)
            return len((await executions.list_executions(viewer, session, ExecutionFilter(search=search), limit=200)).data)

    whole = len([e for e in world.rows if str(world.contacts[e.contact_id].phone).endswith("00003")])
    for guess in ("9876", "98765", "00003", "7650000", "9876500", "lead3", "lead3@", "lead3@shop0", "shop0", "example.com"):
        assert await found(guess) == 0, guess
        if guess.isdigit():
            assert (await counted(world, Role.VIEWER, search=guess))["total"] == 0, guess
    for named in ("+91 98765 00003", "lead3@shop0.example.com"):
        assert await found(named) == whole, named
    assert await found("asha") > 0


async def test_how_many_stand_ahead_in_a_queue(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    line, rate = f"lines:{world.account}", f"rate:{world.flows[0]}"
    async with open_session() as session:
        for queue, number in ((line, 6), (rate, 3), (f"account:{world.account}", 2)):
            for place in range(number):
                row = world.execution(0)
                row.status, row.due_at, row.completed_at, row.is_test_run = "running", NOW, None, True
                row.parked_on, row.parked_at, row.waiting_reason, row.bulk = queue, NOW + timedelta(minutes=place), "In a queue", place == 0
                row.waiting_rule, row.lead_at = "concurrency", NOW + timedelta(hours=place)
                row.metadata_ = {"trigger_source": queue, "place": place}
                session.add(row)
    async with open_session() as session:
        page = await executions.list_executions(world.actor(), session, ExecutionFilter(lead_source=line))
        ahead = {row.metadata["place"]: row.waiting.ahead for row in page.data if row.waiting}
        assert ahead == {0: 5, 1: 0, 2: 1, 3: 2, 4: 3, 5: 4}, "a bulk one stands behind fresh ones"
        one = await executions.get_execution(world.actor(), session, page.data[0].id)
        assert one == page.data[0]
        held_ones = await executions.list_executions(world.actor(), session, ExecutionFilter(lead_source=f"account:{world.account}"))
        assert [row.waiting.ahead for row in held_ones.data if row.waiting] == [None, None]
        monkeypatch.setattr(executions, "MOST_AHEAD", 2)
        page = await executions.list_executions(world.actor(), session, ExecutionFilter(lead_source=line))
        assert {row.metadata["place"]: row.waiting.ahead for row in page.data if row.waiting} == {0: 2, 1: 0, 2: 1, 3: 2, 4: 2, 5: 2}


async def test_the_words_of_a_contact_are_found_again(environment: None, postgres_url: str) -> None:
    """The database's words and the search's are split alike."""
    connection = await asyncpg.connect(postgres_url.replace("postgresql+asyncpg://", "postgresql://", 1))
    account = new_id()
    words = await connection.fetchval(
        "SELECT tsvector_to_array(person_words($1, $2, $3, $4, $5, NULL))",
        account, "  Asha-Devi (Patel) ", "A.B/C_d", "Asha.P@Shop.example", "+919876500001",
    )  # fmt: skip
    end = str(account)[-8:]
    expected = {
        *(f"{end}w{w}" for w in ("asha", "devi", "patel", "a", "b", "c", "d")),
        *(f"{end}e{w}" for w in ("asha", "p", "shop", "example")),
    }
    assert {word for word in words if word not in (f"{end}w", f"{end}e")} == expected | {f"{end}n919876500001", f"{end}p100005678919"}
    empty = await connection.fetchval("SELECT tsvector_to_array(person_words($1, '', '', NULL, NULL, NULL))", account)
    assert empty in ([], [f"{end}w"])
    await connection.close()
