"""/dashboard/leads: every lead that arrived, and where it stands."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.leads import Disposition
from autoflows.domain.permissions import Permission
from autoflows.ui.components import (
    Column,
    card,
    data_table,
    empty_state,
    facts,
    filter_select,
    moment,
    note,
    pager,
    priority_badge,
    search_box,
    status_badge,
    tag,
)
from autoflows.ui.components.sheet import sheet
from autoflows.ui.pages.add_lead import add_lead_button, add_lead_dialog
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.leads import LeadsState, TraceFlow, TraceLine
from autoflows.ui.theme import word, word_of


def _who(row) -> rx.Component:
    name = rx.cond(
        row.contact, rx.cond(row.contact.name, row.contact.name, rx.cond(row.contact.phone, row.contact.phone, row.contact.email)), "—"
    )
    return rx.el.div(
        rx.el.button(name, type="button", class_name="af-link", on_click=LeadsState.open_detail(row.id.to_string(use_json=False))),
        rx.cond(
            row.contact,
            rx.el.div(rx.cond(row.contact.phone, row.contact.phone, row.contact.email), class_name="af-muted af-small"),
            rx.fragment(),
        ),
    )


COLUMNS = (
    Column("Lead", _who, lead=True),
    Column("Source", lambda row: rx.el.span(row.lead_source)),
    Column("Stands at", lambda row: status_badge(row.disposition)),
    Column("Why", lambda row: rx.el.span(row.reason, class_name="af-muted af-clip af-clip-wide", title=row.reason)),
    Column("Received", lambda row: moment(row.received_at), end=True),
)


def _filters() -> rx.Component:
    return rx.el.div(
        search_box(LeadsState, "Search name, phone, e-mail or external id"),
        filter_select("Stands at", LeadsState.disposition, [(d.value, word(d.value)) for d in Disposition], LeadsState.set_disposition),
        filter_select("Source", LeadsState.source, LeadsState.sources, LeadsState.set_source),
        class_name="af-filters",
    )


def _behind() -> rx.Component:
    button = rx.button("Show all", size="1", variant="soft", color_scheme="blue", on_click=LeadsState.show_all)
    said = note(f"Only the leads behind a number: {LeadsState.behind_text}.", colour="blue", action=button, role="status")
    return rx.cond(LeadsState.behind_text != "", rx.el.div(said, class_name="af-strip"), rx.fragment())


def _counts() -> rx.Component:
    return rx.el.div(
        rx.el.span(LeadsState.total.to_string(), " leads", class_name="af-strong af-number"),
        rx.foreach(
            LeadsState.counts,
            lambda pair: rx.el.button(
                status_badge(pair[0]),
                rx.el.span(pair[1], class_name="af-number"),
                type="button",
                class_name="af-chip",
                on_click=LeadsState.set_disposition(pair[0]),
            ),
        ),
        class_name="af-row",
        style={"marginBottom": "14px"},
    )


def _nothing() -> rx.Component:
    filtered = (LeadsState.search != "") | (LeadsState.source != "") | (LeadsState.disposition != "") | (LeadsState.behind_text != "")
    return rx.cond(
        filtered,
        empty_state(
            "search-x",
            "No lead fits these filters",
            "Take a filter away to see more.",
            rx.button("Clear filters", variant="soft", on_click=LeadsState.clear_filters),
        ),
        empty_state(
            "inbox",
            "No leads yet",
            "A lead that arrives by the API, from a source or by hand is here within a second, with the reason for what happened to it.",
            add_lead_button(),
            rx.link(rx.button("How to send leads", variant="soft"), href="/api/docs", is_external=True),
        ),
    )


def _trace_line(line: TraceLine) -> rx.Component:
    return rx.el.li(
        rx.cond(line.passed, rx.icon("check", size=14, color="var(--green-11)"), rx.icon("x", size=14, color="var(--red-11)")),
        rx.el.span(rx.cond(line.passed, "Met", "Not met"), class_name="af-hidden"),
        rx.el.span(line.text),
    )


def _trace_flow(flow: TraceFlow) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            priority_badge(flow.priority),
            rx.el.span(flow.name, class_name="af-strong"),
            rx.cond(flow.matched, tag("Matched", "green"), tag("Did not match")),
            class_name="af-row",
        ),
        rx.cond(flow.note, rx.el.div(flow.note, class_name="af-muted af-small"), rx.fragment()),
        rx.el.ul(rx.foreach(flow.lines, _trace_line), class_name="af-checks"),
    )


def _detail() -> rx.Component:
    event = LeadsState.detail.event
    contact = rx.cond(event.contact, rx.link(event.contact.name, href=f"/dashboard/contacts/{event.contact_id}"), "—")
    return rx.cond(
        LeadsState.detail,
        rx.el.div(
            rx.el.div(status_badge(event.disposition), rx.el.span(event.reason), class_name="af-row"),
            facts(
                ("Contact", contact),
                ("Phone", rx.cond(event.contact, rx.cond(event.contact.phone, event.contact.phone, "—"), "—")),
                ("E-mail", rx.cond(event.contact, rx.cond(event.contact.email, event.contact.email, "—"), "—")),
                ("Source", event.lead_source),
                ("Came in by", word_of(event.entry_type)),
                ("External id", rx.cond(event.external_id, event.external_id, "—")),
                ("At the source", moment(event.source_created_at, "seconds")),
                ("Received", moment(event.received_at, "seconds")),
                ("Decided", moment(event.settled_at, "seconds")),
            ),
            rx.cond(
                event.execution_id,
                rx.link(
                    rx.button("Open the execution", rx.icon("arrow-right", size=14), variant="soft"),
                    href=f"{FLOWS}/executions/{event.execution_id}",
                ),
                rx.fragment(),
            ),
            rx.el.h3("Why"),
            rx.cond(
                LeadsState.detail.trace.length() > 0,
                rx.el.ul(rx.foreach(LeadsState.detail.trace, _trace_flow), class_name="af-trace"),
                note("No flow was asked: none was enabled when this lead was matched, or it has not been matched yet."),
            ),
            rx.cond(
                LeadsState.detail.payload,
                rx.el.details(rx.el.summary("What the source sent"), rx.el.pre(LeadsState.detail.payload, class_name="af-pre")),
                rx.fragment(),
            ),
            class_name="af-stack",
        ),
        rx.fragment(),
    )


@page(
    "/dashboard/leads",
    "Leads",
    LeadsState,
    text="Every lead that arrived, where it stands, and why.",
    actions=lambda: (add_lead_button(),),
    write=Permission.CONTACTS_WRITE,
)
def leads() -> rx.Component:
    """The ledger."""
    return rx.fragment(
        rx.cond(LeadsState.total > 0, _counts(), rx.fragment()),
        card(
            _filters(),
            _behind(),
            rx.cond(LeadsState.rows.length() > 0, data_table(COLUMNS, LeadsState.rows, label="Leads"), _nothing()),
            pager(LeadsState),
            flush=True,
        ),
        add_lead_dialog(),
        sheet("The lead", _detail(), is_open=LeadsState.detail_open, on_open_change=LeadsState.set_detail_open),
    )
