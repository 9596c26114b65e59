"""The panel of the settings: the flow's name, when contacts may be made, what ends the flow early, and its limits."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui import words
from autoflows.ui.components import field, switch_field
from autoflows.ui.components.zones import zone_list
from autoflows.ui.pages.flow_builder.controls import pick, said_wrong, text
from autoflows.ui.pages.flow_builder.experiment import goal
from autoflows.ui.states.flow_builder import FlowBuilder
from autoflows.ui.states.flow_rows import TEXTS


def settings_panel() -> rx.Component:
    """Everything about the flow but its trigger and its steps."""
    return rx.fragment(
        _basics(), _part("When contacts may be made", _hours()), _part("Goal", goal()), _part("Limits, and what ends it early", _rules())
    )


def _part(title: str, content: rx.Component) -> rx.Component:
    return rx.el.section(rx.el.h3(title), content, class_name="af-fb-part")


def _basics() -> rx.Component:
    return rx.el.div(
        _text("name", "Name", FlowBuilder.settings.name, placeholder="IndiaMART first call"),
        field(
            "Description",
            rx.text_area(
                default_value=FlowBuilder.settings.description,
                on_blur=lambda v: FlowBuilder.set_text("description", v),
                id="description",
                placeholder="What this flow is for, in a sentence your colleagues will understand",
                max_length=5000,
                rows="2",
                width="100%",
            ),
            id="description",
            error=FlowBuilder.wrong["description"],
            optional=True,
        ),
        class_name="af-form",
    )


def _hours() -> rx.Component:
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
            said_wrong(FlowBuilder.wrong["days-label"]),
            class_name="af-field",
        ),
        rx.el.div(
            _text("opens", "Opens", FlowBuilder.settings.opens, type="time"),
            _text("closes", "Closes", FlowBuilder.settings.closes, type="time"),
            _text("zone", "Time zone", FlowBuilder.settings.zone, custom_attrs={"list": "zones"}, placeholder="Asia/Kolkata"),
            class_name="af-grid-2",
        ),
        zone_list(),
        class_name="af-form af-inset",
    )
    return rx.el.div(
        switch_field(
            "custom_hours",
            "This flow keeps its own hours",
            help=FlowBuilder.default_hours,
            checked=FlowBuilder.settings.custom_hours,
            on_change=lambda on: FlowBuilder.set_switch("custom_hours", on),
        ),
        rx.cond(FlowBuilder.settings.custom_hours, own, rx.fragment()),
        said_wrong(FlowBuilder.wrong[""]),
        rx.el.div(
            rx.el.span("When a step is due outside the hours", class_name="af-label", id="outside-label"),
            rx.radio_group.root(
                rx.el.label(rx.radio_group.item(value="wait"), rx.el.span("Wait for the opening"), class_name="af-radio"),
                rx.el.label(rx.radio_group.item(value="skip"), rx.el.span("Skip the step"), class_name="af-radio"),
                value=FlowBuilder.settings.outside_hours,
                on_change=lambda v: FlowBuilder.set_choice("outside_hours", v),
                aria_labelledby="outside-label",
                class_name="af-radios",
            ),
            class_name="af-field",
        ),
        class_name="af-form",
    )


def _rules() -> rx.Component:
    """Exit rules, cooldown, and what to do about attempts nobody told about."""
    return rx.el.div(
        rx.el.div(
            switch_field(
                "exit_on_answered",
                "Stop when a call is answered",
                checked=FlowBuilder.settings.exit_on_answered,
                on_change=lambda on: FlowBuilder.set_switch("exit_on_answered", on),
            ),
            switch_field(
                "exit_on_reply",
                "Stop when the lead replies",
                checked=FlowBuilder.settings.exit_on_reply,
                on_change=lambda on: FlowBuilder.set_switch("exit_on_reply", on),
            ),
            class_name="af-grid-2",
        ),
        rx.el.div(
            _text(
                "exit_tag",
                "Stop when the contact has the tag",
                FlowBuilder.settings.exit_tag,
                optional=True,
                help="Steps set to run “always” run all the same.",
                placeholder="won",
            ),
            _exit_field(),
            class_name="af-grid-2",
        ),
        rx.el.div(
            _text(
                "per_hour",
                "Contacts per hour",
                FlowBuilder.settings.per_hour,
                optional=True,
                help="All contacts of this flow together, evenly spread over the hour; the rest waits its turn.",
                input_mode="numeric",
                placeholder="No limit",
            ),
            _text(
                "cooldown_minutes",
                "Cooldown in minutes",
                FlowBuilder.settings.cooldown_minutes,
                optional=True,
                help=f"A person enters no flow again within this time. Empty: the account's {FlowBuilder.default_cooldown} minutes.",
                input_mode="numeric",
                placeholder=FlowBuilder.default_cooldown.to_string(),
            ),
            class_name="af-grid-2",
        ),
        field(
            "If nobody can tell what became of an attempt",
            pick(
                FlowBuilder.settings.on_unknown,
                {"continue": "Go on with the next step", "stop": "Stop the flow and tell the team"},
                lambda v: FlowBuilder.set_choice("on_unknown", v),
                label="If nobody can tell what became of an attempt",
                id="on_unknown",
            ),
            id="on_unknown",
            help="The attempt itself is never repeated, so nobody is contacted twice by mistake.",
        ),
        class_name="af-form",
    )


def _exit_field() -> rx.Component:
    """A field of the contact, and the value that ends the flow."""
    return rx.el.div(
        rx.el.label("Stop when the contact’s field", rx.el.span(" optional", class_name="af-optional"), html_for="exit_field"),
        rx.el.div(
            text(
                FlowBuilder.settings.exit_field,
                lambda v: FlowBuilder.set_text("exit_field", v),
                id="exit_field",
                max_length=TEXTS["exit_field"],
                placeholder="custom_fields.stage",
                custom_attrs={"list": "contact-fields"},
                aria_describedby="exit_field-help",
            ),
            rx.el.span("is", class_name="af-muted"),
            text(
                FlowBuilder.settings.exit_value,
                lambda v: FlowBuilder.set_text("exit_value", v),
                id="exit_value",
                max_length=TEXTS["exit_value"],
                placeholder="won",
                aria_label="has the value",
            ),
            class_name="af-exit-field",
        ),
        said_wrong(FlowBuilder.wrong["exit_field"]),
        rx.el.div(
            "Upper and lower case are alike. Without a value: as soon as the field has any.", class_name="af-help", id="exit_field-help"
        ),
        class_name="af-field",
    )


def _day(number: int, name: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox", checked=FlowBuilder.settings.days.contains(number), on_change=FlowBuilder.toggle_day(number), aria_label=name
        ),
        rx.el.span(name),
        class_name="af-day",
    )


def _text(name: str, label: str, value: rx.Var[str], *, optional: bool = False, help: Any = "", **control: Any) -> rx.Component:  # noqa: A002
    """A setting that is one line of text."""
    box = text(value, lambda v: FlowBuilder.set_text(name, v), id=name, max_length=TEXTS[name], **control)
    return field(label, box, id=name, error=FlowBuilder.wrong[name], optional=optional, help=help)
