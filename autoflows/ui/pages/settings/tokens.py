"""API tokens."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components import (
    Column,
    card,
    confirm_dialog,
    copy_field,
    data_table,
    empty_state,
    error_callout,
    moment,
    note,
    save_bar,
    text_field,
)
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.tokens import TokenRow, TokensState


def _revoke(row: TokenRow) -> rx.Component:
    return confirm_dialog(
        rx.button("Revoke", size="1", variant="soft", color_scheme="red", aria_label=f"Revoke {row.name}"),
        f"Revoke {row.name}?",
        "Whatever uses it is refused from now on. This cannot be undone.",
        "Revoke the token",
        TokensState.revoke(row.id),
    )


COLUMNS = (
    Column(
        "Token",
        lambda row: rx.el.div(rx.el.span(row.name, class_name="af-strong"), rx.el.div(row.prefix, class_name="af-mono af-muted")),
        lead=True,
    ),
    Column("May", lambda row: rx.el.span(row.scopes, class_name="af-small")),
    Column("Acts for", lambda row: row.user_name),
    Column("Made", lambda row: moment(row.created_at)),
    Column("Last used", lambda row: moment(row.last_used_at, empty="Never")),
    Column("", _revoke, end=True),
)


def tokens_tab() -> rx.Component:
    """The tab."""
    listed = card(
        rx.cond(
            TokensState.rows.length() > 0,
            data_table(COLUMNS, TokensState.rows, label="API tokens"),
            empty_state("key-round", "No token yet", "A token lets your website, CRM or lead source send leads to the API.", _new_button()),
        ),
        title="API tokens",
        text="Keys for the REST API. Each acts for the person who made it, within its scopes.",
        actions=(rx.cond(TokensState.rows.length() > 0, _new_button(), rx.fragment()),),
        flush=True,
    )
    return rx.el.div(
        rx.cond(TokensState.error != "", error_callout(TokensState.error, retry=TokensState.load), listed),
        _dialog(),
        on_mount=TokensState.arrive,
    )


def _new_button() -> rx.Component:
    return rx.button(rx.icon("plus", size=15), "New token", on_click=TokensState.set_form_open(True))


def _scope(scope: rx.Var[str]) -> rx.Component:
    return rx.el.label(rx.el.input(type="checkbox", name=f"scope-{scope}"), rx.el.span(scope, class_name="af-mono"), class_name="af-check")


def _dialog() -> rx.Component:
    form = rx.form(
        text_field("name", "Name", id="token-name", placeholder="Website form", error=TokensState.problems["name"], help="What uses it."),
        rx.el.fieldset(
            rx.el.legend("It may", class_name="af-label"),
            rx.el.label(rx.el.input(type="checkbox", name="scope-all"), rx.el.span("everything that I may do"), class_name="af-check"),
            rx.el.div(rx.foreach(TokensState.scope_choices, _scope), class_name="af-scopes"),
            rx.el.div("To send leads, contacts:write is enough.", class_name="af-help"),
            rx.cond(
                TokensState.problems["scopes"],
                rx.el.div(TokensState.problems["scopes"], class_name="af-field-error", role="alert"),
                rx.fragment(),
            ),
            class_name="af-fieldset",
        ),
        save_bar("Make the token", problem=TokensState.problems[""]),
        on_submit=TokensState.save,
        class_name="af-form",
    )
    shown = rx.el.div(
        note("Copy it now: it is shown this once and stored only as a fingerprint.", colour="amber"),
        copy_field(TokensState.secret, "token"),
        rx.el.div(rx.button("I have copied it", on_click=TokensState.set_form_open(False)), class_name="af-actions"),
        class_name="af-stack",
    )
    return form_dialog(
        "New API token",
        "Give it no more than it needs.",
        rx.cond(TokensState.secret != "", shown, form),
        is_open=TokensState.form_open,
        on_open_change=TokensState.set_form_open,
    )
