"""/dashboard/auto-engagement/executions/[id]: one run, step by step, as it happens."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import bone, note, status_badge, tag
from autoflows.ui.components.countdown import countdown, elapsed
from autoflows.ui.pages.execution_amend import cancel_button, resolve_dialog, retry_button, retry_problem
from autoflows.ui.pages.execution_aside import acts, record_sheet, why
from autoflows.ui.pages.execution_bars import bars, chart
from autoflows.ui.pages.execution_steps import both_clocks, steps
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.base import Base, may
from autoflows.ui.states.execution import CHART, TIMELINE, ExecutionPage

HERE = f"{FLOWS}/executions"
head = ExecutionPage.head


def _fact(label: str, *value: Any) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(*value))


def _below(*content: Any) -> rx.Component:
    return rx.el.div(*content, class_name="af-muted af-small")


def _flow() -> rx.Component:
    version = f" v{head.flow_version}"
    return rx.cond(
        head.flow_deleted | ~may(Permission.FLOWS_READ),
        rx.fragment(head.flow_name, rx.el.span(version, rx.cond(head.flow_deleted, ", deleted since", ""), class_name="af-muted af-small")),
        rx.link(
            head.flow_name,
            rx.el.span(version, class_name="af-small"),
            href=f"{FLOWS}/{head.flow_id}/edit?version={head.flow_version}",
            title="Open this version, read-only",
        ),
    )


def _summary() -> rx.Component:
    is_over = head.completed_at != ""
    return rx.el.section(
        rx.el.dl(
            _fact(
                "Status",
                rx.el.span(
                    status_badge(head.status),
                    rx.cond(head.is_test_run, rx.el.span(" ", tag("Test run", "purple")), rx.fragment()),
                    class_name="af-row",
                ),
                _below(f"{head.steps_done} of {head.steps} steps settled"),
            ),
            _fact("Contact", rx.link(head.name, href=f"/dashboard/contacts/{head.contact_id}"), _below(head.address)),
            _fact("Flow", _flow()),
            _fact("Lead source", head.lead_source),
            _fact(
                "Speed to lead",
                rx.el.span(head.speed, class_name="af-strong af-number"),
                _below(f"to a conversation {head.conversation}"),
            ),
            _fact("Triggered", both_clocks(head.triggered_at)),
            rx.cond(
                is_over,
                _fact("Ended", both_clocks(head.completed_at), _below(f"after {head.duration}")),
                _fact("Running for", elapsed(head.triggered_at)),
            ),
            _fact(
                "Contacting",
                rx.el.span(ExecutionPage.bars.worked, class_name="af-number"),
                rx.cond(is_over, _below(f"waiting {ExecutionPage.bars.waited}"), rx.fragment()),
            ),
            _fact("Cost", rx.el.span(rx.cond(head.cost != "", head.cost, "—"), class_name="af-number")),
            _fact("Lead's time zone", rx.cond(head.zone_text != "", head.zone_text, "—")),
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
                rx.el.span(" · ", both_clocks(head.waiting_until), " · ", rx.el.strong(countdown(head.waiting_until))),
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


def _masked() -> rx.Component:
    return rx.cond(
        may(Permission.PII_READ),
        rx.fragment(),
        note(
            f"Your role ({Base.me.role}) sees what happened, not how to reach the person and not what was said or written.",
            icon="eye-off",
        ),
    )


def _story() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Timeline", class_name="af-subhead"),
            rx.segmented_control.root(
                rx.segmented_control.item("Timeline", value=TIMELINE),
                rx.segmented_control.item("Chart", value=CHART),
                value=ExecutionPage.view,
                on_change=ExecutionPage.set_view,
                size="1",
                aria_label="Show as",
            ),
            class_name="af-spread",
        ),
        rx.cond(ExecutionPage.view == CHART, chart(), rx.fragment(bars(), steps())),
        aria_label="Timeline",
        class_name="af-run-story",
    )


def _copy_link() -> rx.Component:
    return rx.button(
        rx.icon("link", size=15),
        "Copy link",
        type="button",
        variant="soft",
        color_scheme="gray",
        on_click=[
            rx.call_script("navigator.clipboard?.writeText(window.location.origin + window.location.pathname)"),
            rx.toast.success("Copied the link", description="It works for everybody in this account, each with their own rights."),
        ],
    )


def _report() -> rx.Component:
    def item(label: str, icon: str, ending: str, **more: Any) -> rx.Component:
        href = f"/api/automation/executions/{head.id}/report.{ending}"
        link = rx.el.a(
            rx.icon(icon, size=15), label, href=href, class_name="af-menu-link af-row", custom_attrs={"reloadDocument": True}, **more
        )
        return rx.dropdown_menu.item(link, as_child=True)

    button = rx.button(rx.icon("file-text", size=15), "Report", rx.icon("chevron-down", size=14), variant="soft", color_scheme="gray")
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(button),
        rx.dropdown_menu.content(
            item("Print", "printer", "html", target="_blank"), item("Download as PDF", "file-down", "pdf", download=True)
        ),
    )


def _skeleton() -> rx.Component:
    def fact() -> rx.Component:
        return rx.el.div(bone("60%", "11px"), bone("90%", "15px"), class_name="af-stack-2")

    def step() -> rx.Component:
        return rx.el.div(
            bone("34px", "34px"),
            rx.el.div(bone("30%"), bone("70%", "12px"), class_name="af-card af-card-body af-stack-2"),
            class_name="af-run-item",
        )

    return rx.el.div(
        rx.el.div(
            rx.el.div(rx.el.div(*(fact() for _ in range(8)), class_name="af-run-facts"), class_name="af-card af-card-body"),
            rx.el.div(*(step() for _ in range(3))),
            class_name="af-stack",
        ),
        rx.el.div(rx.el.div(bone("40%"), bone("100%", "80px"), class_name="af-card af-card-body af-stack-2")),
        rx.el.span("Loading", class_name="af-hidden"),
        class_name="af-run",
        role="status",
    )


@page(
    f"{HERE}/[id]",
    "Execution",
    ExecutionPage,
    heading=ExecutionPage.heading,
    back=("Execution logs", HERE),
    actions=lambda: (_report(), _copy_link(), retry_button(), cancel_button()),
    skeleton=_skeleton,
)
def execution() -> rx.Component:
    """The run."""
    return rx.el.div(
        rx.el.div(_waiting(), _error(), retry_problem(), _masked(), _summary(), _story(), class_name="af-stack"),
        rx.el.aside(why(), acts(), class_name="af-stack"),
        resolve_dialog(),
        record_sheet(),
        class_name="af-run",
    )
