"""The signed-in person's own details."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components import card, facts, save_bar, text_field
from autoflows.ui.components.door import zone_options
from autoflows.ui.states.base import Base
from autoflows.ui.states.profile import ProfileState


def profile_tab() -> rx.Component:
    """The tab."""
    return rx.el.div(_details(), _password(), class_name="af-stack af-narrow")


def _details() -> rx.Component:
    wrong = ProfileState.problems
    return card(
        rx.form(
            facts(("E-mail", Base.me.email), ("Role", rx.el.span(Base.me.role.capitalize()))),
            rx.el.div(
                text_field("name", "Name", id="my-name", optional=True, default_value=Base.me.name, error=wrong["name"]),
                text_field(
                    "timezone",
                    "Time zone",
                    id="my-timezone",
                    default_value=Base.me.timezone,
                    error=wrong["timezone"],
                    list="my-zones",
                    help="Every time on every page is shown in it.",
                ),
                class_name="af-grid-2",
            ),
            zone_options("my-zones"),
            save_bar("Save", problem=wrong[""]),
            on_submit=ProfileState.save,
            key=f"me-{ProfileState.revision}",
            class_name="af-form",
        ),
        title="You",
    )


def _password() -> rx.Component:
    wrong = ProfileState.problems
    return card(
        rx.form(
            text_field(
                "current_password", "Present password", type="password", auto_complete="current-password", error=wrong["current_password"]
            ),
            rx.el.div(
                text_field(
                    "password",
                    "New password",
                    id="new-password",
                    type="password",
                    auto_complete="new-password",
                    error=wrong["password"],
                    help="At least 10 characters.",
                ),
                text_field("again", "Once more", type="password", auto_complete="new-password", error=wrong["again"]),
                class_name="af-grid-2",
            ),
            save_bar("Change the password"),
            on_submit=ProfileState.change_password,
            key=f"password-{ProfileState.revision}",
            class_name="af-form",
        ),
        title="Password",
        text="A new password signs out your other sessions.",
    )
