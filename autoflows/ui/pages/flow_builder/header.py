"""The header of the builder: how the draft stands, undo, to-do list, history, publish; and the strips below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import confirm_dialog, moment, note
from autoflows.ui.components.badges import avatar
from autoflows.ui.pages.flow_builder.problems import problems_button
from autoflows.ui.states.base import may
from autoflows.ui.states.flow_builder import CHART, LIST_VIEW, FlowBuilder
from autoflows.ui.states.flow_saving import Viewer

SHOWN_HERE = 3


def actions() -> Sequence[rx.Component]:
    """At the right of the title."""
    return (
        rx.cond(FlowBuilder.here.length() > 0, _others(), rx.fragment()),
        rx.el.div(_status(), rx.cond(may(Permission.FLOWS_WRITE), _saved(), rx.fragment()), class_name="af-fb-status"),
        rx.cond(
            FlowBuilder.can_edit,
            rx.el.div(
                _tool("undo-2", "Undo", FlowBuilder.undo, "Ctrl+Z", disabled=~FlowBuilder.can_undo),
                _tool("redo-2", "Redo", FlowBuilder.redo, "Ctrl+Shift+Z", disabled=~FlowBuilder.can_redo),
                class_name="af-fb-tools",
            ),
            rx.fragment(),
        ),
        rx.segmented_control.root(
            rx.segmented_control.item("List", value=LIST_VIEW),
            rx.segmented_control.item("Chart", value=CHART),
            value=FlowBuilder.view,
            on_change=FlowBuilder.set_view,
            size="1",
            aria_label="View",
        ),
        problems_button(),
        rx.cond(FlowBuilder.version > 0, _tool("history", "Version history", FlowBuilder.open_history), rx.fragment()),
        rx.el.span(
            _tool("circle-help", "Keyboard shortcuts", rx.call_script("window.dispatchEvent(new Event('af-help'))"), "?"),
            class_name="af-fb-label",
        ),
        rx.cond(
            FlowBuilder.can_edit,
            rx.fragment(
                rx.cond((FlowBuilder.draft_id != "") & FlowBuilder.is_changed, _discard(), rx.fragment()),
                rx.button("Publish", type="button", on_click=FlowBuilder.open_publish, id="publish"),
            ),
            rx.fragment(),
        ),
    )


def _tool(icon: str, label: str, on_click: Any, key: str = "", **attributes: Any) -> rx.Component:
    return rx.icon_button(
        rx.icon(icon, size=16),
        aria_label=label,
        title=f"{label} ({key})" if key else label,
        type="button",
        variant="ghost",
        color_scheme="gray",
        size="2",
        margin="0",
        on_click=on_click,
        **attributes,
    )


def _status() -> rx.Component:
    badge = lambda text, colour: rx.badge(text, color_scheme=colour, radius="full")  # noqa: E731
    return rx.cond(
        FlowBuilder.version == 0,
        badge("Draft, not published", "amber"),
        rx.fragment(
            rx.cond(may(Permission.FLOWS_WRITE) & ~FlowBuilder.is_archived, _switch(), rx.fragment()),
            rx.cond(FlowBuilder.is_enabled, badge(f"On · version {FlowBuilder.version}", "green"), badge("Off", "gray")),
            rx.cond(FlowBuilder.is_changed, badge("Unpublished changes", "amber"), rx.fragment()),
        ),
    )


def _switch() -> rx.Component:
    """On or off, at once and for what is published; shows what is true and moves when the service has done it."""
    return rx.switch(
        checked=FlowBuilder.is_enabled,
        on_change=lambda on: FlowBuilder.toggle(FlowBuilder.flow_id, on),
        aria_label="New leads enter this flow",
        title="On: new leads that match enter what is published",
        id="enabled",
    )


def _others() -> rx.Component:
    """Who else looks at it now."""
    names = FlowBuilder.here.map(lambda one: one.name).join(", ")
    more = FlowBuilder.here.length() - SHOWN_HERE
    return rx.el.div(
        rx.foreach(FlowBuilder.here[:SHOWN_HERE], lambda one: avatar(one.to(Viewer).initials)),
        rx.cond(more > 0, rx.el.span(f"+{more}", class_name="af-muted af-small", aria_hidden="true"), rx.fragment()),
        class_name="af-fb-here",
        role="img",
        aria_label=f"Also here: {names}",
        title=f"Also here: {names}",
    )


def _saved() -> rx.Component:
    said = rx.cond(
        FlowBuilder.dirty,
        rx.el.span("Saving…"),
        rx.cond(
            FlowBuilder.is_changed & (FlowBuilder.saved_at != ""),
            rx.el.span("Saved ", moment(FlowBuilder.saved_at), ", not live"),
            rx.el.span(rx.cond(FlowBuilder.version > 0, "As published", "Not saved yet")),
        ),
    )
    return rx.el.span(said, class_name="af-muted af-small", role="status", id="save-state")


def _discard() -> rx.Component:
    return confirm_dialog(
        rx.icon_button(
            rx.icon("trash-2", size=16),
            aria_label="Discard the draft",
            title="Discard the draft",
            type="button",
            variant="ghost",
            color_scheme="gray",
            size="2",
            margin="0",
        ),
        "Discard the draft?",
        rx.cond(
            FlowBuilder.version > 0,
            f"What you changed since version {FlowBuilder.version} is thrown away. What is published stays as it is.",
            "This flow was never published; it is thrown away.",
        ),
        "Discard",
        FlowBuilder.discard,
    )


def strips() -> rx.Component:
    """What one must know before editing: who holds the pen, which version is shown, that it is held, what runs."""
    return rx.el.div(
        rx.cond(FlowBuilder.holder != "", _holder(), rx.fragment()),
        rx.cond(FlowBuilder.refusal.length() > 0, _refused(), rx.fragment()),
        rx.cond(FlowBuilder.viewing > 0, _viewing(), rx.fragment()),
        rx.cond(FlowBuilder.is_held, _held(), rx.fragment()),
        rx.cond(
            FlowBuilder.running > 0,
            note(
                FlowBuilder.running,
                rx.cond(FlowBuilder.running == 1, " lead is", " leads are"),
                " in this flow now. They finish on the version they began with, unless you choose otherwise when you publish.",
                colour="blue",
            ),
            rx.fragment(),
        ),
        class_name="af-fb-strips",
    )


def _holder() -> rx.Component:
    return note(
        rx.el.strong(FlowBuilder.holder),
        " is editing this flow. You see what they saved; take over to edit it yourself.",
        colour="amber",
        icon="users",
        action=rx.button("Take over", size="1", variant="soft", color_scheme="amber", on_click=FlowBuilder.take_over),
        role="status",
    )


def _refused() -> rx.Component:
    return note(
        rx.el.strong("It cannot be turned on yet:"),
        rx.el.ul(rx.foreach(FlowBuilder.refusal, rx.el.li), class_name="af-flat"),
        colour="amber",
        role="alert",
    )


def _viewing() -> rx.Component:
    return note(
        rx.el.strong(f"Version {FlowBuilder.viewing}"),
        ", read-only. ",
        rx.cond(
            FlowBuilder.viewing_changes.length() > 0,
            rx.el.span("It changed: ", rx.foreach(FlowBuilder.viewing_changes, lambda change: rx.el.span(change, ". "))),
            rx.fragment(),
        ),
        colour="blue",
        icon="history",
        action=rx.el.div(
            rx.cond(
                may(Permission.FLOWS_WRITE) & (FlowBuilder.holder == ""),
                rx.button("Restore as draft", size="1", variant="soft", on_click=FlowBuilder.restore(FlowBuilder.viewing)),
                rx.fragment(),
            ),
            rx.button("Back", size="1", variant="soft", color_scheme="gray", on_click=FlowBuilder.view_draft),
            class_name="af-row",
        ),
        role="status",
    )


def _held() -> rx.Component:
    return note(
        rx.el.strong("Held"),
        ": nothing is sent by this flow. Leads in it wait where they are.",
        colour="amber",
        icon="octagon-pause",
        action=rx.cond(
            may(Permission.FLOWS_WRITE),
            rx.button(rx.icon("play", size=13), "Resume", size="1", variant="soft", color_scheme="amber", on_click=FlowBuilder.resume),
            rx.fragment(),
        ),
        role="status",
    )
