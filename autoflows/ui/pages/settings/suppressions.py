"""The do-not-contact list."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.services.views.suppressions import SuppressionView
from autoflows.ui.components import (
    Column,
    area_field,
    card,
    confirm_dialog,
    data_table,
    empty_state,
    error_callout,
    filter_select,
    moment,
    note,
    pager,
    save_bar,
    search_box,
    select_field,
    text_field,
)
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.base import may
from autoflows.ui.states.suppressions import SuppressionsState

WRITE = Permission.CONTACTS_WRITE
CLOSED = {"all": "Everything", "call": "Calls", "whatsapp": "WhatsApp", "sms": "SMS", "email": "E-mail"}
REASONS = {
    "opt_out": "Opted out by a reply",
    "unsubscribe": "Unsubscribed",
    "provider": "Told by the provider",
    "complaint": "Complained",
    "manual": "Added by hand",
    "erasure": "Erased as do-not-call",
}


def _remove(row: SuppressionView) -> rx.Component:
    whom = rx.cond(row.address, row.address, "an erased person")
    return rx.cond(
        may(WRITE),
        confirm_dialog(
            rx.button("Remove", size="1", variant="soft", color_scheme="red", aria_label=f"Remove {whom}"),
            f"Contact {whom} again?",
            "From now on flows may contact this address. If the person asked you to stop, the law may forbid it: remove it only if they "
            "asked for that. Nothing that was ended starts again by itself.",
            "Remove from the list",
            SuppressionsState.remove(row.id.to_string(use_json=False)),
        ),
        rx.fragment(),
    )


def _address(row: SuppressionView) -> rx.Component:
    address = rx.el.span(row.address, class_name="af-number", style={"overflowWrap": "anywhere", "whiteSpace": "normal"})
    shown = rx.cond(row.address, address, rx.el.span("Erased", class_name="af-muted"))
    return rx.cond(row.contact_id, rx.link(shown, href=f"/dashboard/contacts/{row.contact_id}"), shown)


def _why(row: SuppressionView) -> rx.Component:
    return rx.el.div(
        rx.el.span(rx.match(row.reason, *REASONS.items(), row.reason)),
        rx.cond(row.detail, rx.el.div(row.detail, class_name="af-muted af-small af-clip", title=row.detail), rx.fragment()),
    )


def _added(row: SuppressionView) -> rx.Component:
    return rx.el.div(
        moment(row.created_at),
        rx.cond(row.created_by_name, rx.el.div("by ", row.created_by_name, class_name="af-muted af-small"), rx.fragment()),
    )


COLUMNS = (
    Column("Address", _address, lead=True),
    Column("Closed for", lambda row: rx.match(row.channel, *CLOSED.items(), row.channel)),
    Column("Why", _why),
    Column("Since", _added),
    Column("", _remove, end=True),
)


def suppressions_tab() -> rx.Component:
    """The tab."""
    state = SuppressionsState
    channels = [("everything" if key == "all" else key, words) for key, words in CLOSED.items()]
    listed = card(
        rx.el.div(
            search_box(state, "Search a phone number or e-mail"),
            filter_select("Closed for", rx.cond(state.channel == "all", "everything", state.channel), channels, state.show_channel),
            filter_select("Why", state.reason, list(REASONS.items()), state.show_reason),
            class_name="af-filters",
        ),
        rx.cond(state.rows.length() > 0, data_table(COLUMNS, state.rows, label="Do not contact"), _nothing()),
        pager(state),
        title="Do not contact",
        text="Opt-outs by reply, unsubscribed e-mails and whoever you add. Checked before every call and message.",
        actions=(rx.cond(may(WRITE), rx.el.div(_many_button(), _add_button(), class_name="af-row"), rx.fragment()),),
        flush=True,
    )
    return rx.el.div(
        rx.cond(state.error != "", error_callout(state.error, retry=state.load), listed), _dialog(), _many_dialog(), on_mount=state.arrive
    )


def _add_button() -> rx.Component:
    return rx.button(rx.icon("plus", size=15), "Add", aria_label="Add an address", on_click=SuppressionsState.set_form_open(True))


def _many_button() -> rx.Component:
    return rx.button(
        rx.icon("list-plus", size=15), "Add a list", variant="soft", color_scheme="gray", on_click=SuppressionsState.set_many_open(True)
    )


def _nothing() -> rx.Component:
    state = SuppressionsState
    return rx.cond(
        (state.search != "") | (state.channel != "") | (state.reason != ""),
        empty_state(
            "search-x",
            "Nobody fits this search",
            "A whole phone number or e-mail address is found even if the person was erased.",
            rx.button("Clear the search", variant="soft", on_click=state.clear_filters),
        ),
        empty_state(
            "ban",
            "Nobody is on the list yet",
            "Who answers STOP or unsubscribes appears here by itself, and no flow contacts them any more.",
        ),
    )


def _dialog() -> rx.Component:
    wrong = SuppressionsState.problems
    form = rx.form(
        text_field(
            "address",
            "Phone or e-mail",
            id="suppression-address",
            error=wrong["address"],
            help="In any format; a number without a country code is read as one of your country.",
        ),
        select_field("channel", "Closed for", list(CLOSED.items()), id="suppression-channel", default_value="all", error=wrong["channel"]),
        text_field(
            "detail", "Note", id="suppression-detail", optional=True, max_length=500, error=wrong["detail"], help="Why, for your team."
        ),
        save_bar("Add to the list", problem=wrong[""]),
        on_submit=SuppressionsState.save,
        class_name="af-form",
    )
    return form_dialog(
        "Do not contact",
        "No flow contacts this address any more. What waits for this person now is ended at once.",
        form,
        is_open=SuppressionsState.form_open,
        on_open_change=SuppressionsState.set_form_open,
    )


def _many_dialog() -> rx.Component:
    wrong, refused = SuppressionsState.problems, SuppressionsState.refused
    form = rx.form(
        rx.cond(
            refused.length() > 0,
            note(
                rx.el.div("These cannot be used; the others are on the list."),
                rx.el.ul(rx.foreach(refused, rx.el.li), class_name="af-small"),
                colour="amber",
                role="alert",
            ),
            rx.fragment(),
        ),
        area_field(
            "addresses",
            "Addresses",
            id="suppression-addresses",
            rows="8",
            placeholder="+91 98765 43210\nasha@example.com, email, asked by post",
            error=wrong["addresses"],
            help="One on each line, at most 1,000; or CSV with the columns address, channel, detail.",
        ),
        save_bar("Add to the list", problem=wrong[""]),
        on_submit=SuppressionsState.save_many,
        class_name="af-form",
    )
    return form_dialog(
        "Add a list",
        "No flow contacts these addresses any more. What waits for these people now is ended at once.",
        form,
        is_open=SuppressionsState.many_open,
        on_open_change=SuppressionsState.set_many_open,
    )
