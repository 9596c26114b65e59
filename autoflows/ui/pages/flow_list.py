"""/dashboard/auto-engagement: the flows, in the order they are tried."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import empty_state, filter_select, note
from autoflows.ui.components.sortable import sortable
from autoflows.ui.pages.flow_list_row import flow_row
from autoflows.ui.pages.flow_stop import stop_dialog
from autoflows.ui.pages.flow_tags import tags_dialog
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.base import may
from autoflows.ui.states.flow_list import FlowList, FlowStart
from autoflows.ui.states.flow_shelf import BulkResult

CREATE = f"{FLOWS}/create"
GALLERY = f"{FLOWS}/gallery"
SHOWN = (
    ("enabled", "On"),
    ("disabled", "Off"),
    ("unpublished", "Unpublished changes"),
    ("problems", "With problems"),
    ("archived", "Archive"),
)


def _new() -> rx.Component:
    return rx.cond(
        may(Permission.FLOWS_WRITE),
        rx.link(rx.button(rx.icon("plus", size=16), "New flow", tab_index=-1), href=GALLERY),
        rx.fragment(),
    )


def _tools() -> rx.Component:
    search = rx.debounce_input(
        rx.input(
            rx.input.slot(rx.icon("search", size=15)),
            value=FlowList.search,
            on_change=FlowList.set_search,
            placeholder="Search flows",
            aria_label="Search flows",
            type="search",
            width="100%",
        ),
        debounce_timeout=300,
    )
    tags = rx.cond(
        FlowList.tags.length() > 0,
        rx.select.root(
            rx.select.trigger(aria_label="Filter by tag", variant="surface"),
            rx.select.content(
                rx.select.item("Tag: all", value="all"),
                rx.foreach(FlowList.tags, lambda tag: rx.select.item(tag, value=tag)),
                position="popper",
            ),
            value=rx.cond(FlowList.tag == "", "all", FlowList.tag),
            on_change=FlowList.set_tag,
        ),
        rx.fragment(),
    )
    return rx.el.div(
        rx.el.div(search, class_name="af-list-search"),
        filter_select("Show", FlowList.shown, SHOWN, FlowList.set_shown),
        tags,
        rx.cond(
            FlowList.is_narrowed & may(Permission.FLOWS_WRITE) & (FlowList.shown != "archived"),
            rx.el.span("Show all flows to put them in order.", class_name="af-muted"),
            rx.fragment(),
        ),
        class_name="af-list-tools",
    )


def _bulk() -> rx.Component:
    """What can be done with the ticked flows."""
    every = rx.checkbox(
        checked=FlowList.chosen.length() == FlowList.rows.length(),
        on_change=FlowList.choose_all,
        aria_label="Tick every flow shown",
    )
    bar = rx.el.div(
        rx.el.label(every, FlowList.chosen.length(), " chosen", class_name="af-row"),
        rx.button("Turn on", size="1", variant="soft", on_click=FlowList.switch_chosen(True)),
        rx.button("Turn off", size="1", variant="soft", color_scheme="gray", on_click=FlowList.switch_chosen(False)),
        rx.button("Clear", size="1", variant="ghost", color_scheme="gray", on_click=FlowList.choose_all(False)),
        class_name="af-card af-bulk",
        role="group",
        aria_label="Chosen flows",
    )
    failed = note(
        rx.el.strong(FlowList.bulk_text),
        rx.el.ul(
            rx.foreach(FlowList.bulk_failures, lambda one: rx.el.li(rx.el.strong(one.to(BulkResult).name), ": ", one.to(BulkResult).text))
        ),
        colour="amber",
        action=rx.button("Dismiss", size="1", variant="soft", color_scheme="amber", on_click=FlowList.close_bulk),
        role="alert",
    )
    return rx.fragment(
        rx.cond(FlowList.bulk_text != "", failed, rx.fragment()),
        rx.cond((FlowList.chosen.length() > 0) & (FlowList.shown != "archived"), bar, rx.fragment()),
    )


def _move_bar() -> rx.Component:
    """Below the list: while a flow is dragged what the move would change, and afterwards the way back."""
    return rx.el.div(
        rx.cond(
            FlowList.move_impact != "",
            rx.el.div(rx.icon("arrow-down-up", size=16), rx.el.span(FlowList.move_impact), class_name="af-snack"),
            rx.cond(
                FlowList.undo_text != "",
                rx.el.div(
                    rx.icon("check", size=16),
                    rx.el.span(FlowList.undo_text),
                    rx.el.button("Undo", type="button", on_click=FlowList.undo, class_name="af-snack-action"),
                    rx.el.button(rx.icon("x", size=15), type="button", aria_label="Dismiss", on_click=FlowList.dismiss_undo),
                    class_name="af-snack",
                ),
                rx.fragment(),
            ),
        ),
        class_name="af-snack-place",
        role="status",
    )


def _start(start: rx.Var[FlowStart]) -> rx.Component:
    return rx.link(
        rx.el.span(
            rx.match(start.icon, *((name, rx.icon(name, size=18)) for name in START_ICONS), rx.icon("workflow", size=18)),
            class_name="af-example-icon",
            aria_hidden="true",
        ),
        rx.el.strong(start.title),
        rx.el.span(start.summary),
        href=f"{GALLERY}?template={start.key}",
        class_name="af-card af-example",
        underline="none",
    )


START_ICONS = ("zap", "phone-missed", "message-circle")


def _starts() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            empty_state(
                "workflow",
                "Create your first flow",
                "A flow says which leads it takes and what happens to them: an AI call within seconds, a message if nobody answers, "
                "a mail in any case.",
                rx.link(rx.button(rx.icon("plus", size=16), "Create your first flow", tab_index=-1), href=CREATE),
            ),
            class_name="af-card",
        ),
        rx.el.h2("Or start from a template", class_name="af-subhead"),
        rx.el.div(rx.foreach(FlowList.starts, _start), class_name="af-grid-3"),
        rx.link("All templates", href=GALLERY),
        class_name="af-stack",
    )


def _nothing() -> rx.Component:
    empty = rx.cond(
        may(Permission.FLOWS_WRITE) & (FlowList.archived_total == 0),
        _starts(),
        rx.el.div(
            empty_state("workflow", "No flows yet", "An owner or admin of the account can create one. What is archived is under “Show”."),
            class_name="af-card",
        ),
    )
    narrowed = rx.el.div(
        empty_state(
            "search-x",
            rx.cond(FlowList.shown == "archived", "Nothing in the archive", "No flow fits"),
            rx.cond(
                FlowList.shown == "archived",
                "A flow that is archived takes no leads and keeps its history.",
                "Search looks at names and triggers.",
            ),
            rx.button("Show all flows", variant="soft", on_click=FlowList.clear_filters),
        ),
        class_name="af-card",
    )
    return rx.cond(FlowList.is_narrowed, narrowed, empty)


@page(
    FLOWS,
    "Automation flows",
    FlowList,
    text="A new lead enters the first flow in this order whose conditions all hold.",
    actions=lambda: (_new(),),
    write=Permission.FLOWS_WRITE,
    shortcuts=(("Space on a handle, then ↑ ↓, then Space", "Move a flow; Esc leaves it where it was"),),
)
def flow_list() -> rx.Component:
    """The list."""
    return rx.fragment(
        rx.cond((FlowList.total + FlowList.archived_total > 0) | FlowList.is_narrowed, _tools(), rx.fragment()),
        _bulk(),
        rx.cond(
            FlowList.rows.length() > 0,
            sortable(
                rx.foreach(FlowList.rows, flow_row),
                ids=FlowList.ids,
                labels=FlowList.names,
                revision=FlowList.order_revision,
                disabled=FlowList.is_narrowed,
                on_move=FlowList.reorder,
                on_hover=FlowList.preview_move,
                on_cancel=FlowList.end_preview,
                class_name="af-flows",
                aria_label="Flows by priority",
            ),
            _nothing(),
        ),
        _move_bar(),
        stop_dialog(FlowList),
        tags_dialog(),
    )
