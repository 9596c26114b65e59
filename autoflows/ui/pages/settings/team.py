"""The team."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.services.views.team import MemberView
from autoflows.ui.components import (
    Column,
    card,
    confirm_dialog,
    data_table,
    error_callout,
    moment,
    save_bar,
    select_field,
    status_badge,
    text_field,
)
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.base import Base, may
from autoflows.ui.states.team import TeamState

WRITE = Permission.TEAM_WRITE
ROLES = [
    ("admin", "Admin: everything but the account itself"),
    ("manager", "Manager: reads all, analytics, exports, test runs"),
    ("viewer", "Viewer: reads flows and executions; phones and e-mails masked"),
]


def _buttons(row: MemberView) -> rx.Component:
    member_id = row.id.to_string(use_json=False)
    mine = member_id == Base.me.id
    edit = rx.icon_button(
        rx.icon("pencil", size=14),
        size="1",
        variant="soft",
        color_scheme="gray",
        aria_label=f"Edit {row.email}",
        title="Edit",
        on_click=TeamState.edit(member_id),
    )
    end = rx.cond(
        row.is_active,
        confirm_dialog(
            rx.icon_button(
                rx.icon("user-minus", size=14),
                size="1",
                variant="soft",
                color_scheme="red",
                aria_label=f"Deactivate {row.email}",
                title="Deactivate",
            ),
            f"Deactivate {row.email}?",
            "They are signed out everywhere and their API tokens stop at once. What they did stays theirs. You can bring them back.",
            "Deactivate",
            TeamState.set_active(member_id, False),
        ),
        rx.icon_button(
            rx.icon("user-plus", size=14),
            size="1",
            variant="soft",
            color_scheme="gray",
            aria_label=f"Bring back {row.email}",
            title="Bring back",
            on_click=TeamState.set_active(member_id, True),
        ),
    )
    return rx.cond(
        may(WRITE),
        rx.el.div(
            edit, rx.cond(mine | (row.role == "owner"), rx.fragment(), end), class_name="af-row", style={"justifyContent": "flex-end"}
        ),
        rx.fragment(),
    )


COLUMNS = (
    Column(
        "Person",
        lambda row: rx.el.div(
            rx.el.span(rx.cond(row.name, row.name, row.email), class_name="af-strong"), rx.el.div(row.email, class_name="af-muted af-small")
        ),
        lead=True,
    ),
    Column("Role", lambda row: rx.el.span(row.role.to_string(use_json=False).capitalize())),
    Column("State", lambda row: status_badge(rx.cond(row.is_active, "active", "disabled"))),
    Column("Last sign-in", lambda row: moment(row.last_login_at, empty="Never")),
    Column("", _buttons, end=True),
)


def team_tab() -> rx.Component:
    """The tab."""
    add = rx.cond(may(WRITE), rx.button(rx.icon("user-plus", size=15), "Add a person", size="2", on_click=TeamState.add), rx.fragment())
    listed = card(
        data_table(COLUMNS, TeamState.rows, label="Team"),
        title="Team",
        text="Everybody who may sign in to this account.",
        actions=(add,),
        flush=True,
    )
    return rx.el.div(
        rx.cond(TeamState.error != "", error_callout(TeamState.error, retry=TeamState.load), listed), _dialog(), on_mount=TeamState.arrive
    )


def _password(help_text: str, *, optional: bool) -> rx.Component:
    return text_field(
        "password",
        "Password",
        id="member-password",
        type="password",
        optional=optional,
        error=TeamState.problems["password"],
        auto_complete="new-password",
        help=help_text,
    )


def _dialog() -> rx.Component:
    wrong, is_new = TeamState.problems, TeamState.member_id == ""
    form = rx.form(
        text_field("name", "Name", id="member-name", optional=True, default_value=TeamState.name, error=wrong["name"]),
        rx.cond(
            is_new, text_field("email", "E-mail", id="member-email", type="email", error=wrong["email"], auto_complete="off"), rx.fragment()
        ),
        rx.cond(
            TeamState.role == "owner",
            rx.fragment(),
            select_field("role", "Role", ROLES, id="member-role", default_value=TeamState.role, error=wrong["role"]),
        ),
        rx.cond(
            is_new,
            _password("At least 10 characters. Tell it to them; they can change it.", optional=False),
            _password("Leave empty to keep the present one.", optional=True),
        ),
        save_bar("Save", problem=wrong[""]),
        on_submit=TeamState.save,
        key=f"member-{TeamState.member_id}",
        class_name="af-form",
    )
    return form_dialog(
        rx.cond(is_new, "Add a person", TeamState.email),
        "They sign in with their e-mail and this password.",
        form,
        is_open=TeamState.form_open,
        on_open_change=TeamState.set_form_open,
    )
