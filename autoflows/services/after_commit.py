"""Work that must wait until the caller's transaction is committed: what it tells others is else not true yet."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy import event

from autoflows.services.access import AsyncSession, open_to

log = logging.getLogger(__name__)

_running: set[asyncio.Task[None]] = set()


def after_commit(session: AsyncSession, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start `work` as soon as the session's transaction is committed; never if it is rolled back.

    It is for what may be lost without harm (waking, telling open pages): a failure is logged and reaches nobody.
    """

    def start(_: object) -> None:
        task = asyncio.get_running_loop().create_task(work())
        _running.add(task)
        task.add_done_callback(_finished)

    event.listen(session.sync_session, "after_commit", start, once=True)


@open_to("services")
async def settle() -> None:
    """Wait for the work that was started; before the connections it uses are closed."""
    while _running:
        await asyncio.wait(set(_running))


def _finished(task: asyncio.Task[None]) -> None:
    _running.discard(task)
    if not task.cancelled() and task.exception() is not None:
        log.warning("Work after a commit failed", exc_info=task.exception())
