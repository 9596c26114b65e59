"""Connections of the pool: what they do with a database that has gone away meanwhile."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from autoflows.models import database
from autoflows.models.database import open_reading, open_session

END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def _number() -> int:
    async with open_session() as session:
        return int((await session.exec(sa.select(sa.literal(1)))).one()[0])  # type: ignore[call-overload]


@pytest.mark.parametrize("rested_seconds", [0.0, 60.0])
async def test_connections_that_were_cut_are_not_used_again(
    environment: None, monkeypatch: pytest.MonkeyPatch, rested_seconds: float
) -> None:
    """Whether or not they are asked: a connection that was closed is known to be."""
    monkeypatch.setattr(database, "RESTED_SECONDS", rested_seconds)
    async with open_session() as first, open_session() as second:
        for session in (first, second):
            await session.exec(sa.select(sa.literal(1)))  # type: ignore[call-overload]
    async with open_session() as session:
        await session.exec(sa.text(END_OTHERS))  # type: ignore[call-overload]
    assert [await _number() for _ in range(3)] == [1, 1, 1]


async def test_reading_is_no_transaction_and_every_statement_is_planned_by_its_values(environment: None) -> None:
    async with open_reading() as session:
        first, second = [(await session.exec(sa.text("SELECT now()"))).one()[0] for _ in range(2)]  # type: ignore[call-overload]
        assert first < second
        assert (await session.exec(sa.text("SHOW plan_cache_mode"))).one()[0] == "force_custom_plan"  # type: ignore[call-overload]
    async with open_session() as session:
        first, second = [(await session.exec(sa.text("SELECT now()"))).one()[0] for _ in range(2)]  # type: ignore[call-overload]
        assert first == second
