"""What is wrong or could be better, as a list of things to do that leads to each."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components.sheet import sheet
from autoflows.ui.flow_findings import Finding
from autoflows.ui.states.flow_builder import FlowBuilder

ICONS = {"error": ("circle-alert", "red"), "warning": ("triangle-alert", "amber"), "advice": ("lightbulb", "blue")}


def mark(severity: rx.Var[str]) -> rx.Component:
    """How bad a problem is: an icon, and the word for a screen reader."""
    icons = ((name, rx.icon(icon, size=15, color=f"var(--{colour}-11)")) for name, (icon, colour) in ICONS.items())
    return rx.el.span(rx.match(severity, *icons, rx.fragment()), rx.el.span(severity, class_name="af-hidden"), class_name="af-fb-mark")


def problems_button() -> rx.Component:
    """In the header: how much there is to do; red if something keeps the flow from being published."""
    count = FlowBuilder.findings.length()
    worst = rx.cond(count > 0, FlowBuilder.findings[0].severity, "")
    colour = rx.match(worst, ("error", "red"), ("warning", "amber"), ("advice", "blue"), "gray")
    return rx.button(
        rx.icon("list-todo", size=15),
        rx.el.span("To do", class_name="af-fb-label"),
        rx.badge(count, color_scheme=colour, radius="full", variant="solid"),
        type="button",
        variant="soft",
        color_scheme="gray",
        aria_label=f"To do: {count}",
        on_click=FlowBuilder.set_open("problems", True),
        id="problems",
    )


def problems_sheet() -> rx.Component:
    """The list."""
    return sheet(
        "To do",
        rx.cond(
            FlowBuilder.findings.length() > 0,
            rx.el.div(
                rx.el.p(
                    "Worst first. With an error the flow cannot be on; what is missing must be filled in before it is published.",
                    class_name="af-help af-flat",
                ),
                problem_list(),
                class_name="af-stack-2",
            ),
            rx.el.p(rx.icon("circle-check", size=16), " Nothing wrong was found.", class_name="af-row"),
        ),
        is_open=FlowBuilder.problems_open,
        on_open_change=lambda is_open: FlowBuilder.set_open("problems", is_open),
    )


def problem_list() -> rx.Component:
    """A line for each; a click goes there."""
    return rx.el.ul(rx.foreach(FlowBuilder.findings, _finding), class_name="af-fb-todo", aria_label="Problems")


def _finding(finding: rx.Var[Finding]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            mark(finding.severity),
            rx.el.span(rx.el.strong(finding.where), rx.el.span(finding.text)),
            type="button",
            on_click=FlowBuilder.go_to(finding.select, finding.focus),
        )
    )
