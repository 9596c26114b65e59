"""/dashboard/auto-engagement/executions/[id]: one run, step by step, as it happens."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import card, moment, note, status_badge, tag
from autoflows.ui.components.countdown import countdown
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.pages.execution_amend import resolve_dialog, retry_button
from autoflows.ui.pages.execution_steps import steps
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.base import may
from autoflows.ui.states.execution import ExecutionPage

HERE = f"{FLOWS}/executions"
head = ExecutionPage.head


def _fact(label: str, *value: Any) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(*value))


def _summary() -> rx.Component:
    return rx.el.section(
        rx.el.dl(
            _fact(
                "Status",
                rx.el.span(
                    status_badge(head.status),
                    rx.cond(head.is_test_run, rx.el.span(" ", tag("Test run", "purple")), rx.fragment()),
                    class_name="af-row",
                ),
            ),
            _fact(
                "Contact",
                rx.link(head.name, href=f"/dashboard/contacts/{head.contact_id}"),
                rx.el.div(head.address, class_name="af-muted af-small"),
            ),
            _fact(
                "Flow",
                rx.link(head.flow_name, href=f"{FLOWS}/{head.flow_id}/edit"),
                rx.el.span(f" v{head.flow_version}", class_name="af-muted af-small"),
            ),
            _fact("Speed to lead", rx.el.span(head.speed, class_name="af-strong af-number")),
            _fact("Triggered", moment(head.triggered_at, "seconds")),
            rx.cond(
                head.completed_at != "",
                _fact("Ended", moment(head.completed_at, "seconds"), rx.el.div(f"after {head.duration}", class_name="af-muted af-small")),
                _fact("Steps settled", rx.el.span(f"{head.steps_done} of {head.steps}", class_name="af-number")),
            ),
            class_name="af-run-facts",
        ),
        class_name="af-card af-card-body",
        aria_label="Summary",
    )


def _waiting() -> rx.Component:
    return rx.cond(
        (head.status == "running") & (head.waiting != ""),
        note(
            rx.el.span(head.waiting),
            rx.cond(
                head.waiting_until != "",
                rx.el.span(" · ", moment(head.waiting_until, "seconds"), " · ", rx.el.strong(countdown(head.waiting_until))),
                rx.fragment(),
            ),
            colour="amber",
            icon="hourglass",
            role="status",
        ),
        rx.fragment(),
    )


def _error() -> rx.Component:
    return rx.cond(
        head.error != "",
        rx.cond(head.status == "failed", note(head.error, colour="red", role="alert"), note(head.error)),
        rx.fragment(),
    )


def _trace_flow(flow: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.span(flow.priority, class_name="af-priority"),
            rx.el.span(flow.name, class_name="af-strong"),
            rx.cond(flow.matched, tag("Matched", "green"), tag("Did not match")),
            class_name="af-row",
        ),
        rx.cond(flow.note != "", rx.el.div(flow.note, class_name="af-muted af-small"), rx.fragment()),
        rx.el.ul(
            rx.foreach(
                flow.lines,
                lambda line: rx.el.li(
                    rx.cond(line.passed, rx.icon("check", size=14, color="var(--green-11)"), rx.icon("x", size=14, color="var(--red-11)")),
                    rx.el.span(line.text),
                    rx.el.span(rx.cond(line.passed, "met", "not met"), class_name="af-hidden"),
                ),
            ),
            class_name="af-checks",
        ),
    )


def _why() -> rx.Component:
    return card(
        rx.el.p(ExecutionPage.trace_text, class_name="af-flat"),
        rx.cond(
            ExecutionPage.trace.length() > 0,
            rx.el.ul(rx.foreach(ExecutionPage.trace, _trace_flow), class_name="af-trace"),
            rx.fragment(),
        ),
        rx.cond(
            head.lead_event_id != "",
            rx.link(
                "See the lead",
                rx.icon("arrow-right", size=13),
                href=f"/dashboard/leads?lead={head.lead_event_id}",
                class_name="af-small af-row",
            ),
            rx.fragment(),
        ),
        title="Why this flow?",
    )


def _cancel() -> rx.Component:
    form = rx.form(
        rx.el.div(
            rx.el.label("Reason", rx.el.span(" optional", class_name="af-optional"), html_for="cancel-reason"),
            rx.input(name="reason", id="cancel-reason", placeholder="The lead asked us to stop", max_length=255, width="100%"),
            rx.el.div("Kept with the execution and in the audit log.", class_name="af-help"),
            class_name="af-field",
        ),
        rx.el.div(
            rx.button("Keep running", type="button", variant="soft", color_scheme="gray", on_click=ExecutionPage.set_cancel_open(False)),
            rx.button("Cancel execution", type="submit", color_scheme="red"),
            class_name="af-actions",
            style={"marginTop": "16px"},
        ),
        on_submit=ExecutionPage.cancel,
    )
    return rx.cond(
        may(Permission.EXECUTIONS_WRITE) & (head.status == "running"),
        form_dialog(
            "Cancel this execution?",
            "Nothing more is sent to this contact by it. What was sent already stays sent.",
            form,
            is_open=ExecutionPage.cancel_open,
            on_open_change=ExecutionPage.set_cancel_open,
            trigger=rx.button(rx.icon("circle-stop", size=15), "Cancel execution", variant="soft", color_scheme="red"),
        ),
        rx.fragment(),
    )


@page(
    f"{HERE}/[id]",
    "Execution",
    ExecutionPage,
    heading=ExecutionPage.heading,
    back=("Execution logs", HERE),
    actions=lambda: (retry_button(), _cancel()),
)
def execution() -> rx.Component:
    """The run."""
    return rx.el.div(
        rx.el.div(_waiting(), _error(), _summary(), steps(), class_name="af-stack"),
        rx.el.aside(_why(), class_name="af-stack"),
        resolve_dialog(),
        class_name="af-run",
    )
