"""What the team is told, as each person may see it, and who has read what.

Everybody reads notifications, each role of the kinds that it could look into (`domain.notices.KINDS`); no sentence names a person, and
what a provider said is masked for roles without `pii:read`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from autoflows.domain.errors import NotFound
from autoflows.domain.notices import KINDS, Severity, kinds_for
from autoflows.domain.permissions import ROLE_PERMISSIONS, Permission
from autoflows.engine import live
from autoflows.models import Notification, NotificationRead
from autoflows.services.access import Actor, AsyncSession, open_to, requires
from autoflows.services.after_commit import after_commit
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.views.masking import shown
from autoflows.services.views.notifications import MarkedRead, NotificationCounts, NotificationView

UNREAD_AGAIN = timedelta(hours=1)
"""What was read and goes on bothers its reader no oftener than this."""

IS_OPEN = col(Notification.resolved_at).is_(None)
UNREAD = sa.and_(
    IS_OPEN, sa.or_(col(NotificationRead.read_at).is_(None), col(Notification.last_at) >= col(NotificationRead.read_at) + UNREAD_AGAIN)
)
WORST_FIRST = list(KINDS)


@requires(Permission.NOTIFICATIONS_READ)
async def list_notifications(
    actor: Actor,
    session: AsyncSession,
    *,
    is_open: bool | None = None,
    unread: bool | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[NotificationView]:
    """What was seen last comes first. `is_open` and `unread` narrow the list to those that are, or are not."""
    statement = _mine(actor, Notification, UNREAD)
    if is_open is not None:
        statement = statement.where(IS_OPEN if is_open else ~IS_OPEN)
    if unread is not None:
        statement = statement.where(UNREAD if unread else ~UNREAD)
    keys = [col(Notification.last_at), col(Notification.id)]
    return await paginate(session, statement, keys, lambda *row: _view(actor, *row), limit=limit, cursor=cursor)


@requires(Permission.NOTIFICATIONS_READ)
async def count_notifications(actor: Actor, session: AsyncSession) -> NotificationCounts:
    """For the bell: what is open, and how much of it is unread."""
    count, errors = sa.func.count(), col(Notification.severity) == Severity.ERROR
    statement = _mine(actor, count, count.filter(UNREAD), count.filter(errors)).where(IS_OPEN)
    found, unread, bad = (await session.exec(statement)).one()  # type: ignore[call-overload]
    return NotificationCounts(open=found, unread=unread, errors=bad)


@requires(Permission.NOTIFICATIONS_READ)
async def mark_read(actor: Actor, session: AsyncSession, notification_id: UUID) -> NotificationView:
    """Note that this person has read it. Raises NotFound."""
    one = col(Notification.id) == notification_id
    await _note(actor, session, one)
    row = (await session.exec(_mine(actor, Notification, UNREAD).where(one))).first()  # type: ignore[call-overload]
    if row is None:
        raise NotFound(f"There is no notification with the id {notification_id}.")
    return _view(actor, *row)


@requires(Permission.NOTIFICATIONS_READ)
async def mark_all_read(actor: Actor, session: AsyncSession) -> MarkedRead:
    """Note that this person has read all that is unread now; what comes meanwhile stays unread."""
    return MarkedRead(marked=await _note(actor, session, UNREAD))


@open_to("services")
async def open_notices(actor: Actor, session: AsyncSession) -> list[NotificationView]:
    """All that is open and not merely as somebody wanted it, the worst first; not masked yet."""
    statement = _mine(actor, Notification, UNREAD).where(IS_OPEN, col(Notification.severity) != Severity.INFO)
    rows = (await session.exec(statement.order_by(col(Notification.first_at)))).all()  # type: ignore[call-overload]
    return sorted((_plain(*row) for row in rows), key=lambda notice: WORST_FIRST.index(notice.kind))


def _mine(actor: Actor, *columns: Any) -> sa.Select[Any]:
    """Of the account's notifications those that concern the actor, with when they read them."""
    read = sa.and_(col(NotificationRead.notification_id) == col(Notification.id), col(NotificationRead.user_id) == actor.user_id)
    return (
        sa.select(*columns)
        .select_from(Notification)
        .outerjoin(NotificationRead, read)
        .where(col(Notification.user_id) == actor.account_id, col(Notification.kind).in_(kinds_for(ROLE_PERMISSIONS[actor.role])))
    )


async def _note(actor: Actor, session: AsyncSession, which: sa.ColumnElement[bool]) -> int:
    now = sa.func.clock_timestamp()
    # In the order of their ids, so that two of the same person's tabs do not wait for each other in a ring.
    unread = _mine(actor, col(Notification.id), sa.literal(actor.user_id, sa.Uuid()), now).where(which).order_by(col(Notification.id))
    reads: Any = insert(NotificationRead).from_select(["notification_id", "user_id", "read_at"], unread)
    noted = await session.exec(reads.on_conflict_do_update(index_elements=["notification_id", "user_id"], set_={"read_at": now}))
    if noted.rowcount:
        after_commit(session, lambda: _tell(actor.account_id))
    return int(noted.rowcount)


async def _tell(account_id: UUID) -> None:
    """The reader's other tabs show the new count."""
    live.publish([live.LiveChange(account_id, kind="notification")])


def _plain(notification: Notification, unread: bool | None) -> NotificationView:
    own = {name: getattr(notification, name) for name in NotificationView.model_fields if name != "unread"}
    return NotificationView(**own, unread=bool(unread))


def _view(actor: Actor, notification: Notification, unread: bool | None) -> NotificationView:
    return shown(_plain(notification, unread), pii=actor.may(Permission.PII_READ))
