"""The Redis client of this event loop. Everything sent through it may be lost without harm."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from redis.asyncio import Redis
from redis.exceptions import RedisError

from autoflows.settings import get_settings

BROKER_LOST = (RedisError, OSError, TimeoutError)
"""What an absent or restarting Redis raises."""

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Redis] = WeakKeyDictionary()


def get_redis() -> Redis:
    """This loop's client; it connects when first used and again after a loss."""
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        client = Redis.from_url(get_settings().redis_url, socket_connect_timeout=2, socket_timeout=10, health_check_interval=30)
        _clients[loop] = client
    return client


async def close_redis() -> None:
    """Close this loop's client, if there is one."""
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()
