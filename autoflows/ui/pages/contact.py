"""/dashboard/contacts/[id]: one person."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import (
    Column,
    card,
    confirm_dialog,
    data_table,
    empty_state,
    facts,
    form_skeleton,
    moment,
    note,
    save_bar,
    select_field,
    status_badge,
    tag,
    text_field,
)
from autoflows.ui.components.badges import contact_tags
from autoflows.ui.components.door import zone_options
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.base import may
from autoflows.ui.states.contacts import ContactState

ARRIVALS = (
    Column("Source", lambda row: rx.link(row.lead_source, href=f"/dashboard/leads?lead={row.id}"), lead=True),
    Column("Stands at", lambda row: status_badge(row.disposition)),
    Column("Why", lambda row: rx.el.span(row.reason, class_name="af-muted af-clip", title=row.reason)),
    Column("Received", lambda row: moment(row.received_at), end=True),
)

RUNS = (
    Column("Flow", lambda row: rx.link(row.flow_name, href=f"{FLOWS}/executions/{row.id}"), lead=True),
    Column(
        "Status", lambda row: rx.el.div(status_badge(row.status), rx.cond(row.is_test_run, tag("Test"), rx.fragment()), class_name="af-row")
    ),
    Column("Step", lambda row: rx.el.span(row.current_action_step, " of ", row.action_count, class_name="af-number")),
    Column("Started", lambda row: moment(row.triggered_at), end=True),
)


def _edit_dialog() -> rx.Component:
    wrong, contact = ContactState.problems, ContactState.contact
    form = rx.form(
        rx.el.div(
            text_field("name", "Name", optional=True, error=wrong["name"], default_value=contact.name),
            text_field("company", "Company", optional=True, error=wrong["company"], default_value=contact.company),
            class_name="af-grid-2",
        ),
        rx.el.div(
            text_field(
                "phone",
                "Phone",
                optional=True,
                error=wrong["phone"],
                default_value=rx.cond(contact.phone, contact.phone, contact.phone_raw),
            ),
            text_field("email", "E-mail", optional=True, error=wrong["email"], type="email", default_value=contact.email),
            class_name="af-grid-2",
        ),
        rx.el.div(
            text_field(
                "tags", "Tags", optional=True, error=wrong["tags"], default_value=contact.tags.join(", "), help="Separated by commas."
            ),
            text_field(
                "timezone",
                "Time zone",
                optional=True,
                error=wrong["timezone"],
                default_value=contact.timezone,
                list="zones",
                help="Empty: taken from the phone number.",
            ),
            class_name="af-grid-2",
        ),
        zone_options("zones"),
        save_bar("Save", problem=wrong[""]),
        on_submit=ContactState.save,
        class_name="af-form",
    )
    return form_dialog(
        "Edit the contact",
        "Flows that run for this person see the change at their next step.",
        form,
        is_open=ContactState.editing,
        on_open_change=ContactState.set_editing,
    )


def _enrol_dialog() -> rx.Component:
    form = rx.form(
        rx.cond(
            ContactState.flow_choices.length() > 0,
            select_field("flow_id", "Flow", ContactState.flow_choices, error=ContactState.problems["flow_id"]),
            note("No flow is enabled. Enable one first, under Flow List."),
        ),
        save_bar("Start the flow", problem=ContactState.problems[""]),
        on_submit=ContactState.enrol,
        class_name="af-form",
    )
    return form_dialog(
        "Start a flow for this contact",
        "Its actions contact this one person, at the times the flow and its hours allow.",
        form,
        is_open=ContactState.enrolling,
        on_open_change=ContactState.set_enrolling,
    )


def _actions() -> tuple[rx.Component, ...]:
    dnc = ContactState.contact.is_dnc
    return (
        rx.cond(
            may(Permission.CONTACTS_WRITE),
            rx.fragment(
                rx.button(rx.icon("play", size=14), "Start a flow", variant="soft", on_click=ContactState.open_enrol),
                rx.button(rx.icon("pencil", size=14), "Edit", variant="soft", color_scheme="gray", on_click=ContactState.set_editing(True)),
                rx.cond(
                    dnc,
                    rx.button(
                        rx.icon("phone", size=14),
                        "Allow contact",
                        variant="soft",
                        color_scheme="gray",
                        on_click=ContactState.set_dnc(False),
                    ),
                    confirm_dialog(
                        rx.button(rx.icon("phone-off", size=14), "Do not call", variant="soft", color_scheme="red"),
                        "Stop contacting this person?",
                        "The contact gets the tag dnc. Every flow stops contacting them at once, also those that run now.",
                        "Do not call",
                        ContactState.set_dnc(True),
                    ),
                ),
            ),
            rx.fragment(),
        ),
    )


def _closed() -> rx.Component:
    """What is closed for this person, and the way to open it again."""
    lift = confirm_dialog(
        rx.button("Lift", size="1", variant="soft", color_scheme="red", aria_label="Let flows contact this person again"),
        "Let flows contact this person again?",
        "What is said here no longer holds. If they asked you to stop, the law may forbid it: lift it only if they asked for that. Nothing "
        "that was ended starts again by itself.",
        "Lift it",
        ContactState.lift,
    )
    return note(
        rx.foreach(ContactState.closed, lambda row: rx.el.div(row.sentence)),
        colour="red",
        icon="ban",
        action=rx.cond(may(Permission.CONTACTS_WRITE), lift, rx.fragment()),
    )


def _privacy() -> rx.Component:
    return card(
        rx.el.div(
            rx.cond(
                may(Permission.EXPORT),
                rx.button(
                    rx.icon("download", size=14), "Export everything", variant="soft", color_scheme="gray", on_click=ContactState.export
                ),
                rx.fragment(),
            ),
            rx.cond(
                may(Permission.CONTACTS_WRITE),
                confirm_dialog(
                    rx.button(rx.icon("eraser", size=14), "Erase personal data", variant="soft", color_scheme="red"),
                    "Erase this person's data?",
                    "Name, phone, e-mail, messages and transcripts are blanked for good. Counts and outcomes stay. This cannot be undone.",
                    "Erase for good",
                    ContactState.erase,
                ),
                rx.fragment(),
            ),
            class_name="af-row",
        ),
        title="Privacy",
        text="For a person who asks what is held about them, or to be forgotten.",
    )


@page(
    "/dashboard/contacts/[id]",
    "Contact",
    ContactState,
    heading=rx.cond(ContactState.contact, rx.cond(ContactState.contact.name, ContactState.contact.name, "Unnamed contact"), "Contact"),
    actions=_actions,
    skeleton=form_skeleton,
    back=("Contacts", "/dashboard/contacts"),
    write=Permission.CONTACTS_WRITE,
)
def contact() -> rx.Component:
    """One person."""
    who = ContactState.contact
    return rx.el.div(
        rx.cond(
            who.is_dnc,
            note("This contact is marked do-not-call: no flow will contact them.", colour="red", icon="phone-off"),
            rx.fragment(),
        ),
        rx.cond(ContactState.closed.length() > 0, _closed(), rx.fragment()),
        rx.el.div(
            rx.el.div(
                card(
                    facts(
                        ("Phone", rx.cond(who.phone, who.phone, rx.cond(who.phone_raw, f"{who.phone_raw} (not a valid number)", "—"))),
                        ("E-mail", rx.cond(who.email, who.email, "—")),
                        ("Company", rx.cond(who.company, who.company, "—")),
                        ("Tags", contact_tags(who.tags)),
                        ("Time zone", rx.cond(who.timezone, who.timezone, "From the phone number")),
                        ("Consent", ContactState.consent),
                        ("First source", who.lead_source),
                        ("Added", moment(who.created_at, "full")),
                    ),
                    title="Details",
                ),
                rx.cond(
                    ContactState.custom_fields.length() > 0,
                    card(
                        rx.el.dl(
                            rx.foreach(ContactState.custom_fields, lambda pair: rx.fragment(rx.el.dt(pair[0]), rx.el.dd(pair[1]))),
                            class_name="af-facts",
                        ),
                        title="Custom fields",
                    ),
                    rx.fragment(),
                ),
                rx.cond(may(Permission.EXPORT) | may(Permission.CONTACTS_WRITE), _privacy(), rx.fragment()),
                class_name="af-stack",
            ),
            rx.el.div(
                card(
                    rx.cond(
                        ContactState.runs.length() > 0,
                        data_table(RUNS, ContactState.runs, label="Executions of this contact"),
                        empty_state(
                            "workflow", "No flow has run yet", "When a lead of this person matches an enabled flow, its run appears here."
                        ),
                    ),
                    title="Flows",
                    flush=True,
                ),
                card(
                    rx.cond(
                        ContactState.arrivals.length() > 0,
                        data_table(ARRIVALS, ContactState.arrivals, label="Lead events of this contact"),
                        empty_state("inbox", "No lead on record", "Each arrival of this person appears here with what happened to it."),
                    ),
                    title="Arrivals",
                    flush=True,
                ),
                class_name="af-stack",
            ),
            class_name="af-aside",
        ),
        _edit_dialog(),
        _enrol_dialog(),
        class_name="af-stack",
    )
