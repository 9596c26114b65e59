"""The two routes of the builder."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import form_skeleton
from autoflows.ui.components.builder_keys import BuilderKeys
from autoflows.ui.pages.flow_builder.canvas import canvas
from autoflows.ui.pages.flow_builder.dialogs import conflict_dialog
from autoflows.ui.pages.flow_builder.header import actions, strips
from autoflows.ui.pages.flow_builder.history import history_sheet
from autoflows.ui.pages.flow_builder.inspector import inspector
from autoflows.ui.pages.flow_builder.palette import palette, palette_dialog
from autoflows.ui.pages.flow_builder.problems import problems_sheet
from autoflows.ui.pages.flow_builder.publish import publish_dialog
from autoflows.ui.pages.flow_stop import stop_dialog
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.flow_builder import FlowBuilder

BACK = ("Flows", FLOWS)
KEYS = (
    ("↑ ↓", "Walk the cards"),
    ("Enter", "Edit the selected card"),
    ("Tab", "On a card: add a step after it"),
    ("Space, ↑ ↓, Space", "On a card's handle: move the step"),
    ("Del", "Remove the selected step"),
    ("Ctrl Z", "Undo"),
    ("Ctrl Shift Z", "Redo"),
    ("Ctrl S", "Publish with a name"),
    ("Esc", "Back to the card; close the panel"),
)
"""The shortcuts, for the list that "?" opens. On a Mac, Cmd stands for Ctrl."""


def _builder() -> rx.Component:
    return rx.el.div(
        strips(),
        rx.el.div(palette(), canvas(), inspector(), class_name="af-fb-parts"),
        palette_dialog(),
        publish_dialog(),
        history_sheet(),
        problems_sheet(),
        conflict_dialog(),
        stop_dialog(FlowBuilder),
        BuilderKeys.create(
            focus=FlowBuilder.focus,
            focus_turn=FlowBuilder.focus_turn,
            rejoined=FlowBuilder.rejoined,
            draft_id=FlowBuilder.draft_id,
            flow_id=FlowBuilder.flow_id,
            dirty=FlowBuilder.dirty,
            can_edit=FlowBuilder.can_edit,
            on_press=FlowBuilder.press,
            on_beat=FlowBuilder.beat,
            on_leave=FlowBuilder.leave,
        ),
        class_name=rx.cond(FlowBuilder.can_edit, "af-fb", "af-fb af-read-only"),
    )


@page(
    f"{FLOWS}/create",
    "New flow",
    FlowBuilder,
    heading=FlowBuilder.heading,
    actions=actions,
    skeleton=form_skeleton,
    back=BACK,
    write=Permission.FLOWS_WRITE,
    shortcuts=KEYS,
    fills_window=True,
)
def create() -> rx.Component:
    """A flow begun: empty, from an example, or a draft that was never published."""
    return _builder()


@page(
    f"{FLOWS}/[id]/edit",
    "Edit flow",
    FlowBuilder,
    heading=FlowBuilder.heading,
    actions=actions,
    skeleton=form_skeleton,
    back=BACK,
    write=Permission.FLOWS_WRITE,
    shortcuts=KEYS,
    fills_window=True,
)
def edit() -> rx.Component:
    """A flow that was published."""
    return _builder()
