"""Work that nobody waits for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from autoflows.domain.errors import Unavailable
from autoflows.engine.pool import LOST

log = logging.getLogger(__name__)


def spawn(work: Callable[[], object], keep: set[asyncio.Task[None]]) -> None:
    """Start a coroutine function in the background and keep hold of it until it is done, logging what it raises."""

    async def run() -> None:
        try:
            await work()  # type: ignore[misc]
        except (Unavailable, *LOST) as error:
            log.warning("background work not done, the database does not answer: %s", error)
        except Exception:
            log.exception("background work failed")

    task = asyncio.create_task(run())
    keep.add(task)
    task.add_done_callback(keep.discard)
