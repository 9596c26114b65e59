"""What can be done with the chosen executions: the bar, the question with its number, and what came of it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import area_field, note
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.executions import ExecutionList


def bar() -> rx.Component:
    """How many are chosen, and what to do with them."""
    every = rx.cond(
        ExecutionList.all_chosen,
        rx.el.strong("All ", ExecutionList.fitting, " that fit are chosen"),
        rx.fragment(
            rx.el.strong(ExecutionList.chosen.length(), " chosen"),
            rx.cond(
                ExecutionList.page_chosen & (ExecutionList.has_more | ExecutionList.is_later),
                rx.el.button(
                    "Choose all ",
                    ExecutionList.fitting,
                    " that fit the filters",
                    type="button",
                    class_name="af-link",
                    on_click=ExecutionList.choose_all_fitting,
                ),
                rx.fragment(),
            ),
        ),
    )
    return rx.cond(
        ExecutionList.all_chosen | (ExecutionList.chosen.length() > 0),
        rx.el.div(
            every,
            rx.button("Cancel…", size="1", variant="soft", color_scheme="red", on_click=ExecutionList.ask_bulk("cancel")),
            rx.button("Try again…", size="1", variant="soft", on_click=ExecutionList.ask_bulk("retry")),
            rx.button("Choose none", size="1", variant="ghost", color_scheme="gray", margin="0", on_click=ExecutionList.tick_page(False)),
            class_name="af-card af-bulk",
            role="group",
            aria_label="Chosen executions",
        ),
        rx.fragment(),
    )


def result() -> rx.Component:
    """What came of it."""
    return rx.cond(
        ExecutionList.bulk_text != "",
        rx.el.div(
            note(
                rx.el.strong(ExecutionList.bulk_text),
                rx.cond(
                    ExecutionList.bulk_notes.length() > 0,
                    rx.el.ul(rx.foreach(ExecutionList.bulk_notes, rx.el.li), class_name="af-bulk-notes"),
                    rx.fragment(),
                ),
                colour="blue",
                action=rx.button("Dismiss", size="1", variant="soft", on_click=ExecutionList.dismiss_bulk),
                role="status",
            ),
            class_name="af-bulk-result",
        ),
        rx.fragment(),
    )


def dialog() -> rx.Component:
    """The question, while there is one; the number comes first."""
    asked: Any = ExecutionList.bulk
    is_cancel = asked.kind == "cancel"
    number = asked.said
    title = rx.match(
        asked.number,
        (0, rx.cond(is_cancel, "Nothing to cancel", "Nothing to try again")),
        (1, rx.cond(is_cancel, "Cancel 1 execution?", "Try 1 execution again?")),
        rx.cond(is_cancel, f"Cancel {number} executions?", f"Try {number} executions again?"),
    )
    meaning = rx.cond(
        asked.number == 0,
        rx.cond(is_cancel, "None of those chosen is running any more.", "None of those chosen has failed."),
        rx.cond(
            is_cancel,
            "They end now. What was sent stays sent; calls that still wait at the provider are stopped.",
            "Each goes on from what failed. Nothing that was sent is sent again, and rules and hours are asked anew.",
        ),
    )
    others = rx.cond(
        (asked.of != "") & (asked.of != number) & (asked.number > 0),
        rx.cond(is_cancel, f" Of the {asked.of} chosen, only these are running.", f" Of the {asked.of} chosen, only these have failed."),
        "",
    )
    reason = area_field(
        "bulk-reason",
        "Reason",
        optional=True,
        help="Shown on each of them, and kept in the audit log.",
        max_length=500,
        rows="2",
        disabled=ExecutionList.busy,
    )
    progress = rx.el.div(
        rx.el.progress(value=asked.done.to_string(), max=asked.number.to_string(), aria_label="Progress"),
        rx.el.span(asked.done, " of ", asked.number, class_name="af-number af-muted"),
        class_name="af-bulk-progress",
        role="status",
    )
    form = rx.form(
        rx.cond(is_cancel & (asked.number > 0), reason, rx.fragment()),
        rx.cond(ExecutionList.busy, progress, rx.fragment()),
        rx.el.div(
            rx.button(
                rx.cond(asked.number == 0, "Close", "Keep as they are"),
                type="button",
                variant="soft",
                color_scheme="gray",
                disabled=ExecutionList.busy,
                on_click=ExecutionList.close_bulk(False),
            ),
            rx.cond(
                asked.number > 0,
                rx.button(
                    rx.cond(is_cancel, f"Cancel {number}", f"Try {number} again"),
                    type="submit",
                    color_scheme=rx.cond(is_cancel, "red", "indigo"),
                    loading=ExecutionList.busy,
                ),
                rx.fragment(),
            ),
            class_name="af-actions",
        ),
        on_submit=ExecutionList.run_bulk,
        class_name="af-form",
    )
    return rx.cond(
        ExecutionList.bulk,
        form_dialog(title, rx.fragment(meaning, others), form, is_open=True, on_open_change=ExecutionList.close_bulk, width="480px"),
        rx.fragment(),
    )
