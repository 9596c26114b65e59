"""/dashboard/auto-engagement: the flows, in the order they are tried."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import empty_state, moment, note, priority_badge
from autoflows.ui.components.sortable import sortable, sortable_handle, sortable_row
from autoflows.ui.flow_examples import EXAMPLES
from autoflows.ui.pages.flow_stop import stop_dialog
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.base import may
from autoflows.ui.states.flow_list import FlowList, FlowRow, StepIcon
from autoflows.ui.states.flow_rows import kinds

CREATE = f"{FLOWS}/create"


def _new() -> rx.Component:
    return rx.cond(
        may(Permission.FLOWS_WRITE),
        rx.link(rx.button(rx.icon("plus", size=16), "New flow"), href=CREATE),
        rx.fragment(),
    )


def _step_icon(step: rx.Var[StepIcon]) -> rx.Component:
    icon = rx.match(step.icon, *((icon, rx.icon(icon, size=15)) for _, _, icon, _ in kinds()), rx.icon("circle", size=15))
    return rx.el.li(icon, title=step.title)


def _measure(label: str, value: Any, extra: Any = "") -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(value, extra))


def _flow(row: rx.Var[FlowRow], index: rx.Var[int]) -> rx.Component:
    return sortable_row(
        rx.el.div(
            rx.el.div(priority_badge(row.priority), _order(row, index), class_name="af-flow-order"),
            rx.el.div(
                rx.el.h2(rx.link(row.name, href=f"{FLOWS}/{row.id}/edit", underline="none")),
                rx.el.p(row.trigger, class_name="af-flow-trigger"),
                rx.cond(row.description != "", rx.el.p(row.description, class_name="af-flow-text"), rx.fragment()),
                rx.el.ol(
                    rx.foreach(row.steps, _step_icon),
                    class_name="af-flow-steps",
                    aria_label=row.steps_text,
                ),
                class_name="af-flow-main",
            ),
            rx.el.dl(
                _measure("Last run", rx.cond(row.last_run_at != "", moment(row.last_run_at), "Never")),
                _measure(
                    "Running now",
                    rx.link(row.running, href=f"{FLOWS}/executions?flow={row.id}"),
                ),
                _measure(
                    "Success, 30 days",
                    rx.el.span(row.success, class_name="af-strong"),
                    rx.el.span(f" of {row.total}", class_name="af-muted"),
                ),
                class_name="af-flow-measures",
            ),
            rx.el.div(_switch(row), _menu(row), class_name="af-flow-tools"),
            class_name="af-flow-row",
        ),
        rx.cond(row.is_held, _held(row), rx.fragment()),
        rx.cond(row.problems.length() > 0, _problems(row), rx.fragment()),
        class_name=rx.cond(row.is_enabled, "af-card af-flow", "af-card af-flow af-flow-off"),
        item_id=row.id,
    )


def _order(row: rx.Var[FlowRow], index: rx.Var[int]) -> rx.Component:
    def button(icon: str, label: str, by: int, disabled: Any) -> rx.Component:
        return rx.icon_button(
            rx.icon(icon, size=14),
            aria_label=label,
            title=label,
            size="1",
            variant="ghost",
            color_scheme="gray",
            margin="0",
            disabled=disabled,
            on_click=FlowList.move(row.id, by),
        )

    return rx.cond(
        may(Permission.FLOWS_WRITE) & (FlowList.search == ""),
        rx.el.div(
            sortable_handle(f"Drag {row.name}"),
            button("chevron-up", f"Raise priority of {row.name}", -1, index == 0),
            button("chevron-down", f"Lower priority of {row.name}", 1, index == FlowList.rows.length() - 1),
            class_name="af-flow-move",
        ),
        rx.fragment(),
    )


def _switch(row: rx.Var[FlowRow]) -> rx.Component:
    """Moves at once; a new key puts it where the server says it is."""
    control = rx.switch(
        default_checked=row.is_enabled,
        on_change=lambda on: FlowList.toggle(row.id, on),
        aria_label=f"Enable {row.name}",
        key=f"{row.id}-{row.is_enabled}-{row.revision}",
    )
    state = rx.cond(
        row.is_enabled, rx.badge("On", color_scheme="green", radius="full"), rx.badge("Off", color_scheme="gray", radius="full")
    )
    return rx.cond(may(Permission.FLOWS_WRITE), control, state)


def _menu(row: rx.Var[FlowRow]) -> rx.Component:
    menu = rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.icon_button(
                rx.icon("ellipsis", size=16),
                aria_label=f"More for {row.name}",
                variant="ghost",
                color_scheme="gray",
                size="2",
                margin="0",
            )
        ),
        rx.dropdown_menu.content(
            rx.dropdown_menu.item(rx.icon("pencil", size=14), "Edit", on_click=rx.redirect(f"{FLOWS}/{row.id}/edit")),
            rx.dropdown_menu.item(rx.icon("activity", size=14), "Executions", on_click=rx.redirect(f"{FLOWS}/executions?flow={row.id}")),
            rx.cond(
                row.is_held,
                rx.dropdown_menu.item(rx.icon("play", size=14), "Resume", on_click=FlowList.hold(row.id, False)),
                rx.dropdown_menu.item(rx.icon("octagon-pause", size=14), "Hold every contact", on_click=FlowList.hold(row.id, True)),
            ),
            rx.dropdown_menu.item(rx.icon("copy", size=14), "Duplicate", on_click=FlowList.duplicate(row.id)),
            rx.dropdown_menu.separator(),
            rx.dropdown_menu.item(rx.icon("trash-2", size=14), "Delete", color="red", on_click=FlowList.ask_delete(row.id)),
            align="end",
        ),
    )
    return rx.cond(may(Permission.FLOWS_WRITE), menu, rx.fragment())


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


def _held(row: rx.Var[FlowRow]) -> rx.Component:
    """The flow's kill switch is on."""
    resume = rx.button(
        rx.icon("play", size=13),
        "Resume",
        size="1",
        variant="soft",
        color_scheme="amber",
        aria_label=f"Resume {row.name}",
        on_click=FlowList.hold(row.id, False),
    )
    return rx.el.div(
        note(
            rx.el.strong("Held"),
            ": nothing is sent by this flow. ",
            rx.match(
                row.running,
                (0, "No lead is in it now."),
                (1, "1 lead waits in it where it is."),
                f"{row.running.to_string()} leads wait in it where they are.",
            ),
            colour="amber",
            icon="octagon-pause",
            action=rx.cond(may(Permission.FLOWS_WRITE), resume, rx.fragment()),
            role="status",
        ),
        class_name="af-flow-problems",
    )


def _problems(row: rx.Var[FlowRow]) -> rx.Component:
    return rx.el.div(
        note(
            rx.el.strong("It cannot be turned on yet:"),
            rx.el.ul(rx.foreach(row.problems, rx.el.li)),
            colour="amber",
            action=rx.link("Mend it", href=f"{FLOWS}/{row.id}/edit"),
            role="alert",
        ),
        class_name="af-flow-problems",
    )


def _examples() -> rx.Component:
    cards = (
        rx.link(
            rx.el.span(rx.icon(example.icon, size=18), class_name="af-example-icon", aria_hidden="true"),
            rx.el.strong(example.title),
            rx.el.span(example.text),
            href=CREATE if slug == "blank" else f"{CREATE}?example={slug}",
            class_name="af-card af-example",
            underline="none",
        )
        for slug, example in EXAMPLES.items()
        if slug != "blank"
    )
    return rx.el.div(
        rx.el.div(
            empty_state(
                "workflow",
                "Create your first flow",
                "A flow says which leads it takes and what happens to them: an AI call within seconds, a message if nobody answers, "
                "a mail in any case.",
                rx.link(rx.button(rx.icon("plus", size=16), "Create your first flow"), href=CREATE),
            ),
            class_name="af-card",
        ),
        rx.el.h2("Or start from an example", class_name="af-subhead"),
        rx.el.div(*cards, class_name="af-grid-3"),
        class_name="af-stack",
    )


def _nothing() -> rx.Component:
    return rx.cond(
        FlowList.search != "",
        rx.el.div(
            empty_state(
                "search-x", "No flow fits", "Search looks at names and triggers.",
                rx.button("Clear search", variant="soft", on_click=FlowList.set_search("")),
            ),
            class_name="af-card",
        ),
        rx.cond(
            may(Permission.FLOWS_WRITE),
            _examples(),
            rx.el.div(
                empty_state("workflow", "No flows yet", "An owner or admin of the account can create the first one."), class_name="af-card"
            ),
        ),
    )  # fmt: skip


@page(
    FLOWS,
    "Automation flows",
    FlowList,
    text="A new lead enters the first flow in this order whose conditions all hold.",
    actions=lambda: (_new(),),
    write=Permission.FLOWS_WRITE,
)
def flow_list() -> rx.Component:
    """The list."""
    return rx.fragment(
        rx.cond(
            FlowList.total > 3,
            rx.el.div(
                rx.debounce_input(
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
                ),
                class_name="af-list-search",
            ),
            rx.fragment(),
        ),
        rx.cond(
            FlowList.rows.length() > 0,
            sortable(
                rx.foreach(FlowList.rows, _flow),
                ids=FlowList.ids,
                labels=FlowList.names,
                revision=FlowList.order_revision,
                on_move=FlowList.reorder,
                on_hover=FlowList.preview_move.debounce(120),
                on_cancel=FlowList.end_preview,
                class_name="af-flows",
                aria_label="Flows by priority",
            ),
            _nothing(),
        ),
        _move_bar(),
        stop_dialog(),
    )
