"""The dialog that takes one lead by hand; on the leads and contacts pages."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import save_bar, text_field
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.base import may
from autoflows.ui.states.leads import AddLeadState


def add_lead_button() -> rx.Component:
    """Opens the dialog."""
    return rx.cond(
        may(Permission.CONTACTS_WRITE),
        rx.button(rx.icon("plus", size=15), "Add a lead", on_click=AddLeadState.set_open(True)),
        rx.fragment(),
    )


def add_lead_dialog() -> rx.Component:
    """The dialog; a page has it once, however many buttons open it."""
    wrong = AddLeadState.problems
    form = rx.form(
        rx.el.div(
            text_field("name", "Name", optional=True, error=wrong["name"], auto_complete="off"),
            text_field("company", "Company", optional=True, error=wrong["company"], auto_complete="off"),
            class_name="af-grid-2",
        ),
        rx.el.div(
            text_field(
                "phone",
                "Phone",
                optional=True,
                error=wrong["phone"],
                auto_complete="off",
                type="tel",
                help="With country code, or a number of your own country.",
            ),
            text_field("email", "E-mail", optional=True, error=wrong["email"], auto_complete="off", type="email"),
            class_name="af-grid-2",
        ),
        rx.el.div(
            text_field(
                "lead_source",
                "Lead source",
                optional=True,
                error=wrong["lead_source"],
                placeholder="Manual",
                help="What your flows' conditions look at.",
            ),
            text_field("tags", "Tags", optional=True, error=wrong["tags"], placeholder="pump, trade fair", help="Separated by commas."),
            class_name="af-grid-2",
        ),
        save_bar("Add the lead", problem=wrong[""]),
        on_submit=AddLeadState.add,
        class_name="af-form",
    )
    return form_dialog(
        "Add a lead",
        "A phone number or an e-mail address is needed. Matching flows contact the person at once.",
        form,
        is_open=AddLeadState.is_open,
        on_open_change=AddLeadState.set_open,
    )
