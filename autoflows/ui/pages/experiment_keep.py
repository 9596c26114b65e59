"""Ending a test on its page: a button for each arm that can be kept, and the question what that means."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import moment, note
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.experiment_rows import ArmRow
from autoflows.ui.shell import FLOWS
from autoflows.ui.states.base import may
from autoflows.ui.states.experiments import ExperimentsState

SHOWN = ExperimentsState.shown
ASKED: Any = ExperimentsState.keeping


def keep_buttons() -> rx.Component:
    """For who may edit flows."""
    return rx.cond(
        may(Permission.FLOWS_WRITE),
        rx.el.div(
            rx.el.span("End the test:", class_name="af-muted"),
            rx.foreach(SHOWN.arms, _button),
            class_name="af-row af-keep",
            role="group",
            aria_label="End the test",
        ),
        rx.fragment(),
    )


def _button(arm: rx.Var[ArmRow]) -> rx.Component:
    button = rx.button(
        rx.icon("flag", size=14),
        rx.el.span("Keep ", arm.name, class_name="af-cut"),
        variant="soft",
        size="1",
        key=arm.name,
        on_click=ExperimentsState.ask_keep(arm.name),
    )
    return rx.cond(arm.may_keep, button, rx.fragment())


def keep_dialog() -> rx.Component:
    """What keeping the arm means, before the draft is made."""
    flow = f"{FLOWS}/{ASKED.flow_id}/edit?review=1"
    changed = note(
        f"The flow has unpublished changes, last saved by {ASKED.draft_by} ",
        moment(ASKED.draft_at),
        ". They stay, and the arm is kept beside them.",
        colour="amber",
        action=rx.link("Open the draft", href=flow, class_name="af-small"),
    )
    content = rx.el.div(
        rx.cond(SHOWN.may_stop, rx.fragment(), note(SHOWN.stop, colour="amber")),
        rx.el.ul(rx.foreach(ASKED.meaning, rx.el.li), class_name="af-points"),
        rx.cond(ASKED.revision > 0, changed, rx.fragment()),
        rx.cond(
            ExperimentsState.keep_problem != "",
            note(
                ExperimentsState.keep_problem,
                colour="red",
                role="alert",
                action=rx.link("Open the flow", href=flow, class_name="af-small"),
            ),
            rx.fragment(),
        ),
        rx.el.div(
            rx.button(
                "Go on with the test", type="button", variant="soft", color_scheme="gray", on_click=ExperimentsState.close_keep(False)
            ),
            rx.button(
                rx.el.span(
                    rx.cond(ASKED.revision > 0, f"Keep {ASKED.arm} beside the changes", f"Keep {ASKED.arm} as draft"), class_name="af-cut"
                ),
                type="button",
                on_click=ExperimentsState.keep,
            ),
            class_name="af-actions",
        ),
        class_name="af-stack",
    )
    return rx.cond(
        ASKED,
        form_dialog(
            f"Keep “{ASKED.arm}”?",
            "This makes a draft and shows it to you. Nothing changes for leads until you publish it.",
            content,
            is_open=True,
            on_open_change=ExperimentsState.close_keep,
            width="560px",
        ),
        rx.fragment(),
    )
