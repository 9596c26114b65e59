"""Leads that arrive at the same moment share a commit; each still gets the answer it would have got alone."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from autoflows.domain.errors import Invalid
from autoflows.engine.ingest import Ingested, LeadDraft, ingest
from autoflows.engine.pool import get_pool
from tests.engine.conftest import Bench


async def together(bench: Bench, *drafts: LeadDraft, keys: list[str | None] | None = None) -> list[Ingested | BaseException]:
    given = keys or [None] * len(drafts)
    calls = (ingest(bench.account_id, bench.settings, draft, idempotency_key=key) for draft, key in zip(drafts, given, strict=True))
    return await asyncio.gather(*calls, return_exceptions=True)


def number(n: int) -> str:
    return f"+9198761{n:05d}"


async def test_many_at_once_are_all_stored_in_few_transactions(bench: Bench) -> None:
    pool = await get_pool()
    answers = await together(bench, *(LeadDraft(phone=number(n), external_id=str(n)) for n in range(200)))
    assert all(isinstance(a, Ingested) and a.created and a.disposition == "queued" for a in answers)
    stored = {row["id"]: row for row in await pool.fetch("SELECT id, contact_id, xmin::text AS tx FROM lead_events")}
    assert {a.lead_event_id for a in answers if isinstance(a, Ingested)} == stored.keys()
    assert all(stored[a.lead_event_id]["contact_id"] == a.contact_id for a in answers if isinstance(a, Ingested))
    assert len({row["tx"] for row in stored.values()}) < 100


async def test_one_person_many_times_at_once_is_one_contact(bench: Bench) -> None:
    answers = await together(bench, *(LeadDraft(phone=number(1), email="asha@example.com", tags=[f"t{n}"]) for n in range(20)))
    assert all(isinstance(a, Ingested) and a.created for a in answers)
    assert len({a.contact_id for a in answers if isinstance(a, Ingested)}) == 1
    assert await bench.one("SELECT count(*) FROM contacts") == 1
    assert await bench.one("SELECT count(*) FROM lead_events") == 20
    assert await bench.one("SELECT cardinality(tags) FROM contacts") == 20


async def test_the_same_source_id_at_once_is_one_lead_whoever_it_names(bench: Bench) -> None:
    answers = await together(bench, *(LeadDraft(phone=number(n), lead_source="IndiaMART", external_id="7") for n in range(10)))
    taken = [a for a in answers if isinstance(a, Ingested)]
    assert len(taken) == 10
    assert [a.created for a in taken].count(True) == 1
    assert len({a.lead_event_id for a in taken}) == 1
    assert await bench.one("SELECT count(*) FROM contacts") == 1, "a repeat leaves no contact behind"


async def test_the_same_key_at_once_gives_one_lead_and_refuses_another_body(bench: Bench) -> None:
    answers = await together(bench, LeadDraft(phone=number(1)), LeadDraft(phone=number(1)), LeadDraft(phone=number(2)), keys=["k"] * 3)
    refused = [a for a in answers if isinstance(a, Invalid)]
    assert len(refused) in {1, 2}  # whichever body was first
    assert len([a for a in answers if isinstance(a, Ingested) and a.created]) == 1
    assert await bench.one("SELECT count(*) FROM lead_events") == 1


async def test_a_value_that_cannot_be_stored_spoils_only_its_own_lead(bench: Bench) -> None:
    bad = LeadDraft(phone=number(3))
    bad.custom_fields["x"] = "\x00"  # past the checks of the edge, as a source's code might
    answers = await together(bench, LeadDraft(phone=number(1)), LeadDraft(phone=number(2)), bad, LeadDraft(phone=number(4)))
    assert [isinstance(a, Ingested) for a in answers] == [True, True, False, True]
    assert isinstance(answers[2], asyncpg.DataError)
    assert await bench.one("SELECT count(*) FROM lead_events") == 3


async def test_a_caller_that_goes_away_takes_nobody_with_it(bench: Bench) -> None:
    tasks = [asyncio.create_task(ingest(bench.account_id, bench.settings, LeadDraft(phone=number(n)))) for n in range(30)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(a, Ingested) for a in answers] == [n % 3 != 0 for n in range(30)]


async def test_leads_come_in_one_after_the_other_for_ever(bench: Bench) -> None:
    for n in range(30):
        async with asyncio.timeout(5):
            assert (await ingest(bench.account_id, bench.settings, LeadDraft(phone=number(n)))).created


@pytest.mark.parametrize("address", [{"phone": "12"}, {"email": "nobody"}])
async def test_an_address_that_cannot_be_used_is_stored_as_invalid(bench: Bench, address: dict[str, str]) -> None:
    answers = await together(bench, LeadDraft(**address), LeadDraft(phone=number(1)))
    assert [a.disposition for a in answers if isinstance(a, Ingested)] == ["invalid", "queued"]
    assert await bench.one("SELECT settled_at IS NOT NULL FROM lead_events WHERE disposition = 'invalid'")
