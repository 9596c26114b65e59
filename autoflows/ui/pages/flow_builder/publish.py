"""The publish dialog."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components import field, note
from autoflows.ui.components.fields import explained_choice
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.pages.flow_builder.problems import problem_list
from autoflows.ui.states.flow_builder import FlowBuilder


def publish_dialog() -> rx.Component:
    """What changes, what it means, what is in the way; then the name, the note and the choice for what runs."""
    return form_dialog(
        "Publish",
        "The draft becomes the version that new leads run.",
        rx.el.div(
            rx.cond(FlowBuilder.replaces != "", note(FlowBuilder.replaces, colour="amber"), rx.fragment()),
            rx.cond(FlowBuilder.blockers > 0, _blocked(), _order()),
            class_name="af-stack af-fb-publish",
        ),
        is_open=FlowBuilder.publish_open,
        on_open_change=FlowBuilder.close_publish,
        width="600px",
    )


def _blocked() -> rx.Component:
    return rx.el.div(
        note(
            rx.cond(FlowBuilder.blockers == 1, "One thing must be mended first.", f"{FlowBuilder.blockers} things must be mended first."),
            colour="red",
            role="alert",
        ),
        problem_list(),
        class_name="af-stack-2",
    )


def _errors() -> rx.Component:
    """What does not keep it from being published, only from being on."""
    return rx.el.div(
        note(
            rx.cond(FlowBuilder.errors == 1, "With this error", f"With these {FlowBuilder.errors} errors"),
            " the flow can be published, but not be on.",
            colour="amber",
            role="status",
        ),
        problem_list(),
        class_name="af-stack-2",
    )


def _order() -> rx.Component:
    return rx.fragment(
        _changes(),
        rx.cond(FlowBuilder.impact != "", _impact(), rx.fragment()),
        rx.cond(FlowBuilder.errors > 0, _errors(), rx.fragment()),
        field(
            "Version name",
            rx.input(
                default_value=FlowBuilder.publish_name,
                on_blur=lambda v: FlowBuilder.set_publish("name", v),
                placeholder="Shorter wait before WhatsApp",
                max_length=100,
                id="version-name",
                width="100%",
            ),
            id="version-name",
            optional=True,
        ),
        field(
            "Note",
            rx.text_area(
                default_value=FlowBuilder.publish_note,
                on_blur=lambda v: FlowBuilder.set_publish("note", v),
                placeholder="What changed, and why",
                max_length=500,
                rows="2",
                id="version-note",
                width="100%",
            ),
            id="version-note",
            optional=True,
        ),
        rx.cond(FlowBuilder.running_now > 0, _running(), rx.fragment()),
        rx.el.label(
            rx.switch(checked=FlowBuilder.publish_enabled, on_change=FlowBuilder.set_publish_enabled, id="publish-enabled"),
            rx.el.span("New leads that match enter it"),
            class_name="af-row af-label",
            html_for="publish-enabled",
        ),
        rx.cond(FlowBuilder.publish_problem != "", note(FlowBuilder.publish_problem, colour="red", role="alert"), rx.fragment()),
        rx.el.div(
            rx.button("Not now", type="button", variant="soft", color_scheme="gray", on_click=FlowBuilder.close_publish(False)),
            rx.button("Publish now", type="button", on_click=FlowBuilder.publish, loading=FlowBuilder.publish_busy, id="publish-now"),
            class_name="af-actions",
        ),
    )


def _changes() -> rx.Component:
    return rx.el.section(
        rx.el.h3("What changes"),
        rx.cond(
            FlowBuilder.changes.length() > 0,
            rx.el.ul(rx.foreach(FlowBuilder.changes, rx.el.li), class_name="af-fb-changes"),
            rx.el.p(rx.cond(FlowBuilder.version == 0, "A new flow.", "Nothing is different from what is published."), class_name="af-help"),
        ),
        aria_label="What changes",
    )


def _impact() -> rx.Component:
    return rx.el.section(
        rx.el.h3("What it means"),
        rx.el.p(FlowBuilder.impact, class_name="af-flat"),
        rx.el.ul(rx.foreach(FlowBuilder.impact_shifts, rx.el.li), class_name="af-fb-changes"),
        aria_label="What it means",
    )


def _running() -> rx.Component:
    stays = FlowBuilder.running_now - FlowBuilder.movable
    return rx.el.section(
        rx.el.h3("Leads in it now: ", FlowBuilder.running_now, id="running-label"),
        rx.radio_group.root(
            explained_choice("finish", "Finish on their version", "Nothing changes for them."),
            explained_choice("move", "Move to the new version", f"{FlowBuilder.movable} can go on in it; {stays} finish on their version."),
            explained_choice("cancel", "Cancel them", f"{FlowBuilder.running_now} end now. What was sent stays sent."),
            value=FlowBuilder.running_choice,
            on_change=lambda v: FlowBuilder.set_publish("running", v),
            aria_labelledby="running-label",
            class_name="af-stop-choices",
        ),
    )
