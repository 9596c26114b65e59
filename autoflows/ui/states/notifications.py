"""What the team is told: the bell of the frame, and the page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import AutoflowsError
from autoflows.domain.notices import KINDS, Severity
from autoflows.services import notifications
from autoflows.services.pages import MAX_LIMIT
from autoflows.services.views.notifications import NotificationView
from autoflows.ui import live
from autoflows.ui.states.base import PAGE_SIZE, Base, ListState, id_of

A_WHILE = timedelta(minutes=1)
"""What was seen again after so long is said to have been."""
LATEST = 6
"""How many the bell shows."""


class NoticeRow(BaseModel):
    """A notification in a list."""

    id: str
    severity: str
    title: str
    detail: str
    href: str
    seen: str
    first_at: datetime
    last_at: datetime
    is_again: bool
    resolved_at: datetime | None
    unread: bool


def row_of(notice: NotificationView) -> NoticeRow:
    """A notification as lists show it. Kinds that count say the number in their title."""
    again = notice.count > 1 and not KINDS[notice.kind].counts
    return NoticeRow(
        id=str(notice.id),
        severity=notice.severity,
        title=notice.title,
        detail=notice.detail,
        href=notice.href or "/dashboard/notifications",
        seen=f"seen {notice.count:,} times" if again else "",
        first_at=notice.first_at,
        last_at=notice.last_at,
        is_again=notice.last_at - notice.first_at > A_WHILE,
        resolved_at=notice.resolved_at,
        unread=notice.unread,
    )


class Alert(BaseModel):
    """An error that came up while the tab was open; a toast tells of it once."""

    id: str = ""
    title: str = ""
    detail: str = ""
    href: str = ""


class BellState(Base):
    """The bell, live on every page. Roles that may read nothing see an empty one."""

    live_gap_seconds: ClassVar[float] = 0.5

    unread: int = 0
    more: int = 0
    latest: list[NoticeRow] = []
    alert: Alert = Alert()
    _known: list[str] | None = None

    @rx.event
    async def load(self):
        """Look what is open, and go on looking; the page itself answers for the sign-in."""
        try:
            await self._refresh()
            live.subscribe(self, live.notice_topic((await self._actor()).account_id), part="bell")
        except AutoflowsError:
            self.unread, self.more, self.latest, self._known = 0, 0, [], None

    async def _refresh(self) -> None:
        counts = await self._service(notifications.count_notifications)
        found = (await self._service(notifications.list_notifications, is_open=True, limit=MAX_LIMIT)).data
        self.unread, self.more = counts.unread, max(counts.open - LATEST, 0)
        self.latest = [row_of(notice) for notice in found[:LATEST]]
        self._announce([notice for notice in found if notice.severity is Severity.ERROR and notice.unread])
        self._known = [str(notice.id) for notice in found]

    def _announce(self, errors: list[NotificationView]) -> None:
        """What was there when the tab was opened is no news."""
        news = [] if self._known is None else [notice for notice in errors if str(notice.id) not in self._known]
        if news:
            first, others = news[0], len(news) - 1
            detail = f"{first.detail} And {others} more." if others else first.detail
            self.alert = Alert(id=str(first.id), title=first.title, detail=detail, href=first.href)

    @rx.event
    async def mark_read(self, notification_id: str):
        """Its reader has seen one."""
        await self._service(notifications.mark_read, id_of(notification_id))
        await self._refresh()

    @rx.event
    async def mark_all_read(self):
        """Its reader has seen all."""
        await self._service(notifications.mark_all_read)
        await self._refresh()


class NotificationsState(ListState, Base):
    """The page: all that is open, then what is resolved, a page at a time."""

    open: list[NoticeRow] = []
    open_total: int = 0
    unread: int = 0
    resolved: list[NoticeRow] = []

    async def _load(self) -> None:
        await self._refresh()
        live.subscribe(self, live.account_topic((await self._actor()).account_id))

    async def _refresh(self) -> None:
        counts = await self._service(notifications.count_notifications)
        standing = await self._service(notifications.list_notifications, is_open=True, limit=MAX_LIMIT)
        past = await self._service(notifications.list_notifications, is_open=False, limit=PAGE_SIZE, cursor=self._cursor)
        self.open, self.resolved = [row_of(notice) for notice in standing.data], [row_of(notice) for notice in past.data]
        self.open_total, self.unread = counts.open, counts.unread
        self._show_page(next_cursor=past.next_cursor, has_more=past.has_more)

    @rx.event
    async def mark_read(self, notification_id: str):
        """Its reader has seen one."""
        await self._service(notifications.mark_read, id_of(notification_id))
        await self._refresh()
        return BellState.load

    @rx.event
    async def mark_all_read(self):
        """Its reader has seen all."""
        await self._service(notifications.mark_all_read)
        await self._refresh()
        return BellState.load
