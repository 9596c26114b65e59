"""A worker that sends what is due and dies by SIGKILL at a chosen point at which it gives way; see `tests/chaos/crash_driver.py`.

Reads a point per line, as JSON, `null` for none, and says whether it died there or came to the end, and by which points.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

import autoflows.analytics.reports.figures
import autoflows.analytics.reports.paper  # noqa: F401  (imported before the first fork)
from autoflows.analytics.reports.mailing import plan_due, send_one
from autoflows.engine.pool import close_pool, get_pool
from autoflows.models.database import dispose_engine
from tests.chaos.crash_driver import Point, Steps


async def work(steps: Steps) -> None:
    async def send() -> None:
        await plan_due()
        while await send_one():
            pass

    await get_pool()
    await steps.run(send())
    await close_pool()
    await dispose_engine()


def once(last: Point | None) -> str:
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(readable)
            steps = Steps(last, writable)
            asyncio.run(work(steps))
            os.write(writable, json.dumps({"points": steps.points}).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writable)
    with os.fdopen(readable, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said.decode() or '{"broke": true}'


if __name__ == "__main__":
    for line in sys.stdin:
        chosen = json.loads(line)
        print(once((chosen[0], chosen[1]) if chosen else None), flush=True)
