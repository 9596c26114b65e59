"""A batch that is taken apart: what was settled before something else went wrong is performed all the same."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg

from autoflows.engine.pool import get_pool
from tests.engine.conftest import Bench, received

TROUBLE = """
CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.payload->>'external_id' = 'bad' THEN RAISE EXCEPTION 'bad' USING ERRCODE = '23514'; END IF;
  IF NEW.payload->>'external_id' = 'slow' THEN RAISE EXCEPTION 'slow' USING ERRCODE = '57014'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER trouble BEFORE UPDATE ON lead_events FOR EACH ROW WHEN (NEW.disposition = 'enrolled') EXECUTE FUNCTION trouble();
"""


async def test_who_was_settled_is_contacted_whatever_stops_the_rest(bench: Bench) -> None:
    await bench.flow(bench.mail(1))
    pool = await get_pool()
    await pool.execute(TROUBLE)
    for name in ("asha", "bad", "slow"):
        await bench.lead(None, f"{name}@example.com", external_id=name)
    with contextlib.suppress(asyncpg.QueryCanceledError):
        await bench.drainer.drain()
    assert await bench.one("SELECT count(*) FROM lead_events WHERE disposition = 'error'") == 1
    await asyncio.gather(*bench.drainer.performing)
    assert received(bench, "emails")["total"] == 1
    await pool.execute("DROP TRIGGER trouble ON lead_events")
    await bench.finished(2)
