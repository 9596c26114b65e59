"""Business hours, legal hours and holidays."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import card, confirm_dialog, note, save_bar, select_field, tag, text_field
from autoflows.ui.components.door import zone_options
from autoflows.ui.states.base import may
from autoflows.ui.states.settings import DAYS, NONE, HolidayLine, SettingsState

WRITE = Permission.SETTINGS_WRITE


def hours_tab() -> rx.Component:
    """The tab."""
    return rx.el.div(_business_hours(), _legal_hours(), _public_holidays(), _holidays(), class_name="af-stack af-narrow")


def _day(number: int) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", name=f"day-{number}", default_checked=SettingsState.days[number - 1], disabled=~may(WRITE)),
        rx.el.span(DAYS[number - 1]),
        class_name="af-day",
    )


def _business_hours() -> rx.Component:
    values, wrong = SettingsState.values, SettingsState.problems
    hours = rx.el.div(
        rx.el.fieldset(
            rx.el.legend("Days", class_name="af-label"),
            rx.el.div(*(_day(number) for number in range(1, 8)), class_name="af-days"),
            rx.cond(wrong["days"], rx.el.div(wrong["days"], class_name="af-field-error", role="alert"), rx.fragment()),
            class_name="af-fieldset",
        ),
        rx.el.div(
            text_field("start", "From", type="time", default_value=values["start"], error=wrong["start"], read_only=~may(WRITE)),
            text_field(
                "end",
                "To",
                type="time",
                default_value=values["end"],
                error=wrong["end"],
                read_only=~may(WRITE),
                help="Before the start: past midnight.",
            ),
            text_field(
                "hours_timezone",
                "Time zone",
                default_value=values["hours_timezone"],
                error=wrong["timezone"],
                list="hour-zones",
                read_only=~may(WRITE),
            ),
            class_name="af-grid-3",
        ),
        zone_options("hour-zones"),
        class_name="af-form",
    )
    return card(
        rx.form(
            rx.el.div(
                rx.switch(
                    id="always-open", checked=SettingsState.always_open, on_change=SettingsState.set_always_open, disabled=~may(WRITE)
                ),
                rx.el.label("Always open", html_for="always-open", class_name="af-label"),
                class_name="af-row",
            ),
            rx.cond(SettingsState.always_open, rx.fragment(), hours),
            rx.cond(may(WRITE), save_bar("Save hours", problem=wrong[""]), rx.fragment()),
            on_submit=SettingsState.save_hours,
            key=f"hours-{SettingsState.revision}",
            class_name="af-form",
        ),
        title="Business hours",
        text="When flows without hours of their own may contact people.",
    )


def _legal_hours() -> rx.Component:
    off = confirm_dialog(
        rx.button("Switch off", variant="soft", color_scheme="red"),
        "Switch the legal hours off?",
        "Flows may then call and message at hours that the law of the contact's country forbids. You answer for that.",
        "Switch off",
        SettingsState.set_legal_hours(False),
    )
    return card(
        rx.el.div(
            rx.cond(
                SettingsState.legal_hours,
                rx.el.span("On: calls, SMS and WhatsApp keep to the contact's own country and time zone."),
                rx.el.span("Off: only business hours hold contacts back."),
            ),
            rx.cond(
                may(WRITE),
                rx.cond(
                    SettingsState.legal_hours, off, rx.button("Switch on", variant="soft", on_click=SettingsState.set_legal_hours(True))
                ),
                rx.fragment(),
            ),
            class_name="af-spread",
        ),
        title="Legal hours",
        text="The hours in which the law of a contact's country allows calls and messages.",
    )


def _holiday(day: rx.Var[str]) -> rx.Component:
    return rx.el.span(
        rx.el.span(day, class_name="af-number"),
        rx.cond(
            may(WRITE),
            rx.el.button(
                rx.icon("x", size=13),
                type="button",
                aria_label=f"Remove {day}",
                class_name="af-x",
                on_click=SettingsState.remove_holiday(day),
            ),
            rx.fragment(),
        ),
        class_name="af-pill",
    )


def _public_holiday(holiday: rx.Var[HolidayLine]) -> rx.Component:
    return rx.el.li(
        rx.el.span(holiday.shown, class_name="af-number af-holiday-day"),
        rx.el.span(holiday.name, class_name="af-holiday-name"),
        rx.cond(holiday.open, tag("Open", "green"), tag("Closed", "gray")),
        rx.cond(
            may(WRITE),
            rx.switch(
                checked=holiday.open,
                on_change=lambda is_open: SettingsState.set_holiday_open(holiday.iso, is_open),
                aria_label=f"Work on {holiday.name}, {holiday.shown}",
            ),
            rx.fragment(),
        ),
        key=holiday.iso,
    )


def _public_holidays() -> rx.Component:
    pickers = rx.el.div(
        select_field(
            "holiday_country",
            "Country",
            SettingsState.holiday_countries,
            value=SettingsState.holiday_country,
            on_change=SettingsState.set_holiday_country,
            disabled=~may(WRITE),
        ),
        rx.cond(
            SettingsState.holiday_regions.length() > 0,
            select_field(
                "holiday_region",
                "State or region",
                SettingsState.holiday_regions,
                value=SettingsState.holiday_region,
                on_change=SettingsState.set_holiday_region,
                disabled=~may(WRITE),
            ),
            rx.fragment(),
        ),
        class_name="af-grid-2",
    )
    coming = rx.cond(
        SettingsState.next_holidays.length() > 0,
        rx.el.ul(
            rx.foreach(SettingsState.next_holidays, _public_holiday),
            class_name="af-holidays",
            aria_label="Public holidays of the next year",
        ),
        rx.el.span("No public holiday of the next year is known there.", class_name="af-muted"),
    )
    return card(
        rx.el.div(
            pickers,
            rx.cond(
                SettingsState.holiday_country == NONE,
                rx.el.span("No country is chosen: contacts go out on public holidays too.", class_name="af-muted"),
                coming,
            ),
            rx.cond(
                SettingsState.always_open & (SettingsState.holiday_country != NONE),
                note("The account is always open, so only flows with hours of their own close on holidays.", icon="info"),
                rx.fragment(),
            ),
            class_name="af-stack",
        ),
        title="Public holidays",
        text="The hours are closed on these days. Switch one on to work on it all the same.",
    )


def _holidays() -> rx.Component:
    form = rx.form(
        rx.el.div(
            rx.el.label("Date", html_for="holiday", class_name="af-hidden"),
            rx.input(type="date", name="holiday", id="holiday", required=True),
            rx.button("Add holiday", type="submit", variant="soft"),
            rx.cond(
                SettingsState.problems["holiday"],
                rx.el.span(SettingsState.problems["holiday"], class_name="af-field-error", role="alert"),
                rx.fragment(),
            ),
            class_name="af-row",
        ),
        on_submit=SettingsState.add_holiday,
        reset_on_submit=True,
    )
    return card(
        rx.el.div(
            rx.cond(
                SettingsState.holidays.length() > 0,
                rx.el.div(rx.foreach(SettingsState.holidays, _holiday), class_name="af-row"),
                rx.el.span("No date of your own is set.", class_name="af-muted"),
            ),
            rx.cond(may(WRITE), form, rx.fragment()),
            class_name="af-stack",
        ),
        title="Your own closed dates",
        text="More days without contacts, in the zone of the hours.",
    )
