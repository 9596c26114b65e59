"""Where the time went: the bars of all attempts on one axis, and the run drawn over the flowchart of its plan."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components import card, status_badge
from autoflows.ui.components.flow_canvas import flow_canvas
from autoflows.ui.pages.execution_steps import step_item
from autoflows.ui.states.execution import ExecutionPage
from autoflows.ui.time_bars import Bar, BarRow, Tick
from autoflows.ui.timeline import StepView


def bars() -> rx.Component:
    """The card; nothing before the first attempt."""
    picture = rx.el.div(
        rx.el.ol(rx.foreach(ExecutionPage.bars.rows, _row), class_name="af-bars"),
        rx.el.div(rx.foreach(ExecutionPage.bars.ticks, _tick), class_name="af-bars-axis", aria_hidden="true"),
        rx.el.div(
            _key("contact", "Contact"),
            _key("wait", "Wait of the flow"),
            _key("held", "Held or queued"),
            rx.el.span("Long stretches are drawn shorter than they were."),
            class_name="af-bars-key",
        ),
        class_name="af-card-body",
    )
    return rx.cond(ExecutionPage.bars.rows.length() > 0, card(picture, title="Where the time went", flush=True), rx.fragment())


def _key(kind: str, label: str) -> rx.Component:
    return rx.el.span(rx.el.i(class_name=f"af-bar af-bar-{kind}", aria_hidden="true"), label)


def _row(row: rx.Var[BarRow]) -> rx.Component:
    return rx.el.li(
        rx.el.a(row.label, href=f"#step-{row.order}", class_name="af-bars-label"),
        rx.el.div(rx.foreach(row.bars, _bar), class_name="af-bars-track", aria_hidden="true"),
        rx.el.span(row.lasted, class_name="af-bars-lasted af-number", aria_hidden="true"),
        rx.el.span(row.text, class_name="af-hidden"),
        key=row.key,
    )


def _bar(bar: rx.Var[Bar]) -> rx.Component:
    return rx.el.i(
        class_name=f"af-bar af-bar-{bar.kind} af-bar-{bar.tone}" + rx.cond(bar.is_open, " af-bar-open", ""),
        style={"left": f"{bar.left}%", "width": f"{bar.width}%"},
        title=bar.text,
    )


def _tick(tick: rx.Var[Tick]) -> rx.Component:
    return rx.el.span(tick.label, style={"left": f"{tick.left}%"}, class_name=rx.cond(tick.left > 90, "af-bars-last", ""))


def chart() -> rx.Component:
    """The picture, the step that was chosen in it, and the same as text."""
    return rx.cond(
        ExecutionPage.nodes.length() > 0,
        rx.el.div(
            rx.el.div(
                flow_canvas(ExecutionPage.nodes, ExecutionPage.edges, ExecutionPage.choose),
                class_name="af-card af-fb-chart af-rc-chart",
                role="group",
                aria_label="Flowchart of this execution",
            ),
            rx.foreach(
                ExecutionPage.steps,
                lambda step: rx.cond(
                    step.order == ExecutionPage.chosen, rx.el.ol(step_item(step), class_name="af-timeline af-rc-chosen"), rx.fragment()
                ),
            ),
            card(rx.el.ol(rx.foreach(ExecutionPage.steps, _told), class_name="af-rc-told"), title="The same in words"),
            class_name="af-stack",
        ),
        rx.el.p(
            "The version this ran on cannot be read any more, so it cannot be drawn. The timeline has all that was done.",
            class_name="af-muted",
        ),
    )


def _told(step: rx.Var[StepView]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            f"{step.order}. {step.title}",
            type="button",
            class_name="af-textual",
            aria_pressed=ExecutionPage.chosen == step.order,
            on_click=ExecutionPage.choose(f"step-{step.order}"),
        ),
        status_badge(step.tone, label=step.label),
        rx.el.span(step.said, class_name="af-muted"),
    )
