"""One flow in the list: its place, what it does, how it has been doing, and what can be done with it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import moment, note, priority_badge, severity_icon, tag
from autoflows.ui.components.sortable import sortable_handle, sortable_row
from autoflows.ui.flow_row import FlowRow, Line, StepIcon
from autoflows.ui.shell import FLOWS
from autoflows.ui.sparkline import HEIGHT, WIDTH
from autoflows.ui.states.base import may
from autoflows.ui.states.flow_list import FlowList
from autoflows.ui.states.flow_rows import kinds


def flow_row(row: rx.Var[FlowRow], index: rx.Var[int]) -> rx.Component:
    """The row, inside a `sortable`."""
    return sortable_row(
        rx.el.div(
            rx.el.div(_tick(row), priority_badge(row.priority), _order(row, index), class_name="af-flow-order"),
            rx.el.div(
                rx.el.div(
                    rx.el.h2(rx.link(row.name, href=f"{FLOWS}/{row.id}/edit", underline="none")),
                    _badges(row),
                    class_name="af-flow-head",
                ),
                rx.el.p(rx.icon("zap", size=13), row.trigger, class_name="af-flow-trigger"),
                rx.cond(row.description != "", rx.el.p(row.description, class_name="af-flow-text"), rx.fragment()),
                rx.el.ol(rx.foreach(row.steps, _step_icon), class_name="af-flow-steps", aria_label=row.steps_text),
                _findings(row),
                class_name="af-flow-main",
            ),
            rx.el.dl(
                _measure("Last run", rx.cond(row.last_run_at != "", moment(row.last_run_at), "Never")),
                _measure(
                    "Running now",
                    rx.link(row.running, href=f"{FLOWS}/executions?flow={row.id}", aria_label=f"{row.running} running in {row.name}"),
                    _spark(row.running_line),
                ),
                _measure(
                    "Success, 30 days",
                    rx.el.span(row.success, class_name="af-strong"),
                    rx.el.span(f" of {row.total}", class_name="af-muted"),
                    _spark(row.success_line),
                ),
                _measure("Speed to lead", rx.el.span(row.speed, class_name="af-strong"), _spark(row.speed_line)),
                class_name="af-flow-measures",
            ),
            rx.el.div(_switch(row), _menu(row), class_name="af-flow-tools"),
            class_name="af-flow-row",
        ),
        rx.cond(row.is_held, _held(row), rx.fragment()),
        rx.cond(row.refusal.length() > 0, _refusal(row), rx.fragment()),
        class_name=rx.cond(row.is_enabled, "af-card af-flow", "af-card af-flow af-flow-off"),
        item_id=row.id,
    )


def _badges(row: rx.Var[FlowRow]) -> rx.Component:
    return rx.el.div(
        rx.cond(
            row.has_draft,
            rx.badge(rx.icon("pencil-line", size=11), "Unpublished changes", color_scheme="amber", title=row.draft_text),
            rx.fragment(),
        ),
        rx.cond(row.is_archived, rx.badge("Archived", color_scheme="gray"), rx.fragment()),
        rx.foreach(row.tags, _label),
        class_name="af-flow-badges",
    )


def _label(text: rx.Var[str]) -> rx.Component:
    return tag(text)


def _findings(row: rx.Var[FlowRow]) -> rx.Component:
    """How many problems there are of each severity; opened, which."""
    return rx.cond(
        row.tallies.length() > 0,
        rx.el.details(
            rx.el.summary(
                rx.foreach(
                    row.tallies,
                    lambda one: rx.el.span(severity_icon(one.severity, size=13), one.text, class_name="af-tally"),
                ),
                rx.icon("chevron-down", size=13),
                aria_label=f"Problems of {row.name}",
            ),
            rx.el.ul(
                rx.foreach(row.findings, lambda one: rx.el.li(severity_icon(one.severity, size=14), rx.el.span(one.message))),
            ),
            class_name="af-flow-findings",
        ),
        rx.fragment(),
    )


def _step_icon(step: rx.Var[StepIcon]) -> rx.Component:
    icon = rx.match(step.icon, *((icon, rx.icon(icon, size=15)) for _, _, icon, _ in kinds()), rx.icon("circle", size=15))
    return rx.el.li(icon, rx.el.span(step.title, class_name="af-hidden"), title=step.title)


def _measure(label: str, *value: Any) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(*value))


def _spark(line: rx.Var[Line]) -> rx.Component:
    """The course of a figure over the last days."""
    drawing = rx.el.svg(
        rx.el.path(d=line.path),
        view_box=f"0 0 {WIDTH} {HEIGHT}",
        width=str(WIDTH),
        height=str(HEIGHT),
        role="img",
        aria_label=line.text,
        class_name="af-spark",
    )
    return rx.cond(line.path != "", rx.el.span(drawing, title=line.text), rx.fragment())


def _tick(row: rx.Var[FlowRow]) -> rx.Component:
    return rx.cond(
        may(Permission.FLOWS_WRITE) & ~row.is_archived,
        rx.checkbox(
            checked=FlowList.chosen.contains(row.id),
            on_change=lambda on: FlowList.choose(row.id, on),
            aria_label=f"Choose {row.name}",
            size="1",
        ),
        rx.fragment(),
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
        may(Permission.FLOWS_WRITE) & ~FlowList.is_narrowed,
        rx.el.div(
            button("chevron-up", f"Raise priority of {row.name}", -1, index == 0),
            sortable_handle(f"Drag {row.name}"),
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
    return rx.cond(may(Permission.FLOWS_WRITE) & ~row.is_archived, control, state)


def _menu(row: rx.Var[FlowRow]) -> rx.Component:
    def item(icon: str, label: str, action: Any, **props: Any) -> rx.Component:
        return rx.dropdown_menu.item(rx.icon(icon, size=14), label, on_click=action, **props)

    write = rx.fragment(
        item("tags", "Tags", FlowList.ask_tags(row.id)),
        rx.cond(
            row.is_held,
            item("play", "Resume", FlowList.hold(row.id, False)),
            item("octagon-pause", "Hold every contact", FlowList.hold(row.id, True)),
        ),
        item("copy", "Duplicate", FlowList.duplicate(row.id)),
        rx.cond(
            row.is_archived,
            item("archive-restore", "Take out of the archive", FlowList.unarchive(row.id)),
            item("archive", "Archive", FlowList.archive(row.id)),
        ),
        rx.dropdown_menu.separator(),
        item("trash-2", "Delete", FlowList.ask_delete(row.id), color="var(--red-11)"),
    )
    return rx.dropdown_menu.root(
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
            item(
                "pencil",
                rx.cond(may(Permission.FLOWS_WRITE), "Edit", "View"),
                rx.redirect(f"{FLOWS}/{row.id}/edit"),
            ),
            item("activity", "Executions", rx.redirect(f"{FLOWS}/executions?flow={row.id}")),
            item("file-down", "Export as YAML", FlowList.export(row.id)),
            rx.cond(may(Permission.FLOWS_WRITE), write, rx.fragment()),
            align="end",
        ),
        modal=False,  # the page behind stays in reach, and hides nothing that has the focus
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


def _refusal(row: rx.Var[FlowRow]) -> rx.Component:
    return rx.el.div(
        note(
            rx.el.strong("It cannot be turned on yet:"),
            rx.el.ul(rx.foreach(row.refusal, rx.el.li)),
            colour="amber",
            action=rx.link("Mend it", href=f"{FLOWS}/{row.id}/edit"),
            role="alert",
        ),
        class_name="af-flow-problems",
    )
