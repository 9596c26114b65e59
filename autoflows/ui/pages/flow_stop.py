"""The question before a flow is switched off or deleted: what becomes of the leads in it now."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import note
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.flow_list import FlowList

CHOICES = (
    ("finish", "Let them finish", "They go on to the end of the flow."),
    ("hold", "Hold them", "Nothing is sent to them until you resume the flow or switch it on again."),
    ("cancel", "Cancel them", "They end now. What was sent stays sent; calls that still wait at the provider are stopped."),
)


def stop_dialog() -> rx.Component:
    """The dialog, while there is a question."""
    flow: Any = FlowList.stopping
    count = rx.match(
        flow.running,
        (0, "Nothing is running in it now."),
        (1, "1 lead is in this flow now."),
        f"{flow.running.to_string()} leads are in this flow now.",
    )
    after = rx.cond(FlowList.deletes, "No new lead enters it. Its executions and their history stay, also in the analytics.",
                    "No new lead enters it until you switch it on again.")  # fmt: skip
    content = rx.el.div(
        rx.cond(flow.running > 0, _choices(), rx.fragment()),
        rx.cond(
            FlowList.busy & (FlowList.running_choice == "cancel"),
            note(
                FlowList.cancelled, " cancelled, ", flow.running, " left. Nothing is sent to them meanwhile.", colour="blue", role="status"
            ),
            rx.fragment(),
        ),
        rx.el.div(
            rx.button("Keep as it is", variant="soft", color_scheme="gray", disabled=FlowList.busy, on_click=FlowList.close_stop(False)),
            rx.button(
                _label(),
                color_scheme=rx.cond(FlowList.deletes | (FlowList.running_choice == "cancel"), "red", "indigo"),
                loading=FlowList.busy,
                on_click=FlowList.stop,
            ),
            class_name="af-actions",
        ),
        class_name="af-form",
    )
    return rx.cond(
        FlowList.stopping,
        form_dialog(
            rx.cond(FlowList.deletes, f"Delete “{flow.name}”?", f"Switch off “{flow.name}”?"),
            rx.fragment(count, " ", after),
            content,
            is_open=True,
            on_open_change=FlowList.close_stop,
            width="480px",
        ),
        rx.fragment(),
    )


def _choices() -> rx.Component:
    def choice(value: str, title: str, text: str) -> rx.Component:
        return rx.el.label(
            rx.radio_group.item(value=value),
            rx.el.span(rx.el.span(title, class_name="af-strong"), rx.el.span(text, class_name="af-help")),
            class_name="af-stop-choice",
        )

    finish, hold, cancel = (choice(*words) for words in CHOICES)
    return rx.radio_group.root(
        finish,
        # What is held in a deleted flow could never go on.
        rx.cond(FlowList.deletes, rx.fragment(), hold),
        cancel,
        value=FlowList.running_choice,
        on_change=FlowList.set_running_choice,
        disabled=FlowList.busy,
        aria_label="What becomes of the leads in it",
        class_name="af-stop-choices",
    )


def _label() -> rx.Component:
    flow: Any = FlowList.stopping
    number = flow.running.to_string()
    return rx.cond(
        FlowList.deletes,
        rx.cond((FlowList.running_choice == "cancel") & (flow.running > 0), f"Delete flow and cancel {number}", "Delete flow"),
        rx.match(
            FlowList.running_choice, ("hold", f"Switch off and hold {number}"), ("cancel", f"Switch off and cancel {number}"), "Switch off"
        ),
    )
