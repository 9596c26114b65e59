"""/dashboard/auto-engagement/executions: every run, live."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import card, empty_state
from autoflows.ui.components.at_top import at_top
from autoflows.ui.pages import executions_bulk, executions_views
from autoflows.ui.pages.executions_filters import PANEL, filters, tabs, warnings
from autoflows.ui.pages.executions_table import HERE, pages, rows
from autoflows.ui.pages.inbox_hint import inbox_hint
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.base import may
from autoflows.ui.states.executions import ExecutionList
from autoflows.ui.states.executions_forecast import Bar, Outlook, Reason
from autoflows.ui.states.executions_wanted import NEEDS_PERSON

WANTED = ExecutionList.wanted


def _newer() -> rx.Component:
    """What has come while the reader was further down, or on a later page: it is loaded when they say so."""
    return rx.el.div(
        rx.cond(
            ExecutionList.newer != "",
            rx.el.button(
                rx.icon("arrow-up", size=14),
                ExecutionList.newer,
                " new",
                type="button",
                class_name="af-newer",
                on_click=ExecutionList.show_newer,
            ),
            rx.fragment(),
        ),
        class_name="af-newer-place",
        role="status",
    )


def _outlook() -> rx.Component:
    """What is due in the next hour, of the whole account."""
    found: Any = ExecutionList.outlook.to(Outlook)

    def bar(one: rx.Var[Bar]) -> rx.Component:
        return rx.el.div(
            rx.el.span(rx.el.span(style={"height": one.height}), class_name="af-outlook-bar"),
            rx.el.span(one.time, class_name="af-outlook-time"),
            title=one.text,
            key=one.time,
        )

    def reason(one: rx.Var[Reason]) -> rx.Component:
        return rx.el.li(
            rx.el.button(one.label, type="button", class_name="af-link", on_click=ExecutionList.choose("rule", one.rule)),
            rx.el.span(rx.el.span(style={"width": one.width}), class_name="af-outlook-share", aria_hidden="true"),
            rx.el.span(one.count, class_name="af-number"),
            key=one.rule,
        )

    drawn = rx.el.div(
        rx.el.div(rx.foreach(found.bars, bar), class_name="af-outlook-bars", aria_hidden="true"),
        rx.el.ul(rx.foreach(found.reasons, reason), class_name="af-outlook-reasons", aria_label="By what holds them"),
        rx.el.ul(rx.foreach(found.bars, lambda one: rx.el.li(one.text)), class_name="af-hidden", aria_label="By time"),
        class_name="af-outlook-drawn",
    )
    return rx.cond(
        ExecutionList.outlook,
        rx.el.section(
            rx.el.p(
                found.text,
                rx.cond(ExecutionList.narrowed, rx.el.span(" Of all flows: the filters do not narrow this.", class_name="af-muted"), ""),
                class_name="af-outlook-text",
            ),
            rx.cond(found.reasons.length() > 0, drawn, rx.fragment()),
            class_name="af-outlook",
            aria_label="The next hour",
        ),
        rx.fragment(),
    )


def _nothing() -> rx.Component:
    clear = rx.button("Clear filters", variant="soft", on_click=ExecutionList.clear_filters)
    every = rx.button("Show all", variant="soft", on_click=ExecutionList.show_all)
    return rx.cond(
        ExecutionList.narrowed,
        empty_state("search-x", "No execution fits these filters", "Take a filter away to see more.", clear),
        rx.match(
            WANTED.status,
            (
                NEEDS_PERSON,
                empty_state(
                    "circle-check",
                    "Nothing needs a person",
                    "If nobody can tell whether a contact attempt reached the lead, its run is listed here until somebody says so.",
                    every,
                ),
            ),
            (
                "waiting",
                empty_state(
                    "coffee", "Nothing waits", "What a wait step, hours or a limit hold back is listed here, with why and how long.", every
                ),
            ),
            (
                "active",
                empty_state(
                    "activity", "Nothing is going on right now", "Runs are here while a call or a message of theirs is on its way.", every
                ),
            ),
            (
                "",
                empty_state(
                    "activity",
                    "No executions yet",
                    "As soon as a lead matches an enabled flow, its run appears here and moves by itself.",
                    rx.link(rx.button("See the flows", variant="soft", tab_index=-1), href=FLOWS),
                ),
            ),
            empty_state("list-x", "None ended like this", "Runs that end this way are listed here.", every),
        ),
    )


def _actions() -> tuple[rx.Component, ...]:
    # The file is streamed by the REST side, so the browser is to fetch it by itself and not look for a page of that name.
    export = rx.el.a(
        rx.icon("download", size=15),
        "Export CSV",
        href=ExecutionList.export_href,
        download="executions.csv",
        class_name="af-export",
        custom_attrs={"reloadDocument": True},
    )
    return (executions_views.picker(), rx.cond(may(Permission.EXPORT), export, rx.fragment()))


@page(
    HERE,
    "Execution logs",
    ExecutionList,
    text="One line per lead that entered a flow. The list moves by itself while workers work.",
    actions=_actions,
    write=Permission.EXECUTIONS_WRITE,
)
def executions() -> rx.Component:
    """The list."""
    writes = may(Permission.EXECUTIONS_WRITE)
    return rx.fragment(
        at_top(ExecutionList.at_top, ExecutionList.set_at_top),
        rx.cond(writes, rx.fragment(executions_bulk.result(), executions_bulk.bar(), executions_bulk.dialog()), rx.fragment()),
        _newer(),
        card(
            tabs(),
            filters(),
            warnings(),
            inbox_hint(WANTED.status == NEEDS_PERSON),
            rx.el.div(
                _outlook(),
                rx.cond(
                    ExecutionList.rows.length() > 0,
                    rx.fragment(rx.cond(writes, rows(ticks=True), rows(ticks=False)), pages()),
                    _nothing(),
                ),
                id=PANEL,
                role="tabpanel",
                aria_label="Executions",
            ),
            flush=True,
        ),
        executions_views.dialogs(),
    )
