"""When contacts may be made, and what ends the flow early."""

from __future__ import annotations

import reflex as rx

from autoflows.ui import words
from autoflows.ui.components import card, field, switch_field
from autoflows.ui.components.zones import zone_list
from autoflows.ui.pages.flow_form.controls import pick, said_wrong, text
from autoflows.ui.states.flow_form import FlowForm


def hours() -> rx.Component:
    """Business hours: the account's, or the flow's own."""
    own = rx.el.div(
        rx.el.div(
            rx.el.span("Days", class_name="af-label", id="days-label"),
            rx.el.div(
                *(_day(number, name) for number, name in enumerate(words.DAYS, start=1)),
                class_name="af-days",
                role="group",
                aria_labelledby="days-label",
            ),
            said_wrong(FlowForm.problems["business_days"]),
            class_name="af-field",
        ),
        rx.el.div(
            _time("opens", "Opens", FlowForm.opens, "business_hours_start"),
            _time("closes", "Closes", FlowForm.closes, "business_hours_end"),
            field(
                "Time zone",
                text(
                    FlowForm.zone,
                    lambda v: FlowForm.set_text("zone", v),
                    id="zone",
                    custom_attrs={"list": "zones"},
                    placeholder="Asia/Kolkata",
                ),
                id="zone",
                error=FlowForm.problems["business_hours_timezone"],
            ),
            class_name="af-grid-3",
        ),
        zone_list(),
        class_name="af-form af-inset",
    )
    return card(
        rx.el.div(
            switch_field(
                "custom_hours",
                "This flow keeps its own hours",
                help=FlowForm.default_hours,
                checked=FlowForm.custom_hours,
                on_change=lambda on: FlowForm.set_switch("custom_hours", on),
            ),
            rx.cond(FlowForm.custom_hours, own, rx.fragment()),
            said_wrong(FlowForm.problems[""]),
            rx.el.div(
                rx.el.span("When a step is due outside the hours", class_name="af-label", id="outside-label"),
                rx.radio_group.root(
                    rx.el.label(rx.radio_group.item(value="wait"), rx.el.span("Wait for the opening"), class_name="af-radio"),
                    rx.el.label(rx.radio_group.item(value="skip"), rx.el.span("Skip the step"), class_name="af-radio"),
                    value=FlowForm.outside_hours,
                    on_change=FlowForm.set_outside_hours,
                    aria_labelledby="outside-label",
                    class_name="af-radios",
                ),
                class_name="af-field",
            ),
            class_name="af-form",
        ),
        title="When contacts may be made",
        text="Calls and messages keep to these hours; waits pass at any time.",
        id="hours",
    )


def rules() -> rx.Component:
    """Exit rules, cooldown, and what to do about attempts nobody told about."""
    return card(
        rx.el.div(
            rx.el.div(
                switch_field(
                    "exit_on_answered",
                    "Stop when a call is answered",
                    checked=FlowForm.exit_on_answered,
                    on_change=lambda on: FlowForm.set_switch("exit_on_answered", on),
                ),
                switch_field(
                    "exit_on_reply",
                    "Stop when the lead replies",
                    checked=FlowForm.exit_on_reply,
                    on_change=lambda on: FlowForm.set_switch("exit_on_reply", on),
                ),
                class_name="af-grid-2",
            ),
            rx.el.div(
                field(
                    "Stop when the contact has the tag",
                    text(FlowForm.exit_tag, lambda v: FlowForm.set_text("exit_tag", v), id="exit_tag", placeholder="won"),
                    id="exit_tag",
                    error=FlowForm.problems["exit_rules"],
                    optional=True,
                    help="Steps set to run “always” run all the same.",
                ),
                _exit_field(),
                class_name="af-grid-2",
            ),
            rx.el.div(
                field(
                    "Contacts per hour",
                    text(
                        FlowForm.per_hour,
                        lambda v: FlowForm.set_text("per_hour", v),
                        id="per_hour",
                        input_mode="numeric",
                        placeholder="No limit",
                    ),
                    id="per_hour",
                    error=FlowForm.problems["max_contacts_per_hour"],
                    optional=True,
                    help="All contacts of this flow together, evenly spread over the hour; the rest waits its turn.",
                ),
                field(
                    "Cooldown in minutes",
                    text(
                        FlowForm.cooldown_minutes,
                        lambda v: FlowForm.set_text("cooldown_minutes", v),
                        id="cooldown_minutes",
                        input_mode="numeric",
                        placeholder=FlowForm.default_cooldown.to_string(),
                    ),
                    id="cooldown_minutes",
                    error=FlowForm.problems["cooldown_minutes"],
                    optional=True,
                    help=f"A person enters no flow again within this time. Empty: the account's {FlowForm.default_cooldown} minutes.",
                ),
                class_name="af-grid-2",
            ),
            field(
                "If nobody can tell what became of an attempt",
                pick(
                    FlowForm.on_unknown,
                    {"continue": "Go on with the next step", "stop": "Stop the flow and tell the team"},
                    FlowForm.set_on_unknown,
                    label="If nobody can tell what became of an attempt",
                    id="on_unknown",
                ),
                id="on_unknown",
                help="The attempt itself is never repeated, so nobody is contacted twice by mistake.",
            ),
            class_name="af-form",
        ),
        title="Limits, and what ends it early",
        id="rules",
    )


def _exit_field() -> rx.Component:
    """A field of the contact, and the value that ends the flow."""
    return rx.el.div(
        rx.el.label("Stop when the contact’s field", rx.el.span(" optional", class_name="af-optional"), html_for="exit_field"),
        rx.el.div(
            text(
                FlowForm.exit_field,
                lambda v: FlowForm.set_text("exit_field", v),
                id="exit_field",
                placeholder="custom_fields.stage",
                custom_attrs={"list": "exit-fields"},
                aria_describedby="exit_field-help",
            ),
            rx.el.span("is", class_name="af-muted"),
            text(
                FlowForm.exit_value,
                lambda v: FlowForm.set_text("exit_value", v),
                id="exit_value",
                placeholder="won",
                aria_label="has the value",
            ),
            class_name="af-exit-field",
        ),
        rx.el.div(
            "Upper and lower case are alike. Without a value: as soon as the field has any.", class_name="af-help", id="exit_field-help"
        ),
        class_name="af-field",
    )


def _day(number: int, name: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", checked=FlowForm.days.contains(number), on_change=FlowForm.toggle_day(number), aria_label=name),
        rx.el.span(name),
        class_name="af-day",
    )


def _time(name: str, label: str, value: rx.Var[str], pointer: str) -> rx.Component:
    return field(
        label,
        text(value, lambda v: FlowForm.set_text(name, v), id=name, type="time"),
        id=name,
        error=FlowForm.problems[pointer],
    )
