"""News over Redis: what is lost while it is away is made up for by one word when it is back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from autoflows.embedded import valkey
from autoflows.embedded.home import open_home
from autoflows.embedded.processes import stop
from autoflows.engine import live
from autoflows.engine.broker import close_redis
from autoflows.settings import get_settings

CHANGE = live.LiveChange(UUID(int=7), execution_id=UUID(int=8))


class Broker:
    """A Valkey that a test may end, and start again in its place."""

    def __init__(self, home: Path) -> None:
        place = open_home(home)
        self.server = valkey.locate(place.run, log=place.logs / "valkey.log")
        self.process = valkey.start(self.server)

    def end(self) -> None:
        stop(self.process, signal.SIGKILL, 5.0)

    def begin(self) -> None:
        self.process = valkey.start(self.server)


@pytest.fixture
def broker(new_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    broker = Broker(new_home)
    monkeypatch.setenv("AUTOFLOWS_REDIS_URL", broker.server.url)
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:1/none")
    get_settings.cache_clear()
    yield broker
    broker.end()
    get_settings.cache_clear()


async def test_a_listener_tells_when_it_hears_nothing_and_when_it_does_again(broker: Broker) -> None:
    heard = live.listen()
    assert await anext(heard) == [live.RESYNC]
    live.publish([CHANGE])
    assert await anext(heard) == [CHANGE]
    broker.end()
    assert await anext(heard) is None
    again = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(0.7)
    assert not again.done()
    broker.begin()
    assert await again == [live.RESYNC]
    live.publish([CHANGE])
    assert await anext(heard) == [CHANGE]
    await heard.aclose()  # type: ignore[attr-defined]
    await live.close_live()
    await close_redis()


async def test_a_publisher_makes_up_for_what_it_could_not_say(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own connection may be the only one that was lost: the listener would not know."""
    monkeypatch.setattr(live, "AGAIN_SECONDS", 3.0)  # it tries again when somebody listens
    broker.end()
    live.publish([CHANGE])
    await asyncio.sleep(0.3)
    live.publish([live.LiveChange(UUID(int=n)) for n in range(100)])
    broker.begin()
    heard = live.listen()
    assert await anext(heard) == [live.RESYNC]  # its own
    assert await anext(heard) == [live.RESYNC]  # the publisher's, instead of what was lost
    await heard.aclose()  # type: ignore[attr-defined]
    await live.close_live()
    await close_redis()


async def test_a_silent_redis_counts_as_lost(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PATIENCE_SECONDS", 0.3)
    heard = live.listen()
    assert await anext(heard) == [live.RESYNC]
    quiet = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(1.5)
    assert not quiet.done()  # it answers when asked whether it is there
    broker.process.send_signal(signal.SIGSTOP)
    assert await asyncio.wait_for(quiet, 5) is None
    broker.process.send_signal(signal.SIGCONT)
    assert await asyncio.wait_for(anext(heard), 15) == [live.RESYNC]
    await heard.aclose()  # type: ignore[attr-defined]
    await live.close_live()
    await close_redis()
