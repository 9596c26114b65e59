"""Who is told what, and that reading is each person's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from autoflows.domain.errors import NotFound
from autoflows.domain.notices import KINDS, NoticeKind, say
from autoflows.domain.permissions import Permission, Role
from autoflows.engine.notices import raise_notice, resolve
from autoflows.engine.pool import get_pool, transact
from autoflows.models.database import open_session
from autoflows.services import auth, notifications
from autoflows.services.access import Actor
from autoflows.services.pages import Page
from autoflows.services.users import find_user
from autoflows.services.views.notifications import NotificationView
from tests.api.conftest import OWNER, People


async def acting(email: str) -> Actor:
    async with open_session() as session:
        user = await find_user(session, email)
        assert user is not None
        return auth.actor_of(user, "session")


async def tell(account_id: UUID, kind: NoticeKind = NoticeKind.CHANNEL_DOWN, subject: str = "one", reason: str = "") -> None:
    notice = say(kind, subject, name="Voice", reason=reason, number=3)
    await transact(lambda connection: raise_notice(connection, account_id, *notice))


async def listed(actor: Actor, **filters: Any) -> Page[NotificationView]:
    async with open_session() as session:
        return await notifications.list_notifications(actor, session, **filters)


async def unread(actor: Actor) -> int:
    async with open_session() as session:
        return (await notifications.count_notifications(actor, session)).unread


async def test_each_role_is_told_what_it_could_look_into(owner: httpx.AsyncClient, people: People) -> None:
    me = await acting(OWNER)
    for kind in NoticeKind:
        await tell(me.account_id, kind)
    for role in (Role.ADMIN, Role.MANAGER, Role.VIEWER):
        await people.add(f"{role}@example.com", role, OWNER)
    everything = {kind.value for kind in NoticeKind}
    for email, hidden in (
        (OWNER, set()),
        ("admin@example.com", set()),
        ("manager@example.com", set()),
        ("viewer@example.com", {"kill_switch", "budget_reached", "speed_late"}),
    ):
        actor = await acting(email)
        assert {notice.kind for notice in (await listed(actor)).data} == everything - hidden, email
        assert await unread(actor) == len(everything - hidden)
    assert {known.audience for known in KINDS.values()} <= set(Permission)


async def test_another_accounts_notices_do_not_exist(owner: httpx.AsyncClient, people: People) -> None:
    await people.add("stranger@example.com")
    me, stranger = await acting(OWNER), await acting("stranger@example.com")
    await tell(me.account_id)
    [mine] = (await listed(me)).data
    assert (await listed(stranger)).data == []
    with pytest.raises(NotFound):
        async with open_session() as session:
            await notifications.mark_read(stranger, session, mine.id)
    async with open_session() as session:
        assert (await notifications.mark_all_read(stranger, session)).marked == 0
    assert await unread(me) == 1


async def test_a_viewer_cannot_read_what_is_not_for_them(owner: httpx.AsyncClient, people: People) -> None:
    await people.add("viewer@example.com", Role.VIEWER, OWNER)
    me, viewer = await acting(OWNER), await acting("viewer@example.com")
    await tell(me.account_id, NoticeKind.KILL_SWITCH)
    [notice] = (await listed(me)).data
    with pytest.raises(NotFound):
        async with open_session() as session:
            await notifications.mark_read(viewer, session, notice.id)


async def test_what_a_provider_said_is_masked(owner: httpx.AsyncClient, people: People) -> None:
    await people.add("viewer@example.com", Role.VIEWER, OWNER)
    me, viewer = await acting(OWNER), await acting("viewer@example.com")
    await tell(me.account_id, subject=str(me.user_id), reason="Refused for +919876500001 and asha@example.com")
    [whole], [masked] = (await listed(me)).data, (await listed(viewer)).data
    assert whole.detail == "Refused for +919876500001 and asha@example.com"
    assert masked.detail == "Refused for +91••••••••01 and a•••@example.com"
    assert (masked.subject, masked.href, masked.title) == (whole.subject, whole.href, whole.title)


async def test_reading_is_each_persons_own_and_lasts_while_it_goes_on(owner: httpx.AsyncClient, people: People) -> None:
    await people.add("manager@example.com", Role.MANAGER, OWNER)
    me, colleague = await acting(OWNER), await acting("manager@example.com")
    await tell(me.account_id)
    await tell(me.account_id, NoticeKind.LEAD_ERROR, "")
    failed, _ = (await listed(me)).data
    assert failed.kind is NoticeKind.LEAD_ERROR
    async with open_session() as session:
        assert not (await notifications.mark_read(me, session, failed.id)).unread
    assert (await unread(me), await unread(colleague)) == (1, 2)
    assert [notice.kind for notice in (await listed(me, unread=True)).data] == ["channel_down"]
    assert [notice.kind for notice in (await listed(me, unread=False)).data] == ["lead_error"]
    async with open_session() as session:
        assert (await notifications.mark_all_read(me, session)).marked == 1
    assert (await unread(me), await unread(colleague)) == (0, 2)
    pool = await get_pool()
    for minutes, expected in ((59, 0), (61, 2)):
        await pool.execute("UPDATE notifications SET last_at = now() + $1", timedelta(minutes=minutes))
        assert await unread(me) == expected


async def test_what_is_resolved_is_history_and_not_unread(owner: httpx.AsyncClient) -> None:
    me = await acting(OWNER)
    await tell(me.account_id)
    await tell(me.account_id, subject="two")
    await transact(lambda connection: resolve(connection, me.account_id, NoticeKind.CHANNEL_DOWN, "one"))
    assert await unread(me) == 1
    assert [notice.subject for notice in (await listed(me, is_open=True)).data] == ["two"]
    [resolved] = (await listed(me, is_open=False)).data
    assert (resolved.subject, resolved.unread, resolved.resolved_at is None) == ("one", False, False)
