"""The question before a flow is switched off or deleted: what becomes of the leads in it now."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import note
from autoflows.ui.components.fields import explained_choice
from autoflows.ui.components.sheet import form_dialog

CHOICES = (
    ("finish", "Let them finish", "They go on to the end of the flow."),
    ("hold", "Hold them", "Nothing is sent to them until you resume the flow or switch it on again."),
    ("cancel", "Cancel them", "They end now. What was sent stays sent; calls that still wait at the provider are stopped."),
)


def stop_dialog(state: Any) -> rx.Component:
    """The dialog of a page whose state is a `FlowStop`, while there is a question."""
    flow = state.stopping
    count = rx.match(
        flow.running,
        (0, "Nothing is running in it now."),
        (1, "1 lead is in this flow now."),
        f"{flow.running.to_string()} leads are in this flow now.",
    )
    after = rx.cond(state.deletes, "No new lead enters it. Its executions and their history stay, also in the analytics.",
                    "No new lead enters it until you switch it on again.")  # fmt: skip
    content = rx.el.div(
        rx.cond(flow.running > 0, _choices(state), rx.fragment()),
        rx.cond(
            state.busy & (state.stop_choice == "cancel"),
            note(state.cancelled, " cancelled, ", flow.running, " left. Nothing is sent to them meanwhile.", colour="blue", role="status"),
            rx.fragment(),
        ),
        rx.el.div(
            rx.button("Keep as it is", variant="soft", color_scheme="gray", disabled=state.busy, on_click=state.close_stop(False)),
            rx.button(
                _label(state),
                color_scheme=rx.cond(state.deletes | (state.stop_choice == "cancel"), "red", "indigo"),
                loading=state.busy,
                on_click=state.stop,
            ),
            class_name="af-actions",
        ),
        class_name="af-form",
    )
    return rx.cond(
        state.stopping,
        form_dialog(
            rx.cond(state.deletes, f"Delete “{flow.name}”?", f"Switch off “{flow.name}”?"),
            rx.fragment(count, " ", after),
            content,
            is_open=True,
            on_open_change=state.close_stop,
            width="480px",
        ),
        rx.fragment(),
    )


def _choices(state: Any) -> rx.Component:
    finish, hold, cancel = (explained_choice(*words) for words in CHOICES)
    return rx.radio_group.root(
        finish,
        # What is held in a deleted flow could never go on.
        rx.cond(state.deletes, rx.fragment(), hold),
        cancel,
        value=state.stop_choice,
        on_change=state.set_stop_choice,
        disabled=state.busy,
        aria_label="What becomes of the leads in it",
        class_name="af-stop-choices",
    )


def _label(state: Any) -> rx.Component:
    flow = state.stopping
    number = flow.running.to_string()
    return rx.cond(
        state.deletes,
        rx.cond((state.stop_choice == "cancel") & (flow.running > 0), f"Delete flow and cancel {number}", "Delete flow"),
        rx.match(state.stop_choice, ("hold", f"Switch off and hold {number}"), ("cancel", f"Switch off and cancel {number}"), "Switch off"),
    )
