"""/dashboard/auto-engagement/executions: every run, live."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import Column, card, data_table, empty_state, filter_select, moment, pager, search_box, status_badge, tag
from autoflows.ui.components.countdown import countdown
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.executions import NEEDS_PERSON, ExecutionList, StatusTab

HERE = f"{FLOWS}/executions"


def _who(row: Any) -> rx.Component:
    return rx.el.div(
        rx.link(row.name, href=f"{HERE}/{row.id}"),
        rx.cond(row.address != "", rx.el.div(row.address, class_name="af-muted af-small"), rx.fragment()),
    )


def _flow(row: Any) -> rx.Component:
    return rx.el.span(
        rx.el.span(row.flow_name, class_name="af-clip", title=row.flow_name),
        rx.el.span(f" v{row.flow_version}", class_name="af-muted af-small"),
        rx.cond(row.is_test_run, rx.el.span(" ", tag("Test", "purple")), rx.fragment()),
    )


def _waiting(row: Any) -> rx.Component:
    return rx.el.span(
        rx.el.span(row.waiting, class_name="af-muted af-clip", title=row.waiting),
        rx.cond(row.waiting_until != "", rx.el.span(" · ", countdown(row.waiting_until), class_name="af-small af-nowrap"), rx.fragment()),
    )


COLUMNS = (
    Column("Contact", _who, lead=True),
    Column("Flow", _flow),
    Column("Status", lambda row: status_badge(row.status)),
    Column("Step", lambda row: rx.el.span(rx.cond(row.step != "", row.step, "–"), class_name="af-number af-nowrap")),
    Column("Waiting for", _waiting),
    Column("Triggered", lambda row: moment(row.triggered_at)),
    Column("Speed to lead", lambda row: rx.el.span(row.speed, class_name="af-number af-nowrap"), end=True),
)


def _tab(tab: rx.Var[StatusTab]) -> rx.Component:
    return rx.el.button(
        tab.label,
        rx.el.span(tab.count, class_name="af-status-tab-count"),
        type="button",
        role="tab",
        class_name="af-status-tab",
        custom_attrs={"aria-selected": (ExecutionList.status == tab.value).to_string()},
        on_click=ExecutionList.set_status(tab.value),
        key=tab.value,
    )


def _day(which: str, label: str, value: rx.Var[str]) -> rx.Component:
    return rx.input(type="date", value=value, on_change=lambda v: ExecutionList.set_day(which, v), aria_label=label, title=label)


def _filters() -> rx.Component:
    return rx.el.div(
        search_box(ExecutionList, "Search name or phone"),
        filter_select("Flow", ExecutionList.flow, ExecutionList.flow_names, ExecutionList.set_flow),
        rx.select.root(
            rx.select.trigger(aria_label="Real executions or test runs", variant="surface"),
            rx.select.content(rx.select.item("Real runs", value="all"), rx.select.item("Test runs", value="test"), position="popper"),
            value=rx.cond(ExecutionList.runs == "", "all", ExecutionList.runs),
            on_change=ExecutionList.set_runs,
        ),
        rx.el.div(
            _day("first", "From day", ExecutionList.first_day),
            rx.el.span("–", aria_hidden="true", class_name="af-muted"),
            _day("last", "To day", ExecutionList.last_day),
            class_name="af-row af-flat-row",
        ),
        class_name="af-filters",
    )


def _nothing() -> rx.Component:
    filtered = (
        (ExecutionList.search != "")
        | (ExecutionList.flow != "")
        | (ExecutionList.status != "")
        | (ExecutionList.runs != "")
        | (ExecutionList.first_day != "")
        | (ExecutionList.last_day != "")
    )
    return rx.cond(
        ExecutionList.status == NEEDS_PERSON,
        empty_state(
            "circle-check",
            "Nothing needs a person",
            "If nobody can tell whether a contact attempt reached the lead, its run is listed here until somebody says so.",
            rx.button("Show all", variant="soft", on_click=ExecutionList.clear_filters),
        ),
        _none_fits(filtered),
    )


def _none_fits(filtered: Any) -> rx.Component:
    return rx.cond(
        filtered,
        empty_state(
            "search-x",
            "No execution fits these filters",
            "Take a filter away to see more.",
            rx.button("Clear filters", variant="soft", on_click=ExecutionList.clear_filters),
        ),
        empty_state(
            "activity",
            "No executions yet",
            "As soon as a lead matches an enabled flow, its run appears here and moves by itself.",
            rx.link(rx.button("See the flows", variant="soft"), href=FLOWS),
        ),
    )


@page(
    HERE,
    "Execution logs",
    ExecutionList,
    text="One line per lead that entered a flow. The list moves by itself while workers work.",
)
def executions() -> rx.Component:
    """The list."""
    return card(
        rx.el.div(rx.foreach(ExecutionList.tabs, _tab), class_name="af-status-tabs", role="tablist", aria_label="Status"),
        _filters(),
        rx.cond(ExecutionList.rows.length() > 0, data_table(COLUMNS, ExecutionList.rows, label="Executions"), _nothing()),
        pager(ExecutionList),
        flush=True,
    )
