"""One thing of the inbox: who, what is known, and the answers a person can give."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.evidence import NAMED_BY_PERSON
from autoflows.domain.executions import LogStatus
from autoflows.domain.permissions import Permission
from autoflows.ui.components import moment
from autoflows.ui.shell import FLOWS
from autoflows.ui.states.base import may
from autoflows.ui.states.execution_amend import ENDINGS
from autoflows.ui.states.inbox import InboxState
from autoflows.ui.states.inbox_rows import ItemRow, KnownLine

QUIET = {"size": "1", "variant": "soft", "color_scheme": "gray"}


def item(row: rx.Var[ItemRow]) -> rx.Component:
    """A line of the list; one that was dealt with while it was shown keeps its place and says how."""
    return rx.el.li(
        _who(row),
        _known(row),
        rx.cond(
            row.gone != "",
            rx.el.div(rx.icon("check", size=14), row.gone, class_name="af-row af-muted af-small", role="status"),
            rx.cond(may(Permission.EXECUTIONS_WRITE), _acts(row), rx.fragment()),
        ),
        class_name=rx.cond(row.gone != "", "af-inbox-item af-inbox-gone", "af-inbox-item"),
        key=row.id,
    )


def _who(row: rx.Var[ItemRow]) -> rx.Component:
    return rx.el.div(
        rx.link(row.name, href=f"{FLOWS}/executions/{row.execution_id}"),
        rx.cond(row.address != row.name, rx.el.div(row.address, class_name="af-muted af-small"), rx.fragment()),
        rx.el.div(row.flow, class_name="af-small"),
        rx.el.div(row.step, rx.cond(row.channel != "", f" · {row.channel}", ""), class_name="af-muted af-small"),
        rx.el.div(moment(row.at), class_name="af-muted af-small"),
        class_name="af-inbox-who",
    )


def _line(line: rx.Var[KnownLine]) -> rx.Component:
    when = rx.cond(line.at != "", moment(line.at, "seconds"), rx.el.span("", class_name="af-known-time"))
    return rx.el.li(when, rx.el.span(line.text))


def _known(row: rx.Var[ItemRow]) -> rx.Component:
    return rx.el.div(
        rx.el.ul(rx.foreach(row.known, _line), class_name="af-known", aria_label="What is known"),
        rx.cond(
            (row.sent != "") | (row.provider_ref != ""),
            rx.el.details(
                rx.el.summary("What was sent"),
                rx.cond(row.sent != "", rx.el.p(row.sent, class_name="af-sent"), rx.fragment()),
                rx.cond(
                    row.provider_ref != "",
                    rx.el.p("The provider's id: ", rx.el.span(row.provider_ref, class_name="af-mono"), class_name="af-help"),
                    rx.fragment(),
                ),
                class_name="af-more af-inbox-more",
            ),
            rx.fragment(),
        ),
        rx.cond(
            row.risk != "", rx.el.p(rx.icon("triangle-alert", size=14), row.risk, class_name="af-inbox-said af-inbox-risk"), rx.fragment()
        ),
        rx.cond(row.retry != "", rx.el.p(rx.icon("rotate-ccw", size=14), row.retry, class_name="af-inbox-said"), rx.fragment()),
        rx.cond(
            row.left != "",
            rx.el.p(rx.icon("archive", size=14), rx.el.span(row.left, ", ", moment(row.left_at)), class_name="af-inbox-said"),
            rx.fragment(),
        ),
    )


def _acts(row: rx.Var[ItemRow]) -> rx.Component:
    failed = rx.fragment(
        rx.button(
            rx.icon("rotate-ccw", size=14),
            "Try again",
            size="1",
            variant="soft",
            disabled=~row.can_retry,
            on_click=InboxState.retry(row.id),
            aria_label=f"Try again: {row.name}",
        ),
        rx.cond(
            row.left == "",
            rx.button(
                rx.icon("archive", size=14), "Leave it", on_click=InboxState.ask_leave(row.id), aria_label=f"Leave it: {row.name}", **QUIET
            ),
            rx.fragment(),
        ),
    )
    doubted = rx.fragment(_answer(row, "check", "It reached them", LogStatus.SUCCESS), _answer(row, "x", "It did not", LogStatus.FAILED))
    return rx.el.div(rx.cond(row.kind == "unknown", doubted, failed), class_name="af-inbox-acts")


def _answer(row: rx.Var[ItemRow], icon: str, label: str, status: LogStatus) -> rx.Component:
    """One click for a message; a call asks how it ended."""

    def button(*more: Any, **how: Any) -> rx.Component:
        return rx.button(rx.icon(icon, size=14), label, *more, aria_label=f"{label}: {row.name}", **QUIET, **how)

    menu = rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(button(rx.icon("chevron-down", size=13))),
        rx.dropdown_menu.content(
            *(
                rx.dropdown_menu.item(ENDINGS[outcome], on_click=InboxState.resolve(row.id, status.value, outcome.value))
                for outcome in NAMED_BY_PERSON[status]
            )
        ),
        modal=False,
    )
    return rx.cond(row.is_call, menu, button(on_click=InboxState.resolve(row.id, status.value, "")))
