"""The rows of the list of executions, and what is under them: the pages."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import Column, data_table, moment, status_badge, tag
from autoflows.ui.components.countdown import countdown
from autoflows.ui.shell import FLOWS
from autoflows.ui.states.executions import ExecutionList
from autoflows.ui.states.executions_rows import ExecutionRow
from autoflows.ui.states.executions_wanted import SIZES

HERE = f"{FLOWS}/executions"
FLASHES = ("", "af-flash-even", "af-flash-odd")
"""Two names for one animation: a row that changes twice flashes twice."""


def _who(row: Any) -> rx.Component:
    return rx.el.div(
        rx.link(row.name, href=f"{HERE}/{row.id}"),
        rx.cond(row.address != "", rx.el.div(row.address, class_name="af-muted af-small"), rx.fragment()),
    )


def _flow(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.span(row.flow_name, class_name="af-clip", title=row.flow_name),
            rx.el.span(f" v{row.flow_version}", class_name="af-muted af-small"),
            rx.cond(row.is_test_run, rx.el.span(" ", tag("Test", "purple")), rx.fragment()),
            class_name="af-nowrap",
        ),
        rx.cond(row.source != "", rx.el.div(row.source, class_name="af-muted af-small"), rx.fragment()),
    )


def _status(row: Any) -> rx.Component:
    return rx.el.div(
        status_badge(row.state),
        rx.cond(row.step != "", rx.el.div(row.step, class_name="af-muted af-small af-nowrap"), rx.fragment()),
    )


def _why(row: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(row.why != "", rx.el.span(row.why, class_name="af-why", title=row.why), rx.el.span("–", class_name="af-muted af-none")),
        rx.cond(row.until != "", rx.el.div(countdown(row.until), class_name="af-muted af-small af-nowrap"), rx.fragment()),
    )


def _call(row: Any) -> rx.Component:
    return rx.cond(row.outcome != "", status_badge(row.outcome), rx.el.span("–", class_name="af-muted af-none"))


def _when(row: Any) -> rx.Component:
    return rx.el.div(
        moment(row.triggered_at),
        rx.cond(row.ended_at != "", rx.el.div("ended ", moment(row.ended_at), class_name="af-muted af-small"), rx.fragment()),
        class_name="af-nowrap",
    )


def _sorting(label: str, first: str, then: str = "", *, rises: bool = False) -> dict[str, Any]:
    """A heading that sorts; pressed again, the other way round if there is one. `rises`: whether the first way is upwards."""
    sort = ExecutionList.wanted.sort
    up, down = (first, then) if rises else (then, first)
    shown = rx.match(
        sort,
        *([(up, rx.icon("arrow-up", size=12))] if up else []),
        *([(down, rx.icon("arrow-down", size=12))] if down else []),
        rx.icon("chevrons-up-down", size=12, class_name="af-sorts-not"),
    )
    press = rx.cond(sort == first, then or "newest", first)
    return {
        "head": rx.el.button(label, shown, type="button", class_name="af-sorts", on_click=ExecutionList.choose("sort", press)),
        "sorted": rx.match(sort, *([(up, "ascending")] if up else []), *([(down, "descending")] if down else []), "none"),
    }


def _tick(row: Any) -> rx.Component:
    return rx.checkbox(
        checked=ExecutionList.all_chosen | ExecutionList.chosen.contains(row.id),
        on_change=lambda on: ExecutionList.tick(row.id, on),
        aria_label=f"Choose {row.name}",
        size="1",
    )


TICKS = Column(
    "",
    _tick,
    width="34px",
    head=rx.checkbox(
        checked=ExecutionList.page_chosen, on_change=ExecutionList.tick_page, aria_label="Choose every execution on this page", size="1"
    ),
)
COLUMNS = (
    Column("Contact", _who, lead=True),
    Column("Flow", _flow),
    Column("Status", _status),
    Column("Waiting for", _why, **_sorting("Waiting for", "soonest", rises=True)),
    Column("Last call", _call),
    Column("Triggered", _when, **_sorting("Triggered", "newest", "oldest")),
    Column(
        "Speed to lead",
        lambda row: rx.el.span(row.speed, class_name="af-number af-nowrap"),
        end=True,
        **_sorting("Speed to lead", "slowest", "fastest"),
    ),
)


def rows(*, ticks: bool) -> rx.Component:
    """The table; with `ticks` each row can be chosen."""

    def row_class(row: rx.Var[ExecutionRow]) -> Any:
        flash = rx.cond(row.revision == 0, FLASHES[0], rx.cond(row.revision % 2 == 0, FLASHES[1], FLASHES[2]))
        return rx.cond(ExecutionList.all_chosen | ExecutionList.chosen.contains(row.id), f"{flash} af-chosen", flash) if ticks else flash

    columns = (TICKS, *COLUMNS) if ticks else COLUMNS
    return rx.el.div(
        data_table(columns, ExecutionList.rows, label="Executions", row_class=row_class),
        class_name="af-executions",
    )


def pages() -> rx.Component:
    """How many there are, how many are shown at a time, and the way to the others."""
    by_time = ExecutionList.wanted.sort == "newest"

    def button(*content: Any, **props: Any) -> rx.Component:
        return rx.button(*content, size="1", variant="soft", color_scheme="gray", **props)

    return rx.el.nav(
        rx.el.span(ExecutionList.rows.length(), " of ", ExecutionList.fitting, class_name="af-number"),
        rx.el.div(
            rx.select.root(
                rx.select.trigger(aria_label="Rows on a page", variant="surface"),
                rx.select.content(*(rx.select.item(f"{size} a page", value=str(size)) for size in SIZES), position="popper"),
                value=ExecutionList.wanted.size.to_string(),
                on_change=lambda size: ExecutionList.choose("size", size),
                size="1",
            ),
            button(
                rx.icon("chevron-left", size=14),
                rx.cond(by_time, "Newer", "Previous"),
                on_click=ExecutionList.previous_page,
                disabled=~ExecutionList.is_later,
            ),
            button(
                rx.cond(by_time, "Older", "Next"),
                rx.icon("chevron-right", size=14),
                on_click=ExecutionList.next_page,
                disabled=~ExecutionList.has_more,
            ),
            class_name="af-row",
        ),
        class_name="af-pager",
        aria_label="Pages",
    )
