"""Beside the form: the flow in words, what is wrong with it, and the button that saves it."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.flow_findings import Finding
from autoflows.ui.states.base import may
from autoflows.ui.states.flow_form import LIST, FlowForm

ICONS = {"error": ("circle-alert", "red"), "warning": ("triangle-alert", "amber"), "advice": ("lightbulb", "blue")}


def aside() -> rx.Component:
    """Stays in view while the form scrolls; on a phone it is the foot of the page."""
    return rx.el.aside(
        rx.el.section(
            rx.el.h2("In words"),
            rx.el.ol(
                rx.el.li(FlowForm.trigger_sentence, class_name="af-words-trigger"),
                rx.foreach(FlowForm.steps, lambda step: rx.el.li(step.sentence, key=step.key)),
                rx.el.li(FlowForm.hours_sentence, class_name="af-words-hours"),
                class_name="af-words",
            ),
            class_name="af-card af-card-body",
            aria_label="The flow in words",
        ),
        rx.cond(FlowForm.findings.length() > 0, _findings(), _all_well()),
        rx.cond(may(Permission.FLOWS_WRITE), _save(), rx.fragment()),
        class_name="af-builder-aside",
    )


def _findings() -> rx.Component:
    return rx.el.section(
        rx.el.h2("To look at ", rx.badge(FlowForm.findings.length(), color_scheme="amber", radius="full")),
        rx.el.ul(rx.foreach(FlowForm.findings, _finding)),
        class_name="af-card af-card-body af-findings",
        aria_label="Problems",
        role="status",
    )


def _finding(finding: rx.Var[Finding]) -> rx.Component:
    icon = rx.match(
        finding.severity,
        *((name, rx.icon(icon, size=15, color=f"var(--{colour}-11)")) for name, (icon, colour) in ICONS.items()),
        rx.icon("info", size=15),
    )
    said = rx.el.span(rx.cond(finding.where != "", rx.el.strong(finding.where, ": "), rx.fragment()), finding.text)
    return rx.el.li(
        icon,
        rx.cond(finding.anchor != "", rx.el.a(said, href=f"#{finding.anchor}"), said),
        rx.el.span(finding.severity, class_name="af-hidden"),
    )


def _all_well() -> rx.Component:
    return rx.cond(
        (FlowForm.flow_id != "") & ~FlowForm.dirty,
        rx.el.section(
            rx.icon("circle-check", size=16, color="var(--green-11)"),
            rx.el.span("Nothing wrong was found."),
            class_name="af-card af-card-body af-row af-small",
        ),
        rx.fragment(),
    )


def _save() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.cond(
                FlowForm.dirty,
                rx.el.span(rx.el.span(class_name="af-dot", aria_hidden="true"), "Unsaved changes", class_name="af-unsaved"),
                rx.cond(
                    FlowForm.flow_id != "",
                    rx.el.span(f"Version {FlowForm.version}", class_name="af-muted af-small"),
                    rx.fragment(),
                ),
            ),
            class_name="af-save-state",
            role="status",
        ),
        rx.link(rx.button("Cancel", type="button", variant="soft", color_scheme="gray"), href=LIST),
        rx.button(
            rx.cond(FlowForm.flow_id != "", "Save", "Create flow"),
            type="button",
            loading=FlowForm.busy,
            on_click=FlowForm.save,
            id="save",
        ),
        class_name="af-save",
    )
