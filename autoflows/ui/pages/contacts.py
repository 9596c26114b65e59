"""/dashboard/contacts: everybody who became a lead."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import Column, card, data_table, empty_state, moment, pager, search_box
from autoflows.ui.components.badges import contact_tags
from autoflows.ui.pages.add_lead import add_lead_button, add_lead_dialog
from autoflows.ui.shell import page
from autoflows.ui.states.contacts import ContactsState

CONTACTS = "/dashboard/contacts"


def _who(row) -> rx.Component:
    name = rx.cond(row.name, row.name, rx.cond(row.phone, row.phone, rx.cond(row.email, row.email, "Unnamed")))
    return rx.el.div(
        rx.link(name, href=f"{CONTACTS}/{row.id}"),
        rx.cond(row.company, rx.el.div(row.company, class_name="af-muted af-small"), rx.fragment()),
    )


COLUMNS = (
    Column("Contact", _who, lead=True),
    Column(
        "Phone", lambda row: rx.cond(row.phone, row.phone, rx.el.span(rx.cond(row.phone_raw, row.phone_raw, "—"), class_name="af-muted"))
    ),
    Column("E-mail", lambda row: rx.cond(row.email, row.email, "—")),
    Column("Source", lambda row: row.lead_source),
    Column("Tags", lambda row: contact_tags(row.tags)),
    Column("Added", lambda row: moment(row.created_at), end=True),
)


def _nothing() -> rx.Component:
    return rx.cond(
        (ContactsState.search != "") | (ContactsState.tag != ""),
        empty_state(
            "search-x",
            "Nobody fits this search",
            "Phone numbers and e-mail addresses are found in full, names and companies also in part.",
            rx.button("Clear the search", variant="soft", on_click=ContactsState.clear_filters),
        ),
        empty_state(
            "users",
            "No contacts yet",
            "A contact is made with the first lead of a person; later leads of the same phone or e-mail join it.",
            add_lead_button(),
        ),
    )


@page(
    CONTACTS,
    "Contacts",
    ContactsState,
    text="Everybody who ever became a lead, once per person.",
    actions=lambda: (add_lead_button(),),
    write=Permission.CONTACTS_WRITE,
)
def contacts() -> rx.Component:
    """The list."""
    return rx.fragment(
        card(
            rx.el.div(
                search_box(ContactsState, "Search name, company, phone or e-mail"),
                rx.debounce_input(
                    rx.input(
                        rx.input.slot(rx.icon("tag", size=14)),
                        value=ContactsState.tag,
                        on_change=ContactsState.show_tag,
                        placeholder="Tag",
                        aria_label="Filter by tag",
                        width="150px",
                    ),
                    debounce_timeout=300,
                ),
                class_name="af-filters",
            ),
            rx.cond(ContactsState.rows.length() > 0, data_table(COLUMNS, ContactsState.rows, label="Contacts"), _nothing()),
            pager(ContactsState),
            flush=True,
        ),
        add_lead_dialog(),
    )
