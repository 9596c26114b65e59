"""Reading hostile JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.providers import payload
from autoflows.providers.base import WebhookRejected

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_every_reader_takes_every_value(value: Any) -> None:
    number = payload.number(value)
    assert number is None or number >= 0
    assert payload.text(value) is None or payload.text(value) != ""
    assert isinstance(payload.truth(value), bool)
    moment = payload.moment(value)
    assert moment is None or moment.tzinfo is UTC
    assert isinstance(payload.mapping(value), dict)
    assert all(isinstance(item, dict) for item in payload.objects(value))
    payload.attempt_id(value)
    stored = json.dumps(payload.storable(value), allow_nan=False)
    assert "\\u0000" not in stored.replace("\\\\", "")
    stored.encode("utf-8")


HOSTILE = [b"", b"null", b"1", b'"x"', b"[{}]", b"{", b"\xff\xfe"]
HOSTILE += [b'{"a":' * 5_000, b'{"a":' * 200 + b"1" + b"}" * 200, b'{"a":' + b"9" * 5_000 + b"}"]


@pytest.mark.parametrize("raw", HOSTILE)
def test_what_is_not_an_object_is_rejected(raw: bytes) -> None:
    with pytest.raises(WebhookRejected):
        payload.read_object(raw)


def test_what_a_database_refuses_is_taken_out() -> None:
    read = payload.read_object(rb'{"a\u0000":"x\u0000y","s":"\ud800","n":NaN,"i":Infinity,"deep":[{"k":"\u0000"}],"big":1e999}')
    assert read == {"a": "xy", "s": "?", "n": None, "i": None, "deep": [{"k": ""}], "big": None}


NUMBERS = [("28", 28.0), (28, 28.0), ("27.2", 27.2), (" 5 ", 5.0)]
NOT_NUMBERS: list[object] = ["", None, True, "nan", -1, "1e999", [], "12 s"]


@pytest.mark.parametrize(("value", "seconds"), [*NUMBERS, *((value, None) for value in NOT_NUMBERS)])
def test_numbers(value: object, seconds: float | None) -> None:
    assert payload.number(value) == seconds


@pytest.mark.parametrize("value", ["2026-11-22T10:00:00Z", "2026-11-22T15:30:00+05:30", "2026-11-22T10:00:00", "1795341600", 1795341600])
def test_moments(value: object) -> None:
    assert payload.moment(value) == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_a_very_long_event_id_is_shortened_and_stays_distinct() -> None:
    first, second = payload.event_id("x", "a" * 1_000), payload.event_id("x", "a" * 999 + "b")
    assert len(first) <= payload.MAX_EVENT_ID
    assert first != second
    assert payload.event_id("x", "completed", "1") == "x:completed:1"
