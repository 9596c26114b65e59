"""What makes a flow an experiment: the arms of a split, the arm a step is for, and the flow's goal."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components import field, switch_field
from autoflows.ui.flow_rows import ArmRow, StepRow
from autoflows.ui.pages.flow_builder.controls import icon_action, pick, said_wrong, text
from autoflows.ui.states.flow_builder import FlowBuilder

GOALS = (
    ("none", "No goal"),
    ("reply_received", "The lead replies"),
    ("call_answered", "A call is answered"),
    ("tag_added", "The contact gets a tag"),
    ("field_equals", "A field of the contact gets a value"),
)


def arms_editor(step: rx.Var[StepRow]) -> rx.Component:
    """A row per arm: its name, its percentage, whether it is the hold-out."""
    return rx.el.fieldset(
        rx.el.legend("Arms"),
        rx.foreach(step.arms, lambda arm, place: _arm(step, arm, place)),
        said_wrong(step.arms_error),
        rx.el.div(
            rx.button(
                rx.icon("plus", size=14), "Add arm", type="button", variant="soft", size="1", on_click=FlowBuilder.add_arm(step.id),
                disabled=step.arms.length() >= 6,
            ),
            rx.el.span(step.arms_total, class_name="af-muted"),
            class_name="af-spread",
        ),
        rx.el.div(
            "A person always comes into the same arm. The first arm is what the others are compared with; a hold-out gets no contact.",
            class_name="af-help",
        ),
        class_name="af-mappings",
        id=f"{step.id}-arms",
        tab_index=-1,
    )  # fmt: skip


def _arm(step: rx.Var[StepRow], arm: rx.Var[ArmRow], place: rx.Var[int]) -> rx.Component:
    number = place + 1
    return rx.el.div(
        text(arm.name, lambda v: FlowBuilder.set_arm_name(step.id, place, v), aria_label=f"Name of arm {number}", max_length=40),
        rx.input(
            rx.input.slot(rx.el.span("%", class_name="af-unit"), side="right"),
            default_value=arm.percent,
            on_blur=lambda v: FlowBuilder.set_arm_percent(step.id, place, v),
            aria_label=f"Percent of arm {number}",
            input_mode="numeric",
            width="100%",
        ),
        rx.el.label(
            rx.switch(
                checked=arm.is_holdout,
                on_change=lambda on: FlowBuilder.set_holdout(step.id, place, on),
                size="1",
                aria_label=f"Arm {number} is the hold-out",
            ),
            rx.el.span("Hold-out"),
            class_name="af-arm-holdout",
        ),
        rx.cond(
            step.arms.length() > 2,
            icon_action("x", f"Remove arm {number}", FlowBuilder.remove_arm(step.id, place)),
            rx.fragment(),
        ),
        class_name="af-arm",
        key=f"{FlowBuilder.form_key}-{place}",
    )


def arm_picker(step: rx.Var[StepRow]) -> rx.Component:
    """The arm that a step is for."""
    return rx.cond(
        step.arm_options.length() > 0,
        rx.select.root(
            rx.select.trigger(aria_label="Arm", placeholder="Choose an arm", width="100%"),
            rx.select.content(rx.foreach(step.arm_options, lambda o: rx.select.item(o.label, value=o.value)), position="popper"),
            value=step.arm_chosen,
            on_change=lambda v: FlowBuilder.choose_arm(step.id, v),
        ),
        rx.el.div("No split comes before this step; add one above it.", class_name="af-help"),
    )


def goal() -> rx.Component:
    """What counts as a conversion."""
    s = FlowBuilder.settings
    return rx.el.div(
        field(
            "A lead is converted when",
            pick(
                rx.cond(s.goal_kind == "", "none", s.goal_kind), GOALS, FlowBuilder.set_goal_kind, label="A lead is converted when",
                id="goal_kind",
            ),
            id="goal_kind",
            error=FlowBuilder.wrong["goal_kind"],
            help="What is counted as success in the results of this flow and of its splits.",
        ),
        rx.match(
            s.goal_kind,
            ("tag_added", _text("goal_tag", "Tag", s.goal_tag, "won")),
            (
                "field_equals",
                rx.el.div(
                    _text("goal_field", "Field", s.goal_field, "custom_fields.stage", custom_attrs={"list": "contact-fields"}),
                    _text("goal_value", "Value", s.goal_value, "Any value"),
                    class_name="af-grid-2",
                ),
            ),
            ("call_answered", _text("goal_seconds", "Shortest talk in seconds", s.goal_seconds, "0", input_mode="numeric")),
            rx.fragment(),
        ),
        rx.cond(
            s.goal_kind != "",
            rx.fragment(
                _text("goal_days", "Within days", s.goal_days, "7", input_mode="numeric"),
                switch_field(
                    "goal_stops", "Stop the flow when the goal is met", checked=s.goal_stops, on_change=FlowBuilder.set_goal_stops
                ),
            ),
            rx.fragment(),
        ),
        class_name="af-form",
    )  # fmt: skip


def _text(name: str, label: str, value: rx.Var[str], placeholder: str, **more: object) -> rx.Component:
    return field(
        label,
        text(value, lambda v: FlowBuilder.set_goal_text(name, v), id=name, placeholder=placeholder, **more),
        id=name,
        error=FlowBuilder.wrong[name],
    )
