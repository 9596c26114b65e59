"""Throttling, words for findings, what failures mean, and merging."""

from __future__ import annotations

import asyncpg
import pytest
import redis.exceptions
import sqlalchemy.exc
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from autoflows.domain.errors import AutoflowsError, Conflict, Invalid, Unavailable
from autoflows.services import throttle
from autoflows.services.failures import explain
from autoflows.services.settings import merge
from autoflows.services.throttle import Buckets
from autoflows.services.validation import invalid, pointer_of


def test_a_bucket_gives_its_tries_then_one_each_refill() -> None:
    now = 0.0
    buckets = Buckets(capacity=3, refill_seconds=10, clock=lambda: now)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 10]
    assert buckets.take("b") == 0, "another's tries are their own"
    now = 9.0
    assert buckets.take("a") == 1
    now = 10.0
    assert [buckets.take("a"), buckets.take("a")] == [0, 10]
    now = 1000.0
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 10], "never more than its capacity"
    buckets.give_back("a")
    assert [buckets.take("a"), buckets.take("a")] == [0, 10]
    buckets.forget("a")
    assert buckets.take("a") == 0


def test_a_flood_of_keys_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_KEYS", 10)
    buckets = Buckets(capacity=1, refill_seconds=10, clock=lambda: 0.0)
    for n in range(100):
        buckets.take(n)
    assert buckets.take(99) == 10, "the recent ones are kept"
    assert buckets.take(0) == 0


class Inner(BaseModel):
    size: int = Field(ge=1, le=5)


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: list[Inner]
    flag: bool
    name: str = Field(max_length=3)


def test_findings_are_plain_words_at_their_pointer() -> None:
    with pytest.raises(ValidationError) as raised:
        Outer.model_validate({"inner": [{"size": 9}, {}], "flag": "perhaps", "name": "long name", "a/b~c": 1})
    told = {e.pointer: e.detail for e in invalid(raised.value, "/body").errors}
    assert told == {
        "/body/inner/0/size": "must be less than or equal to 5",
        "/body/inner/1/size": "is required",
        "/body/flag": "must be true or false",
        "/body/name": "must have at most 3 characters",
        "/body/a~1b~0c": "is not a known field; check the spelling or leave it out",
    }
    assert pointer_of([]) == ""


def wrapped(cause: Exception) -> sqlalchemy.exc.DBAPIError:
    error = sqlalchemy.exc.DBAPIError("SELECT 1", {}, cause)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (asyncpg.UniqueViolationError("x"), Conflict),
        (asyncpg.ForeignKeyViolationError("x"), Conflict),
        (asyncpg.DeadlockDetectedError("x"), Conflict),
        (asyncpg.SerializationError("x"), Conflict),
        (asyncpg.NumericValueOutOfRangeError("x"), Invalid),
        (asyncpg.CharacterNotInRepertoireError("x"), Invalid),
        (asyncpg.UntranslatableCharacterError("x"), Invalid),
        (asyncpg.AdminShutdownError("x"), Unavailable),
        (asyncpg.CannotConnectNowError("x"), Unavailable),
        (asyncpg.TooManyConnectionsError("x"), Unavailable),
        (asyncpg.ConnectionDoesNotExistError("x"), Unavailable),
        (asyncpg.InterfaceError("connection is closed"), Unavailable),
        (asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"), Unavailable),
        (ConnectionRefusedError(), Unavailable),
        (redis.exceptions.ConnectionError("x"), Unavailable),
        (redis.exceptions.TimeoutError("Timeout reading from 127.0.0.1"), Unavailable),
        (redis.exceptions.BusyLoadingError("x"), Unavailable),
    ],
)
def test_a_failure_of_the_database_means_the_same_raw_or_wrapped(cause: Exception, kind: type[AutoflowsError]) -> None:
    assert type(explain(cause)) is kind
    assert type(explain(wrapped(cause))) is kind


@pytest.mark.parametrize(
    "error", [RuntimeError("x"), KeyError("x"), FileNotFoundError("x"), TimeoutError(), asyncpg.UndefinedTableError("x")]
)
def test_a_fault_of_ours_is_not_explained_away(error: Exception) -> None:
    assert explain(error) is None


def test_merging_keeps_what_is_not_named() -> None:
    current = {"a": 1, "b": {"c": 1, "d": 2}, "e": None}
    assert merge(current, {"b": {"c": None, "x": {"y": 1}}, "a": None}) == {"a": None, "b": {"d": 2, "x": {"y": 1}}, "e": None}
    assert merge(current, {"e": {"f": 1}, "b": 3}) == {"a": 1, "b": 3, "e": {"f": 1}}
    assert current == {"a": 1, "b": {"c": 1, "d": 2}, "e": None}


async def test_a_value_the_driver_refuses_is_the_senders_to_mend(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    try:
        for query, value in (("SELECT $1::int4", 2**40), ("SELECT $1::text", "\ud800"), ("SELECT $1::text", "a\x00b")):
            with pytest.raises(Exception) as raised:  # noqa: PT011 - of several kinds; what they mean is asserted
                await connection.fetchval(query, value)
            assert type(explain(raised.value)) is Invalid, raised.value
        await connection.close()
        with pytest.raises(asyncpg.InterfaceError) as closed:
            await connection.fetchval("SELECT 1")
        assert type(explain(closed.value)) is Unavailable
    finally:
        await connection.close()
