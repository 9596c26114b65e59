"""The dialog in which a flow is given its labels."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import field
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.flow_list import FlowList


def tags_dialog() -> rx.Component:
    """Open while `tagging` is set."""
    flow: Any = FlowList.tagging
    box = rx.input(
        id="flow-tags",
        value=FlowList.tag_text,
        on_change=FlowList.set_tag_text,
        auto_focus=True,
        aria_describedby="flow-tags-help",
        width="100%",
    )
    known = rx.cond(
        FlowList.tags.length() > 0,
        rx.el.div(
            rx.foreach(
                FlowList.tags,
                lambda tag: rx.button(
                    rx.icon("plus", size=12), tag, type="button", size="1", variant="surface", on_click=FlowList.add_tag(tag)
                ),
            ),
            class_name="af-row",
            role="group",
            aria_label="Tags of other flows",
        ),
        rx.fragment(),
    )
    form = rx.el.form(
        field("Tags", box, id="flow-tags", help="Words to find it by, with commas between.", error=FlowList.tag_problem),
        known,
        rx.el.div(
            rx.button("Cancel", type="button", variant="soft", color_scheme="gray", on_click=FlowList.close_tags(False)),
            rx.button("Save", type="submit"),
            class_name="af-actions",
        ),
        on_submit=lambda _: FlowList.save_tags(),
        class_name="af-form",
    )
    return rx.cond(
        FlowList.tagging,
        form_dialog(
            f"Tags of “{flow.name}”",
            "For finding flows in the list; they change nothing of what the flow does.",
            form,
            is_open=True,
            on_open_change=FlowList.close_tags,
            width="460px",
        ),
        rx.fragment(),
    )
