"""/dashboard/notifications: what goes on that somebody should know, and what is over."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.bell import unread_mark
from autoflows.ui.components import card, empty_state, moment, pager, severity_icon, status_badge
from autoflows.ui.shell import page
from autoflows.ui.states.notifications import NoticeRow, NotificationsState


def _times(notice: NoticeRow) -> rx.Component:
    return rx.el.div(
        status_badge(notice.severity),
        rx.el.span("Since ", moment(notice.first_at)),
        rx.cond(
            notice.resolved_at,
            rx.el.span("resolved ", moment(notice.resolved_at)),
            rx.cond(notice.is_again, rx.el.span("last seen ", moment(notice.last_at)), rx.fragment()),
        ),
        rx.cond(notice.seen != "", rx.el.span(notice.seen), rx.fragment()),
        class_name="af-notice-times",
    )


def _notice(notice: NoticeRow) -> rx.Component:
    return rx.el.li(
        severity_icon(notice.severity),
        rx.el.div(
            rx.el.div(
                unread_mark(notice.unread),
                rx.link(notice.title, href=notice.href, class_name="af-item-title", underline="hover"),
                class_name="af-notice-title",
            ),
            rx.el.div(notice.detail, class_name="af-muted af-small"),
            _times(notice),
            style={"minWidth": 0, "flex": 1},
        ),
        rx.cond(
            notice.unread,
            rx.button(
                rx.icon("check", size=14),
                "Mark as read",
                size="1",
                variant="soft",
                color_scheme="gray",
                on_click=NotificationsState.mark_read(notice.id),
                aria_label=f"Mark as read: {notice.title}",
            ),
            rx.fragment(),
        ),
        key=notice.id,
    )


def _open() -> rx.Component:
    hidden = NotificationsState.open_total - NotificationsState.open.length()
    return card(
        rx.cond(
            NotificationsState.open.length() > 0,
            rx.fragment(
                rx.el.ul(rx.foreach(NotificationsState.open, _notice), class_name="af-items af-notices", aria_label="Open notifications"),
                rx.cond(hidden > 0, rx.el.div("and ", hidden, " more", class_name="af-pager"), rx.fragment()),
            ),
            empty_state(
                "circle-check",
                "Nothing is amiss",
                "A fault is told here by itself, once, and goes when it is mended: a channel that fails, leads that wait, "
                "attempts whose fate is unknown.",
            ),
        ),
        title="Open",
        flush=True,
    )


def _resolved() -> rx.Component:
    return card(
        rx.cond(
            NotificationsState.resolved.length() > 0,
            rx.el.ul(
                rx.foreach(NotificationsState.resolved, _notice), class_name="af-items af-notices", aria_label="Resolved notifications"
            ),
            rx.el.div("Nothing was resolved in the last 90 days.", class_name="af-muted af-small af-bell-quiet af-notice-none"),
        ),
        pager(NotificationsState),
        title="Resolved",
        flush=True,
    )


def _mark_all() -> rx.Component:
    return rx.cond(
        NotificationsState.unread > 0,
        rx.button(rx.icon("check-check", size=15), "Mark all as read", variant="soft", on_click=NotificationsState.mark_all_read),
        rx.fragment(),
    )


@page(
    "/dashboard/notifications",
    "Notifications",
    NotificationsState,
    text="What goes on that somebody should know. A fault is told once and resolves by itself.",
    actions=lambda: (_mark_all(),),
)
def notifications() -> rx.Component:
    """Open first, then resolved."""
    return rx.el.div(_open(), _resolved(), class_name="af-stack")
