"""Questions of the inbox: why one is left as it is, and whether to deal with all of one cause. The number is said first."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import area_field, select_field
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.inbox import InboxState

NUMBER = InboxState.act_number.to_string()


def _buttons(label: Any, on_cancel: Any) -> rx.Component:
    return rx.el.div(
        rx.button("Cancel", type="button", variant="soft", color_scheme="gray", on_click=on_cancel),
        rx.button(label, type="submit"),
        class_name="af-actions",
    )


def _note(label: str, placeholder: str, name: str) -> rx.Component:
    return area_field(
        "note", label, id=name, optional=True, max_length=500, placeholder=placeholder, help="Kept with it and in the audit log."
    )


def leave_dialog() -> rx.Component:
    """Why it is left as it is."""
    return form_dialog(
        f"Leave {InboxState.leaving_name} as it is?",
        "It needs nobody any more, and nothing is sent. It can still be tried again from “Left as they are”.",
        rx.form(
            _note("Why?", "They bought elsewhere", "leave-note"),
            _buttons("Leave it", InboxState.close_leave(False)),
            on_submit=InboxState.leave,
            class_name="af-form",
        ),
        is_open=InboxState.leaving != "",
        on_open_change=InboxState.close_leave,
    )


def act_dialog() -> rx.Component:
    """All of one cause at once."""
    title = rx.match(
        InboxState.act,
        ("retry", f"Try {NUMBER} again?"),
        ("dismiss", f"Leave {NUMBER} as they are?"),
        f"What became of {NUMBER}?",
    )
    text = rx.match(
        InboxState.act,
        (
            "retry",
            "Each step whose attempts surely failed is made once more, within the rules of now. Nothing that was sent is sent again.",
        ),
        ("dismiss", "They need nobody any more, and nothing is sent. Each can still be tried again from “Left as they are”."),
        "The same is noted for each of them, and cannot be changed afterwards. Nothing is sent again; flows that wait go on by it.",
    )
    label = rx.match(InboxState.act, ("retry", f"Try {NUMBER} again"), ("dismiss", f"Leave {NUMBER} as they are"), f"Answer for {NUMBER}")
    form = rx.form(
        rx.el.p(InboxState.act_title, class_name="af-flat af-strong"),
        rx.cond(
            InboxState.act == "resolve",
            select_field("answer", "What became of them?", InboxState.act_answers, id="act-answer"),
            rx.fragment(),
        ),
        rx.cond(InboxState.act == "retry", rx.fragment(), _note("How do you know, or why?", "", "act-note")),
        _buttons(label, InboxState.close_act(False)),
        on_submit=InboxState.do_all,
        class_name="af-form",
    )
    return form_dialog(title, text, form, is_open=InboxState.act != "", on_open_change=InboxState.close_act)
