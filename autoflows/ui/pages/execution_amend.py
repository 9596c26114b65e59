"""What a person adds to an execution: what became of an attempt nobody told about, and another try at what failed."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import area_field, confirm_dialog, note, select_field
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.base import may
from autoflows.ui.states.execution import ExecutionPage
from autoflows.ui.timeline import AttemptView

head = ExecutionPage.head
WRITE = Permission.EXECUTIONS_WRITE


def in_doubt(attempt: rx.Var[AttemptView]) -> rx.Component:
    """An attempt of unknown fate: what is known, what a second try would risk, and the two answers a person can give."""

    def answer(icon: str, label: str, reached: bool) -> rx.Component:
        return rx.button(
            rx.icon(icon, size=14),
            label,
            size="1",
            variant="soft",
            color_scheme="gray",
            on_click=ExecutionPage.ask_resolve(attempt.id, reached),
        )

    return rx.cond(
        attempt.unsettled,
        note(
            rx.el.span(attempt.risk),
            rx.cond(
                may(WRITE),
                rx.el.div(answer("check", "It reached them", True), answer("x", "It did not", False), class_name="af-row af-doubt-answers"),
                rx.fragment(),
            ),
            colour="amber",
            icon="circle-help",
        ),
        rx.fragment(),
    )


def resolve_dialog() -> rx.Component:
    """How one knows, and for a call how it ended."""
    form = rx.form(
        rx.cond(
            ExecutionPage.resolving_call,
            select_field(
                "outcome",
                "How did the call end?",
                ExecutionPage.outcomes,
                default_value=ExecutionPage.outcomes[0][0],
                error=ExecutionPage.problems["outcome"],
                help="The steps that follow turn on it.",
            ),
            rx.fragment(),
        ),
        area_field(
            "note",
            "How do you know?",
            optional=True,
            max_length=500,
            placeholder=rx.cond(ExecutionPage.reached, "They called us back", "The lead says that nobody called"),
            error=ExecutionPage.problems["note"],
            help="Kept with the attempt and in the audit log. It cannot be changed afterwards.",
        ),
        rx.el.div(
            rx.button("Cancel", type="button", variant="soft", color_scheme="gray", on_click=ExecutionPage.close_resolve(False)),
            rx.button(rx.cond(ExecutionPage.reached, "It reached them", "It did not reach them"), type="submit"),
            class_name="af-actions",
        ),
        on_submit=ExecutionPage.resolve,
        class_name="af-form",
    )
    return form_dialog(
        rx.cond(ExecutionPage.reached, "It reached them?", "It did not reach them?"),
        rx.cond(
            head.status == "running",
            "Nothing is sent again. The flow goes on by what you say.",
            "Nothing is sent again. This execution is over and stays so; one that failed can be tried again afterwards.",
        ),
        form,
        is_open=ExecutionPage.resolving != "",
        on_open_change=ExecutionPage.close_resolve,
    )


def retry_button() -> rx.Component:
    """Try a failed execution again: from where, or what is in the way."""
    again = ExecutionPage.again
    return rx.cond(
        may(WRITE) & (head.status == "failed") & ~head.is_test_run,
        rx.cond(
            again.problem != "",
            rx.button(rx.icon("rotate-ccw", size=15), "Try again", disabled=True, title=again.problem),
            confirm_dialog(
                rx.button(rx.icon("rotate-ccw", size=15), "Try again"),
                "Try again from what failed?",
                again.text,
                "Try again",
                ExecutionPage.retry,
                danger=False,
            ),
        ),
        rx.fragment(),
    )


def retry_problem() -> rx.Component:
    """Why it cannot be tried again just now, where the button says so only on hover."""
    return rx.cond(
        may(WRITE) & (ExecutionPage.again.problem != ""),
        note(ExecutionPage.again.problem, colour="amber", icon="rotate-ccw"),
        rx.fragment(),
    )


def cancel_button() -> rx.Component:
    """Stop it: what that does at this moment, and why."""
    form = rx.form(
        rx.el.div(
            rx.el.label("Reason", rx.el.span(" optional", class_name="af-optional"), html_for="cancel-reason"),
            rx.input(name="reason", id="cancel-reason", placeholder="The lead asked us to stop", max_length=255, width="100%"),
            rx.el.div("Kept with the execution and in the audit log.", class_name="af-help"),
            class_name="af-field",
        ),
        rx.el.div(
            rx.button("Keep running", type="button", variant="soft", color_scheme="gray", on_click=ExecutionPage.set_cancel_open(False)),
            rx.button("Cancel execution", type="submit", color_scheme="red", disabled=ExecutionPage.cancelling == ""),
            class_name="af-actions",
            style={"marginTop": "16px"},
        ),
        on_submit=ExecutionPage.cancel,
    )
    button = rx.button(
        rx.icon("circle-stop", size=15),
        "Cancel execution",
        variant="soft",
        color_scheme="red",
        on_click=ExecutionPage.set_cancel_open(True),
    )
    return rx.fragment(
        rx.cond(may(WRITE) & (head.status == "running"), button, rx.fragment()),
        form_dialog(
            "Cancel this execution?",
            rx.cond(
                ExecutionPage.cancelling != "",
                ExecutionPage.cancelling,
                f"It is over already ({head.status}), so there is nothing to cancel.",
            ),
            form,
            is_open=ExecutionPage.cancel_open,
            on_open_change=ExecutionPage.set_cancel_open,
        ),
    )
