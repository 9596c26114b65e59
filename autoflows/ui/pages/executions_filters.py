"""What narrows the list of executions: tabs, filters and the order."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.outcomes import CallOutcome
from autoflows.ui import words
from autoflows.ui.components import filter_select, note
from autoflows.ui.components.picker import Picker
from autoflows.ui.components.tab_row import tab, tab_row
from autoflows.ui.states.executions import ExecutionList
from autoflows.ui.states.executions_rows import Tab
from autoflows.ui.states.executions_wanted import RUNS, SORTS, WITHIN

PANEL = "executions-shown"
WANTED = ExecutionList.wanted


def _choose(name: str) -> Any:
    return lambda value: ExecutionList.choose(name, value)


def tabs() -> rx.Component:
    """What they do or how they ended, each with its number."""

    def one(each: rx.Var[Tab]) -> rx.Component:
        return tab(
            each.label,
            rx.el.span(each.count, class_name="af-status-tab-count"),
            is_chosen=WANTED.status == each.value,
            panel=PANEL,
            class_name="af-status-tab",
            on_click=ExecutionList.choose("status", each.value),
            key=each.value,
        )

    return tab_row(rx.foreach(ExecutionList.tabs, one), label="Status", chosen=WANTED.status, class_name="af-status-tabs")


def _search() -> rx.Component:
    label = "Search name or phone"
    return rx.el.div(
        rx.debounce_input(
            rx.input(
                rx.input.slot(rx.icon("search", size=15)),
                value=WANTED.search,
                on_change=_choose("search"),
                placeholder=label,
                aria_label=label,
                type="search",
                width="100%",
            ),
            debounce_timeout=300,
        ),
        class_name="af-grow",
    )


def _days() -> rx.Component:
    """Either a span that ends now, or days."""

    def day(name: str, label: str, value: Any) -> rx.Component:
        return rx.input(type="date", value=value, on_change=_choose(name), aria_label=label, title=label)

    return rx.fragment(
        filter_select("Triggered", WANTED.within, list(WITHIN.items()), _choose("within")),
        rx.el.div(
            day("first", "From day", WANTED.first),
            rx.el.span("–", aria_hidden="true", class_name="af-muted"),
            day("last", "To day", WANTED.last),
            class_name="af-row af-flat-row af-filter-days",
        ),
    )


def _runs() -> rx.Component:
    return rx.select.root(
        rx.select.trigger(aria_label="Real executions or test runs", variant="surface"),
        rx.select.content(
            rx.select.item("Real runs", value="real"),
            *(rx.select.item(said, value=value) for value, said in RUNS.items()),
            position="popper",
        ),
        value=rx.cond(WANTED.runs == "", "real", WANTED.runs),
        on_change=_choose("runs"),
    )


def _order() -> rx.Component:
    return rx.select.root(
        rx.select.trigger(aria_label="Order", variant="surface"),
        rx.select.content(*(rx.select.item(said, value=value) for value, said in SORTS.items()), position="popper"),
        value=WANTED.sort,
        on_change=_choose("sort"),
    )


def filters() -> rx.Component:
    """The filters in a row."""
    return rx.el.div(
        _search(),
        rx.button(
            rx.icon("sliders-horizontal", size=14),
            rx.cond(ExecutionList.narrowed, "Filters, some chosen", "Filters"),
            variant="surface",
            color_scheme="gray",
            aria_expanded=ExecutionList.filters_open,
            class_name="af-filters-more",
            on_click=ExecutionList.toggle_filters,
        ),
        rx.el.div(
            Picker.create(
                label="Filter by flow",
                value=WANTED.flow,
                options=ExecutionList.flow_options,
                none="Flow: all",
                on_choose=_choose("flow"),
            ),
            class_name="af-filter-flow",
        ),
        filter_select("Source", WANTED.source, ExecutionList.source_options, _choose("source")),
        filter_select(
            "Last call",
            WANTED.outcome,
            [(o.value, words.CALL_OUTCOMES.get(o.value, o.value.capitalize())) for o in CallOutcome],
            _choose("outcome"),
        ),
        filter_select("Held by", WANTED.rule, ExecutionList.rule_options, _choose("rule")),
        _runs(),
        _days(),
        _order(),
        rx.cond(
            ExecutionList.narrowed,
            rx.button(
                rx.icon("x", size=14),
                "Clear filters",
                variant="ghost",
                color_scheme="gray",
                margin="0",
                on_click=ExecutionList.clear_filters,
            ),
            rx.fragment(),
        ),
        class_name=rx.cond(ExecutionList.filters_open, "af-filters af-filters-many", "af-filters af-filters-many af-filters-closed"),
    )


def warnings() -> rx.Component:
    """What of a link cannot be shown, or is not seen among the filters."""
    return rx.fragment(
        rx.cond(
            ExecutionList.flow_is_gone,
            _strip(
                "The flow of this filter is gone: it was deleted, or never was in this account. Its executions are still listed.",
                "All flows",
                ExecutionList.choose("flow", ""),
                "amber",
            ),
            rx.fragment(),
        ),
        rx.cond(
            WANTED.contact != "",
            _strip("Only the executions of one contact are shown.", "All contacts", ExecutionList.choose("contact", ""), "blue"),
            rx.fragment(),
        ),
        rx.cond(
            ExecutionList.facts_text != "",
            _strip(f"Only the executions behind a number: {ExecutionList.facts_text}.", "Show all", ExecutionList.clear_facts, "blue"),
            rx.fragment(),
        ),
        rx.cond(
            ExecutionList.unknown != "",
            _strip(
                f"The link asked for something that is not known here ({ExecutionList.unknown}); that part was left out.",
                "Dismiss",
                ExecutionList.dismiss_unknown,
                "amber",
            ),
            rx.fragment(),
        ),
    )


def _strip(text: Any, label: str, action: Any, colour: str) -> rx.Component:
    button = rx.button(label, size="1", variant="soft", color_scheme=colour, on_click=action)
    return rx.el.div(note(text, colour=colour, action=button, role="status"), class_name="af-strip")
