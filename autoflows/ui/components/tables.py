"""Lists: a table that turns into cards on a phone, and the pager under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx


@dataclass(frozen=True)
class Column:
    """One column: its heading, and the cell of a row. `lead` marks the one that names the row (it heads the card on a phone).

    `head` is shown in place of the label, such as a button that sorts; `sorted` is then "ascending", "descending" or "none".
    """

    label: str
    cell: Callable[[Any], Any]
    end: bool = False
    lead: bool = False
    width: str = ""
    head: Any = None
    sorted: Any = None


def data_table(
    columns: Sequence[Column], rows: rx.Var[list], *, label: str, key: str = "id", row_class: Callable[[Any], Any] | None = None
) -> rx.Component:
    """The rows as a semantic table. `label` is its accessible name; `row_class` gives the class of a row."""

    def row(item: Any) -> rx.Component:
        cells = (
            rx.el.td(
                column.cell(item),
                custom_attrs={"data-label": column.label},
                class_name=" ".join(filter(None, ("af-end" if column.end else "", "af-lead" if column.lead else ""))),
            )
            for column in columns
        )
        return rx.el.tr(*cells, key=item[key].to_string(), class_name=row_class(item) if row_class else "")

    heads = (
        rx.el.th(
            column.label or rx.el.span("Actions", class_name="af-hidden") if column.head is None else column.head,
            scope="col",
            class_name="af-end" if column.end else "",
            style={"width": column.width} if column.width else {},
            custom_attrs={} if column.sorted is None else {"aria-sort": column.sorted},
        )
        for column in columns
    )
    return rx.el.div(
        rx.el.table(rx.el.thead(rx.el.tr(*heads)), rx.el.tbody(rx.foreach(rows, row)), class_name="af-table", aria_label=label),
        class_name="af-table-wrap",
    )


def pager(state: Any) -> rx.Component:
    """Previous and next for a `ListState`; nothing when all fits on one page."""
    return rx.cond(
        state.has_more | (state.page_number > 1),
        rx.el.nav(
            rx.el.span("Page ", state.page_number),
            rx.el.div(
                rx.button(
                    rx.icon("chevron-left", size=14),
                    "Previous",
                    size="1",
                    variant="soft",
                    color_scheme="gray",
                    on_click=state.previous_page,
                    disabled=state.page_number <= 1,
                ),
                rx.button(
                    "Next",
                    rx.icon("chevron-right", size=14),
                    size="1",
                    variant="soft",
                    color_scheme="gray",
                    on_click=state.next_page,
                    disabled=~state.has_more,
                ),
                class_name="af-row",
            ),
            class_name="af-pager",
            aria_label="Pages",
        ),
    )


def search_box(state: Any, placeholder: str) -> rx.Component:
    """A search field for a `ListState`; typing pauses before it asks the server."""
    return rx.el.div(
        rx.debounce_input(
            rx.input(
                rx.input.slot(rx.icon("search", size=15)),
                value=state.search,
                on_change=state.set_search,
                placeholder=placeholder,
                aria_label=placeholder,
                type="search",
                width="100%",
            ),
            debounce_timeout=300,
        ),
        class_name="af-grow",
    )


def filter_select(label: str, value: rx.Var[str], options: Sequence[tuple[str, str]] | rx.Var[list], on_change: Any) -> rx.Component:
    """A filter: the first choice is always "all". Options are (value, words) pairs, or a var of such pairs."""
    items: list[Any] = [rx.select.item(f"{label}: all", value="all")]
    if isinstance(options, rx.Var):
        items.append(rx.foreach(options, lambda option: rx.select.item(option[1], value=option[0])))
    else:
        items.extend(rx.select.item(words, value=option) for option, words in options)
    return rx.select.root(
        rx.select.trigger(aria_label=f"Filter by {label.lower()}", variant="surface"),
        rx.select.content(*items, position="popper"),
        value=rx.cond(value == "", "all", value),
        on_change=on_change,
    )
