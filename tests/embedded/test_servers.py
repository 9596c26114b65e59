"""The embedded servers as the test fixtures use them."""

from __future__ import annotations

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from tests.servers import DatabaseServer


def plain(url: str) -> str:
    """asyncpg's own spelling of a SQLAlchemy URL."""
    return url.replace("+asyncpg", "")


async def test_each_test_gets_its_own_database(database_server: DatabaseServer) -> None:
    with database_server.database() as first, database_server.database() as second:
        connection = await asyncpg.connect(plain(first))
        await connection.execute("CREATE TABLE only_here (id int)")
        await connection.close()
        other = await asyncpg.connect(plain(second))
        assert await other.fetchval("SELECT to_regclass('only_here')") is None
        assert int(await other.fetchval("SHOW server_version_num")) // 10000 == 18
        await other.close()


async def test_text_sorts_by_code_point_and_ignores_the_machines_locale(postgres_url: str) -> None:
    connection = await asyncpg.connect(plain(postgres_url))
    assert await connection.fetchval("SELECT string_agg(x, ',' ORDER BY x) FROM unnest(ARRAY['b','B','ä','a']) x") == "B,a,b,ä"
    assert await connection.fetchval("SELECT upper('ä')") == "Ä"
    assert await connection.fetchval("SHOW timezone") == "UTC"
    await connection.close()


async def test_valkey_wants_its_password(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
    async with Redis.from_url("redis://" + redis_url.split("@")[1]) as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.dbsize()
