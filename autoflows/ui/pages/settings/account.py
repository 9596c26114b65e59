"""Account settings and the kill switch."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import card, confirm_dialog, note, save_bar, text_field
from autoflows.ui.components.door import zone_options
from autoflows.ui.states.base import may
from autoflows.ui.states.settings import PRICED, SettingsState

WRITE = Permission.SETTINGS_WRITE


def account_tab() -> rx.Component:
    """The tab."""
    return rx.el.div(_kill_switch(), _form(), class_name="af-stack af-narrow")


def _kill_switch() -> rx.Component:
    hold = confirm_dialog(
        rx.button(rx.icon("octagon-pause", size=15), "Hold every contact", color_scheme="red", variant="soft"),
        "Hold every outgoing contact?",
        "No call and no message leaves this account until you let go. Leads are still taken in, and running flows wait where they are.",
        "Hold every contact",
        SettingsState.set_kill_switch(True),
    )
    release = confirm_dialog(
        rx.button(rx.icon("play", size=15), "Let contacts go out"),
        "Let contacts go out again?",
        "Flows that waited go on at once, within their hours and limits.",
        "Let contacts go out",
        SettingsState.set_kill_switch(False),
        danger=False,
    )
    return card(
        rx.el.div(
            rx.cond(
                SettingsState.kill_switch,
                note("On: nothing leaves this account.", colour="red", icon="octagon-pause"),
                rx.el.span("Off: flows contact leads as they are set up.", class_name="af-muted"),
            ),
            rx.cond(may(WRITE), rx.cond(SettingsState.kill_switch, release, hold), rx.fragment()),
            class_name="af-spread",
        ),
        title="Kill switch",
        text="Stops every call and message of the account at once.",
    )


def _form() -> rx.Component:
    values, wrong = SettingsState.values, SettingsState.problems
    locked = {"read_only": ~may(WRITE)}

    def limit(name: str, label: str, text: str) -> rx.Component:
        return text_field(
            name, label, type="number", min="1", optional=True, default_value=values[name], error=wrong[name], help=text, **locked
        )

    fields = rx.el.div(
        rx.el.div(
            text_field(
                "timezone",
                "Time zone",
                default_value=values["timezone"],
                error=wrong["timezone"],
                list="zones",
                help="The account's own zone; hours and reports start from it.",
                **locked,
            ),
            text_field(
                "default_country",
                "Country",
                default_value=values["default_country"],
                error=wrong["default_country"],
                max_length=2,
                help="Two letters. Assumed for phone numbers without a country code.",
                **locked,
            ),
            class_name="af-grid-2",
        ),
        zone_options("zones"),
        rx.el.div(
            text_field(
                "cooldown_minutes",
                "Cooldown, minutes",
                type="number",
                min="0",
                default_value=values["cooldown_minutes"],
                error=wrong["cooldown_minutes"],
                help="A person who was enrolled is not enrolled again for so long.",
                **locked,
            ),
            limit("max_concurrent_calls", "Calls at the same time", "Empty: as many as the channels allow."),
            class_name="af-grid-2",
        ),
        rx.el.div(
            limit("frequency_cap", "Contacts per person in 24 hours", "All flows together. Empty: no limit."),
            limit("frequency_cap_week", "Contacts per person in 7 days", "All flows together. Empty: no limit."),
            class_name="af-grid-2",
        ),
        rx.el.div(
            text_field(
                "currency",
                "Currency",
                default_value=values["currency"],
                error=wrong["currency"],
                max_length=3,
                help="Three letters; what the amounts below are in.",
                **locked,
            ),
            text_field(
                "daily_budget",
                "Budget per day",
                type="number",
                step="any",
                min="0",
                optional=True,
                default_value=values["daily_budget"],
                error=wrong["daily_budget"],
                help="Counted by the prices below, from midnight in your zone; contacts beyond it wait for the next day. Empty: no limit.",
                **locked,
            ),
            class_name="af-grid-2",
        ),
        rx.el.div(
            *(
                text_field(
                    f"price-{kind}",
                    f"Price of one {name}",
                    type="number",
                    step="any",
                    min="0",
                    optional=True,
                    default_value=SettingsState.prices[kind],
                    error=wrong[f"price-{kind}"],
                    help="For the budget and the cost in analytics.",
                    **locked,
                )
                for kind, name in PRICED
            ),
            class_name="af-grid-3",
        ),
        class_name="af-form",
    )
    return card(
        rx.form(
            fields,
            rx.cond(may(WRITE), save_bar("Save", problem=wrong[""]), rx.fragment()),
            on_submit=SettingsState.save_account,
            key=f"account-{SettingsState.revision}",
            class_name="af-form",
        ),
        title="Rules and limits",
    )
