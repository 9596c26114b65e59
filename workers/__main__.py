"""`python -m workers`: one worker process, until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any

from autoflows.analytics.reports.mailing import send_reports
from autoflows.analytics.rollups.keep import keep_rollups
from autoflows.analytics.slo import watch_speed
from autoflows.engine.broker import close_redis
from autoflows.engine.doorbell import close_doorbell
from autoflows.engine.drain import Drainer
from autoflows.engine.live import close_live
from autoflows.engine.pool import close_pool
from autoflows.engine.watch import watch_for_ever
from autoflows.models.database import dispose_engine
from autoflows.providers.connections import close_clients
from autoflows.settings import SettingsError, get_settings
from workers.flow_check import check_flows_for_ever
from workers.worker import DoorbellWorker, heartbeat, reconcile, stop_calls, sweep

log = logging.getLogger("workers")

CLOSE_PATIENCE_SECONDS = 15.0


async def end(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancel until all are done: a Redis client that is just connecting may swallow a cancellation and carry on."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.2)


async def work() -> None:
    """Work until told to stop; then finish what is out, within limits."""
    settings = get_settings()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    drainer = Drainer(settings)
    worker = DoorbellWorker(settings, drainer)
    tasks: list[asyncio.Task[Any]] = [
        asyncio.create_task(worker.main(), name="doorbell"),
        asyncio.create_task(sweep(drainer, settings.sweep_seconds), name="sweep"),
        asyncio.create_task(reconcile(drainer), name="reconcile"),
        asyncio.create_task(watch_for_ever(settings.watch_seconds), name="watch"),
        asyncio.create_task(check_flows_for_ever(), name="check flows"),
        asyncio.create_task(keep_rollups(settings.rollup_seconds), name="keep rollups"),
        asyncio.create_task(watch_speed(), name="watch speed"),
        asyncio.create_task(send_reports(), name="send reports"),
        asyncio.create_task(stop_calls(drainer), name="stop calls"),
        asyncio.create_task(heartbeat(worker.pool), name="heartbeat"),
    ]
    log.info("worker ready")
    stopped: asyncio.Task[Any] = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
    await end(tasks)
    await drainer.close(CLOSE_PATIENCE_SECONDS)
    stopped.cancel()
    for close in (close_doorbell, close_live, close_redis, close_clients, close_pool, dispose_engine):
        await close()
    for task in done:
        if task is not stopped and not task.cancelled() and (error := task.exception()) is not None:
            raise error


def main() -> None:
    """Run one worker; a wrong setting ends it with the sentence that says which."""
    try:
        settings = get_settings()
    except SettingsError as error:
        sys.exit(str(error))
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("httpx", "arq"):  # a line per request and per ring
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        import uvloop
    except ImportError:
        asyncio.run(work())
    else:
        uvloop.run(work())


if __name__ == "__main__":
    main()
