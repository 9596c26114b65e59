"""/login, /setup, / and what is shown for an address that is no page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import empty_state
from autoflows.ui.components.door import DoorForm
from autoflows.ui.states.door import DoorState

EMAIL = {"name": "email", "label": "E-mail", "type": "email", "autocomplete": "username"}
PASSWORD = {"name": "password", "label": "Password", "type": "password", "autocomplete": "current-password"}
NEW_PASSWORD = {
    "name": "password",
    "label": "Password",
    "type": "password",
    "autocomplete": "new-password",
    "help": "At least 10 characters. A sentence is easiest to remember.",
}
NAME = {"name": "name", "label": "Your name", "type": "text", "autocomplete": "name"}


def _door(title: str, text: str, *content: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.main(
            rx.el.div(
                rx.image(src="/favicon.svg", alt="Autoflows", width="36px", height="36px"),
                rx.el.h1(title),
                rx.el.p(text),
                *content,
                class_name="af-card af-door-card",
            ),
            style={"width": "100%", "display": "grid", "placeItems": "center"},
            custom_attrs={"data-ready": (DoorState.is_hydrated & DoorState.at_the_door).to_string()},
        ),
        class_name="af-door",
    )


def _form(endpoint: str, submit: str, fields: list[dict[str, Any]], *, zone: bool = False) -> rx.Component:
    return DoorForm.create(endpoint=endpoint, submit=submit, fields=fields, zone=zone)


@rx.page(route="/login", title="Sign in · Autoflows", on_load=DoorState.arrive_to_sign_in)
def login() -> rx.Component:
    """The sign-in page."""
    return _door(
        "Sign in to Autoflows",
        "Every lead contacted within seconds, and every lead accounted for.",
        _form("/api/login", "Sign in", [EMAIL, PASSWORD]),
    )


@rx.page(route="/setup", title="Set up · Autoflows", on_load=DoorState.arrive_to_set_up)
def setup() -> rx.Component:
    """The first owner of a new installation."""
    return _door(
        "Welcome to Autoflows",
        "Make the owner's account. You can add your team later, under Settings.",
        _form("/api/setup", "Create the account", [NAME, EMAIL, NEW_PASSWORD], zone=True),
    )


@rx.page(route="/", title="Autoflows", on_load=rx.redirect("/dashboard"))
def index() -> rx.Component:
    """Leads on to the dashboard."""
    return rx.el.main(rx.el.a("Go to the dashboard", href="/dashboard"), class_name="af-door")


@rx.page(route="404", title="Not found · Autoflows")
def not_found() -> rx.Component:
    """Any address that is no page."""
    return rx.el.div(
        rx.el.main(
            empty_state(
                "map-pin-off",
                "There is no page here",
                "The address may be mistyped, or what it named is gone.",
                rx.link(rx.button("Go to the dashboard", variant="soft"), href="/dashboard"),
            ),
            custom_attrs={"data-ready": "true"},
        ),
        class_name="af-door",
    )
