"""The sequence: the trigger on top, a card per step, a "+" between them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components.flow_canvas import flow_canvas
from autoflows.ui.components.sortable import sortable, sortable_handle, sortable_row
from autoflows.ui.flow_cards import Card
from autoflows.ui.pages.flow_builder.problems import mark
from autoflows.ui.pages.flow_builder.step import step_icon
from autoflows.ui.shell import FLOWS
from autoflows.ui.states.flow_builder import CHART, FlowBuilder
from autoflows.ui.states.flow_rows import SETTINGS, TRIGGER


def canvas() -> rx.Component:
    """What happens, in order: as a list that is edited, or as a picture."""
    return rx.cond(FlowBuilder.view == CHART, _chart(), _list())


def _chart() -> rx.Component:
    return rx.el.section(
        flow_canvas(FlowBuilder.nodes, FlowBuilder.edges, FlowBuilder.open_box), class_name="af-fb-chart", aria_label="Flowchart"
    )


def _list() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            _pinned(
                TRIGGER,
                "zap",
                rx.el.strong("When a lead arrives"),
                rx.el.span(FlowBuilder.trigger_sentence, class_name="af-fb-card-text"),
            ),
            rx.cond(
                FlowBuilder.cards.length() == 0,
                rx.el.p(
                    "No step yet. Most teams begin with an AI call, wait ten minutes, and follow up in writing.",
                    class_name="af-steps-empty",
                ),
                rx.fragment(),
            ),
            sortable(
                rx.foreach(FlowBuilder.cards, _card),
                ids=FlowBuilder.cards.map(lambda card: card.id),
                labels=FlowBuilder.cards.map(lambda card: f"step {card.order}, {card.title}"),
                revision=FlowBuilder.order_revision,
                rejoined=FlowBuilder.rejoined,
                disabled=~FlowBuilder.can_edit,
                on_move=FlowBuilder.order_steps,
                class_name="af-fb-steps",
                aria_label="Steps",
            ),
            rx.el.div(
                rx.el.button(
                    rx.icon("plus", size=16),
                    "Add a step",
                    type="button",
                    class_name="af-add-step",
                    id="add-step",
                    on_click=FlowBuilder.open_palette(FlowBuilder.cards.length()),
                ),
                class_name="af-fb-end af-edit-only",
            ),
            _pinned(
                SETTINGS,
                "sliders-horizontal",
                rx.el.strong("Flow settings"),
                rx.el.span(FlowBuilder.hours_sentence, class_name="af-fb-card-text"),
            ),
            class_name="af-fb-sequence",
        ),
        class_name="af-fb-canvas",
        aria_label="Flow",
        id="canvas",
    )


def _pinned(what: str, icon: str, *content: Any) -> rx.Component:
    return rx.el.button(
        rx.el.span(rx.icon(icon, size=17), class_name="af-flow-step-icon", aria_hidden="true"),
        rx.el.span(*content, class_name="af-fb-card-said"),
        type="button",
        class_name="af-card af-fb-card af-fb-pinned",
        id=f"step-{what}",
        custom_attrs={"data-stop": what},
        aria_pressed=FlowBuilder.selected == what,
        on_click=FlowBuilder.select(what),
    )


def _card(card: rx.Var[Card]) -> rx.Component:
    return _row(
        key=card.id,
        step_id=card.id,
        order=card.order,
        title=card.title,
        icon=card.icon,
        text=card.text,
        when=card.when,
        severity=card.severity,
        counts=card.counts,
        is_selected=FlowBuilder.selected == card.id,
        executions=f"{FLOWS}/executions?flow={FlowBuilder.flow_id}",
    )


@rx.memo
def _row(
    step_id: rx.Var[str],
    order: rx.Var[int],
    title: rx.Var[str],
    icon: rx.Var[str],
    text: rx.Var[str],
    when: rx.Var[str],
    severity: rx.Var[str],
    counts: rx.Var[str],
    is_selected: rx.Var[bool],
    executions: rx.Var[str],
) -> rx.Component:
    """A card in the list. It reads nothing but these, so that of two hundred only those are drawn anew that say something else."""
    look = rx.match(
        severity, ("error", "af-card af-fb-card af-fb-wrong"), ("warning", "af-card af-fb-card af-fb-doubtful"), "af-card af-fb-card"
    )
    return sortable_row(
        rx.el.button(
            rx.icon("plus", size=13),
            type="button",
            class_name="af-fb-plus af-edit-only",
            aria_label=f"Insert before step {order}",
            title="Insert a step here",
            on_click=FlowBuilder.open_palette(order - 1),
        ),
        rx.el.div(
            rx.el.span(sortable_handle(f"Reorder step {order}, {title}"), class_name="af-edit-only"),
            rx.el.button(
                rx.el.span(step_icon(icon), class_name="af-flow-step-icon", aria_hidden="true"),
                rx.el.span(
                    rx.el.strong(f"{order}. {title}"),
                    rx.el.span(text, class_name="af-fb-card-text"),
                    rx.cond(when != "", rx.el.span(rx.icon("split", size=12), when, class_name="af-fb-when"), rx.fragment()),
                    class_name="af-fb-card-said",
                ),
                rx.cond(severity != "", mark(severity), rx.fragment()),
                type="button",
                class_name="af-fb-card-main",
                id=f"step-{step_id}",
                custom_attrs={"data-stop": step_id},
                aria_pressed=is_selected,
                on_click=FlowBuilder.select(step_id),
            ),
            rx.el.button(
                rx.icon("trash-2", size=15),
                type="button",
                class_name="af-fb-remove af-edit-only",
                aria_label=f"Remove step {order}",
                title="Remove this step",
                on_click=FlowBuilder.remove_step(step_id),
            ),
            class_name=rx.cond(is_selected, f"{look} af-fb-selected", look),
        ),
        rx.cond(
            counts != "",
            rx.link(counts, href=executions, title="Over the last 30 days. Show these executions", class_name="af-fb-counts"),
            rx.fragment(),
        ),
        item_id=step_id,
    )
