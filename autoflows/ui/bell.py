"""The bell of the frame: how much is unread, the latest in a popover, and a toast when an error comes up."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components.badges import severity_icon
from autoflows.ui.components.moment import moment
from autoflows.ui.states.notifications import BellState, NoticeRow

PAGE = "/dashboard/notifications"
_js = rx.asset("notice_toast.jsx", shared=True)


class _NoticeToast(rx.Component):
    """The browser-side part: shows nothing in its place."""

    library = _js.importable_path
    tag = "NoticeToast"
    notice_id: rx.Var[str]
    title: rx.Var[str]
    detail: rx.Var[str]
    href: rx.Var[str]


def notice_toast() -> rx.Component:
    """Tells once of each error that comes up while the tab is open."""
    alert = BellState.alert
    return _NoticeToast.create(notice_id=alert.id, title=alert.title, detail=alert.detail, href=alert.href)


def unread_mark(unread: rx.Var[bool]) -> rx.Component:
    """A dot that says "Unread" to who cannot see it."""
    return rx.cond(unread, rx.el.span(rx.el.span("Unread", class_name="af-hidden"), class_name="af-unread"), rx.fragment())


def _line(notice: NoticeRow) -> rx.Component:
    return rx.el.li(
        severity_icon(notice.severity),
        rx.el.div(
            rx.popover.close(
                rx.link(
                    notice.title,
                    href=notice.href,
                    class_name="af-item-title",
                    underline="hover",
                    on_click=BellState.mark_read(notice.id),
                )
            ),
            rx.el.div(notice.detail, class_name="af-muted af-small af-two-lines"),
            rx.el.div(moment(notice.last_at), class_name="af-muted af-small"),
            style={"minWidth": 0, "flex": 1},
        ),
        unread_mark(notice.unread),
        key=notice.id,
    )


def _latest() -> rx.Component:
    return rx.cond(
        BellState.latest.length() > 0,
        rx.el.ul(rx.foreach(BellState.latest, _line), class_name="af-items af-bell-items"),
        rx.el.div(
            rx.icon("circle-check", size=18, color="var(--green-11)"),
            rx.el.div("Nothing is amiss. A fault is told here by itself, and goes when it is mended."),
            class_name="af-bell-quiet",
        ),
    )


def bell(side: str) -> rx.Component:
    """The button with the unread count; `side` is where its popover opens."""
    count = rx.cond(BellState.unread > 99, "99+", BellState.unread.to_string())
    name = rx.cond(BellState.unread > 0, f"Notifications, {BellState.unread} unread", "Notifications, none unread")
    return rx.popover.root(
        rx.popover.trigger(
            rx.el.button(
                rx.icon("bell", size=18, stroke_width=1.8),
                rx.cond(BellState.unread > 0, rx.el.span(count, class_name="af-bell-count", aria_hidden="true"), rx.fragment()),
                type="button",
                class_name="af-bell",
                aria_label=name,
                title=name,
            )
        ),
        rx.popover.content(
            rx.el.div(
                rx.el.h2("Notifications"),
                rx.cond(
                    BellState.unread > 0,
                    rx.button("Mark all as read", size="1", variant="ghost", margin="0", on_click=BellState.mark_all_read),
                    rx.fragment(),
                ),
                class_name="af-spread af-bell-head",
            ),
            _latest(),
            rx.el.div(
                rx.popover.close(rx.link("All notifications", href=PAGE, size="2")),
                rx.cond(BellState.more > 0, rx.el.span(BellState.more, " more open", class_name="af-muted af-small"), rx.fragment()),
                class_name="af-spread af-bell-foot",
            ),
            side=side,
            align="start" if side == "right" else "end",
            class_name="af-bell-panel",
            aria_label="Notifications",
        ),
    )
