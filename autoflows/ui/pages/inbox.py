"""/dashboard/auto-engagement/inbox: what needs a person, by cause, and dealing with it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import card, empty_state, filter_select, moment, note, pager
from autoflows.ui.pages.inbox_dialogs import act_dialog, leave_dialog
from autoflows.ui.pages.inbox_item import item
from autoflows.ui.shell import INBOX, page
from autoflows.ui.states.base import may
from autoflows.ui.states.inbox import InboxState
from autoflows.ui.states.inbox_rows import KINDS, CauseRow

WRITE = Permission.EXECUTIONS_WRITE
ICONS = {"ai_call": "phone", "whatsapp_message": "message-circle", "email": "mail", "sms": "message-square", "webhook": "webhook"}
TABS = ((False, "To deal with"), (True, "Left as they are"))


def _icon(cause: rx.Var[CauseRow]) -> rx.Component:
    icon = rx.match(cause.icon, *((kind, rx.icon(name, size=16)) for kind, name in ICONS.items()), rx.icon("circle-alert", size=16))
    bad = rx.cond(cause.kind == "failed", "error", "warning")
    return rx.el.span(icon, class_name="af-attention-icon", aria_hidden="true", custom_attrs={"data-severity": bad})


def _tools(cause: rx.Var[CauseRow]) -> rx.Component:
    def tool(icon: str, label: str, act: str, **look: Any) -> rx.Component:
        return rx.button(rx.icon(icon, size=14), label, size="1", on_click=InboxState.ask_all(act, cause.key), **look)

    quiet = {"variant": "soft", "color_scheme": "gray"}
    failed = (tool("rotate-ccw", "Try all again", "retry", variant="soft"), tool("archive", "Leave all", "dismiss", **quiet))
    doubted = tool("list-checks", "Answer for all", "resolve", **quiet)
    return rx.cond(
        may(WRITE) & (cause.count > 1),
        rx.el.div(rx.cond(cause.kind == "failed", rx.fragment(*failed), doubted), class_name="af-cause-tools"),
        rx.fragment(),
    )


def _cause(cause: rx.Var[CauseRow]) -> rx.Component:
    is_open = InboxState.opened == cause.key
    heading = rx.el.h2(
        rx.el.button(
            cause.title,
            rx.icon("chevron-right", size=14),
            type="button",
            class_name="af-cause-toggle",
            on_click=InboxState.open_cause(cause.key),
            custom_attrs={"aria-expanded": is_open.to_string()},
        )
    )
    said = rx.el.p(
        cause.advice,
        rx.cond(cause.channel != "", rx.el.span(" Channel: ", _channel(cause), "."), rx.fragment()),
        " The latest ",
        moment(cause.newest_at),
        ".",
        class_name="af-cause-text",
    )
    return rx.el.section(
        rx.el.div(_icon(cause), rx.el.div(heading, said), _tools(cause), class_name="af-cause-head"),
        rx.cond(is_open, rx.fragment(_newer(), _items(), pager(InboxState)), rx.fragment()),
        class_name="af-card",
        aria_label=cause.title,
        key=cause.key,
    )


def _channel(cause: rx.Var[CauseRow]) -> rx.Component:
    return rx.cond(cause.is_account, rx.link(cause.channel, href="/dashboard/channels", underline="always"), rx.el.span(cause.channel))


def _newer() -> rx.Component:
    return rx.cond(
        InboxState.newer,
        rx.el.div(
            rx.button(rx.icon("arrow-up", size=14), "Show what came since", size="1", variant="soft", on_click=InboxState.show_newer),
            class_name="af-pager",
        ),
        rx.fragment(),
    )


def _items() -> rx.Component:
    return rx.el.ul(rx.foreach(InboxState.rows, item), class_name="af-inbox-items")


def _filters() -> rx.Component:
    def tab(is_left: bool, label: str) -> rx.Component:
        return rx.el.button(
            label,
            type="button",
            role="tab",
            class_name="af-status-tab",
            custom_attrs={"aria-selected": (InboxState.left == is_left).to_string()},
            on_click=InboxState.show_left(is_left),
        )

    return rx.el.section(
        rx.el.div(*(tab(*one) for one in TABS), class_name="af-status-tabs", role="tablist", aria_label="What is shown"),
        rx.el.div(
            rx.cond(InboxState.left, rx.fragment(), filter_select("Kind", InboxState.kind, KINDS, InboxState.set_kind)),
            filter_select("Flow", InboxState.flow, InboxState.flow_names, InboxState.set_flow),
            filter_select("Channel", InboxState.channel, InboxState.channel_names, InboxState.set_channel),
            class_name="af-filters af-filters-last",
        ),
        class_name="af-card",
        aria_label="Filters",
    )


def _nothing() -> rx.Component:
    filtered = (InboxState.kind != "") | (InboxState.flow != "") | (InboxState.channel != "")
    clear = rx.button("Clear filters", variant="soft", on_click=InboxState.clear_filters)
    return card(
        rx.cond(
            filtered,
            empty_state("search-x", "Nothing of these filters", "Take a filter away to see whether anything else needs a person.", clear),
            rx.cond(
                InboxState.left,
                empty_state(
                    "archive", "Nothing was left", "A failed run that somebody leaves as it is stays here, with who, when and why."
                ),
                empty_state(
                    "circle-check",
                    "Nothing needs you",
                    "Every contact attempt is known to have ended, and every failed run was dealt with. "
                    "What comes up is here within a second, and nothing is sent twice meanwhile.",
                ),
            ),
        ),
        flush=True,
    )


@page(
    INBOX,
    "Inbox",
    InboxState,
    text="Attempts that may or may not have arrived, and runs that failed.",
    write=WRITE,
)
def inbox() -> rx.Component:
    """By cause, or what was left as it is."""
    left = rx.cond(InboxState.rows.length() > 0, card(_items(), pager(InboxState), flush=True), _nothing())
    causes = rx.el.div(rx.foreach(InboxState.causes, _cause), class_name="af-stack")
    return rx.el.div(
        _filters(),
        rx.cond(InboxState.left, left, rx.cond(InboxState.causes.length() > 0, causes, _nothing())),
        rx.cond(
            InboxState.causes.length() >= 100,
            note("Only the 100 latest causes are shown. Filter by flow or channel to see others."),
            rx.fragment(),
        ),
        leave_dialog(),
        act_dialog(),
        class_name="af-stack",
    )
