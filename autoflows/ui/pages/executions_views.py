"""Saved views of the list of executions: the picker, the form for a name, and the question before one is deleted."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import confirm_dialog, save_bar, switch_field, text_field
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.shell import FLOWS
from autoflows.ui.states.executions import ExecutionList
from autoflows.ui.states.executions_views import NEW, ViewRow

HERE = f"{FLOWS}/executions"


def picker() -> rx.Component:
    """The views there are, each a link; and the way to save one more."""
    name = rx.cond(ExecutionList.view_name != "", ExecutionList.view_name, "Saved views")
    return rx.popover.root(
        rx.popover.trigger(
            rx.button(
                rx.icon("bookmark", size=15),
                rx.el.span(name, class_name="af-ellipsis"),
                rx.icon("chevron-down", size=14),
                variant="soft",
                color_scheme="gray",
                class_name="af-views-button",
            )
        ),
        rx.popover.content(
            rx.el.h2("Saved views", class_name="af-views-title"),
            rx.cond(
                ExecutionList.views.length() > 0,
                rx.el.ul(rx.foreach(ExecutionList.views, _line), class_name="af-views"),
                rx.el.p("None yet. Set filters, then keep them under a name.", class_name="af-help"),
            ),
            rx.button(
                rx.icon("plus", size=14),
                "Save what you see here",
                size="2",
                variant="soft",
                width="100%",
                on_click=ExecutionList.ask_name(NEW),
            ),
            class_name="af-views-panel",
            align="end",
            aria_label="Saved views",
        ),
        open=ExecutionList.views_open,
        on_open_change=ExecutionList.set_views_open,
    )


def _line(view: rx.Var[ViewRow]) -> rx.Component:
    whose = rx.cond(view.is_mine, rx.cond(view.is_shared, "Yours, shared with the team", "Yours"), f"Shared by {view.owner}")

    def button(icon: str, label: Any, action: Any) -> rx.Component:
        return rx.icon_button(
            rx.icon(icon, size=14),
            aria_label=label,
            title=label,
            size="1",
            variant="ghost",
            color_scheme="gray",
            margin="0",
            on_click=action,
        )

    return rx.el.li(
        rx.link(
            rx.el.strong(view.name),
            rx.el.span(whose, class_name="af-help"),
            href=rx.cond(view.asked != "", f"{HERE}?{view.asked}", HERE),
            underline="none",
            on_click=ExecutionList.set_views_open(False),
            custom_attrs={"aria-current": rx.cond(ExecutionList.view_name == view.name, "true", "false")},
        ),
        rx.cond(
            view.may_change,
            rx.el.span(
                button("save", f"Keep what you see here as {view.name}", ExecutionList.keep_filters(view.id)),
                button("pencil", f"Rename or share {view.name}", ExecutionList.ask_name(view.id)),
                button("trash-2", f"Delete {view.name}", ExecutionList.ask_drop(view.id)),
                class_name="af-row af-flat-row",
            ),
            rx.fragment(),
        ),
        key=view.id,
    )


def dialogs() -> rx.Component:
    """What lies over the page while a view is named or deleted."""
    is_new = ExecutionList.naming == NEW
    form = rx.form(
        text_field(
            "view-name",
            "Name",
            help=rx.cond(is_new, "What is shown now is kept: the tab, the filters and the order.", ""),
            error=ExecutionList.problems["name"],
            default_value=ExecutionList.naming_name,
            max_length=60,
            auto_focus=True,
        ),
        switch_field(
            "view-shared", "Share with the team", help="Everybody in the account sees it.", default_checked=ExecutionList.naming_shared
        ),
        save_bar("Save", problem=ExecutionList.problems[""]),
        on_submit=ExecutionList.save_view,
        class_name="af-form",
    )
    naming = rx.cond(
        ExecutionList.naming != "",
        form_dialog(
            rx.cond(is_new, "Save this view", "Rename or share this view"),
            "Its link can be sent to others; what they see is what they may see.",
            form,
            is_open=True,
            on_open_change=ExecutionList.close_naming,
            width="440px",
        ),
        rx.fragment(),
    )
    gone: Any = ExecutionList.dropping
    dropping = confirm_dialog(
        None,
        rx.cond(gone, f"Delete the view “{gone.name}”?", ""),
        rx.cond(gone, rx.cond(gone.is_shared, "It goes for the whole team. No execution is touched.", "No execution is touched."), ""),
        "Delete view",
        ExecutionList.drop_view,
        open=rx.cond(gone, True, False),
        on_open_change=ExecutionList.close_drop,
    )
    return rx.fragment(naming, dropping)
