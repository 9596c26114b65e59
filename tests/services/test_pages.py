"""Keyset paging, against real rows."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, timedelta
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col

from autoflows.domain.errors import Invalid
from autoflows.ids import utc_now
from autoflows.models import AuditEntry
from autoflows.models.database import open_session
from autoflows.services.pages import Page, decode_cursor, encode_cursor, paginate

KEYS = [col(AuditEntry.created_at), col(AuditEntry.id)]


@pytest.mark.parametrize("descending", [True, False])
async def test_pages_cover_every_row_once_though_times_are_equal_and_rows_come_meanwhile(
    owner: httpx.AsyncClient, *, descending: bool
) -> None:
    account = UUID((await owner.get("/api/me")).json()["account_id"])
    now = utc_now()

    def entry(n: int, minutes: float) -> AuditEntry:
        when = now + timedelta(minutes=minutes)
        return AuditEntry(user_id=account, action="test", entity_type="test", data={"n": n}, created_at=when)

    async with open_session() as session:
        session.add_all([entry(n, n // 3) for n in range(10)])
    statement = sa.select(AuditEntry).where(col(AuditEntry.action) == "test")
    seen: list[int] = []
    cursor: str | None = None
    while True:
        async with open_session() as session:
            page: Page[int] = await paginate(
                session, statement, KEYS, lambda row: int(row.data["n"]), limit=3, cursor=cursor, descending=descending
            )
            session.add(entry(99, 60 if descending else -60))  # before the first page: never seen, and nothing shifts
        seen += page.data
        cursor = page.next_cursor
        assert page.has_more == (cursor is not None)
        if cursor is None:
            break
    assert sorted(seen) == list(range(10))
    assert [n // 3 for n in seen] == sorted((n // 3 for n in seen), reverse=descending)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_gives_back_its_key(when: object, key: UUID) -> None:
    assert decode_cursor(encode_cursor([when, key]), KEYS) == [when, key]


@given(st.one_of(st.text(), st.binary().map(lambda b: urlsafe_b64encode(b).decode())))
def test_what_is_no_cursor_is_refused_and_never_breaks(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        decode_cursor(text, KEYS)
    assert raised.value.errors[0].pointer == "/query/cursor"


def test_a_cursor_of_another_list_is_refused() -> None:
    for values in ([utc_now()], [3, "x"], [utc_now(), "x"], [utc_now().replace(tzinfo=None), UUID(int=1)], [{"a": 1}, []]):
        with pytest.raises(Invalid):
            decode_cursor(encode_cursor(values), KEYS)
