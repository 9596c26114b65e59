"""Who a lead is about: one person keeps one row, whichever of their addresses they come by."""

from __future__ import annotations

from autoflows.engine.pool import get_pool
from tests.engine.conftest import ANSWERED, MISSED, Bench


async def test_an_earlier_number_is_still_the_same_person(bench: Bench) -> None:
    first = await bench.lead(MISSED, "asha@example.com", tags=["DNC"])
    await bench.lead(ANSWERED, "asha@example.com")  # a new number; the first one is kept beside it
    back = await bench.lead(MISSED, None)
    assert back.contact_id == first.contact_id
    await bench.flow(bench.call(1))
    await bench.until("SELECT count(*) FROM lead_events WHERE disposition = 'blocked_dnc'", expect=3)


async def test_an_earlier_address_is_still_the_same_person(bench: Bench) -> None:
    first = await bench.lead(MISSED, "asha@example.com")
    await bench.lead(MISSED, "asha@work.example.com")
    assert (await bench.lead(None, "asha@work.example.com")).contact_id == first.contact_id


async def test_who_has_a_number_now_comes_before_who_had_it(bench: Bench) -> None:
    await bench.lead(MISSED, "asha@example.com")
    await bench.lead(ANSWERED, "asha@example.com")
    ravi = await bench.lead(None, "ravi@example.com")
    await (await get_pool()).execute("UPDATE contacts SET phone = $2 WHERE id = $1", ravi.contact_id, MISSED)
    assert (await bench.lead(MISSED, None)).contact_id == ravi.contact_id
