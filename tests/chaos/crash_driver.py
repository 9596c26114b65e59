"""A real worker's drain that dies by SIGKILL at a chosen point at which it gives way to the event loop.

What a worker does to the world, it does between two such points: it writes to a socket and waits. Dying at each of them in turn is
dying everywhere. A point is named by the innermost line of ours that waits there and by how often that line has waited, so that the
order in which tasks take turns does not matter.

`python -m tests.chaos.crash_driver` reads such a name per line, as `["autoflows.engine.perform.settle:241", 1]` or `null` for none,
forks a warm process that dies there, and says as JSON whether it did: `{"died": true}`, or `{"points": [...]}` if it came to the end.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Coroutine, Generator
from pathlib import Path
from types import coroutine
from typing import Any

from autoflows.actions import ACTIONS
from autoflows.engine.drain import Drainer
from autoflows.engine.pool import get_pool
from autoflows.settings import get_settings

SOURCE = Path(__file__).parents[2]


Point = tuple[str, int]


class Steps:
    """Names the points as they come and ends the process at the chosen one."""

    def __init__(self, last: Point | None, report: int) -> None:
        self.last, self.report = last, report
        self.points: list[Point] = []
        self.times: Counter[str] = Counter()

    def at(self, running: Any) -> None:
        line = where(running)
        self.times[line] += 1
        self.points.append((line, self.times[line]))
        if self.points[-1] == self.last:
            os.write(self.report, json.dumps({"died": True}).encode())
            os.kill(os.getpid(), signal.SIGKILL)

    async def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The coroutine's result; each time that it gives way is a point."""
        return await self._step(work)

    @coroutine
    def _step(self, work: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        error: BaseException | None = None
        while True:
            try:
                waits_for = work.send(None) if error is None else work.throw(error)
            except StopIteration as end:
                return end.value
            self.at(work)
            try:
                yield waits_for
                error = None
            except BaseException as thrown:  # a cancellation, or what the awaited thing raised: it belongs to the work
                error = thrown


def where(running: Any) -> str:
    """The innermost line of ours that is waiting."""
    found = ""
    while running is not None:
        frame = getattr(running, "cr_frame", None) or getattr(running, "gi_frame", None)
        if frame is not None and Path(frame.f_code.co_filename).is_relative_to(SOURCE / "autoflows"):
            module = ".".join(Path(frame.f_code.co_filename).relative_to(SOURCE).with_suffix("").parts)
            found = f"{module}.{frame.f_code.co_qualname}:{frame.f_lineno}"
        running = getattr(running, "cr_await", None) or getattr(running, "gi_yieldfrom", None)
    return found


async def drain(steps: Steps) -> None:
    """Drain until nothing is due and all that was begun is written, each task by steps. Connecting is over before the first step."""
    await get_pool()
    loop = asyncio.get_running_loop()
    loop.set_task_factory(lambda loop, work, **kw: asyncio.Task(steps.run(work), loop=loop, **kw))
    drainer = Drainer(get_settings())
    await loop.create_task(drainer.drain())
    while drainer.performing:
        await asyncio.wait(set(drainer.performing))
        await drainer.results.join()


def once(last: Point | None) -> dict[str, Any]:
    """Fork, drain, and tell how the child ended."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(readable)
            steps = Steps(last, writable)
            asyncio.run(drain(steps))  # asyncio's own loop: it writes to a socket at once, not at the end of an iteration
            os.write(writable, json.dumps({"points": steps.points}).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writable)
    with os.fdopen(readable, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    ended: dict[str, Any] = json.loads(said) if said else {}
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if killed != ("died" in ended) or (not killed and status != 0):
        return {"broke": status, **ended}
    return ended


if __name__ == "__main__":
    assert ACTIONS  # imported before the first fork
    for line in sys.stdin:
        chosen = json.loads(line)
        print(json.dumps(once((chosen[0], chosen[1]) if chosen else None)), flush=True)
