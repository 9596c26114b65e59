"""/dashboard/templates: what channels offer to actions."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import (
    Column,
    card,
    confirm_dialog,
    data_table,
    empty_state,
    error_callout,
    moment,
    note,
    pager,
    save_bar,
    search_box,
    tag,
)
from autoflows.ui.components.entry import entry_field
from autoflows.ui.components.sheet import form_dialog, sheet
from autoflows.ui.shell import page
from autoflows.ui.states.base import may
from autoflows.ui.states.templates import SHELVES, Item, TemplatesState

WRITE = Permission.CHANNELS_WRITE


def _name(row: Item) -> rx.Component:
    return rx.el.div(
        rx.el.span(row.title, class_name="af-strong"),
        rx.cond(row.detail, rx.el.div(row.detail, class_name="af-muted af-small af-clip", title=row.detail), rx.fragment()),
    )


def _state(row: Item) -> rx.Component:
    colour = rx.match(row.status, ("APPROVED", "green"), ("REJECTED", "red"), ("", "gray"), "amber")
    return rx.el.div(
        rx.cond(row.status, tag(row.status.capitalize(), colour), rx.fragment()),
        rx.cond(row.is_active, rx.fragment(), tag("Not in use", "gray")),
        rx.cond((row.status == "") & row.is_active, tag("Ready", "green"), rx.fragment()),
        class_name="af-row",
    )


def _buttons(row: Item) -> rx.Component:
    look = rx.icon_button(
        rx.icon("eye", size=14),
        size="1",
        variant="soft",
        color_scheme="gray",
        aria_label=f"Preview {row.title}",
        title="Preview",
        on_click=TemplatesState.preview(row.id),
    )
    change = rx.fragment(
        rx.icon_button(
            rx.icon("pencil", size=14),
            size="1",
            variant="soft",
            color_scheme="gray",
            aria_label=f"Edit {row.title}",
            title="Edit",
            on_click=TemplatesState.edit(row.id),
        ),
        rx.icon_button(
            rx.cond(row.is_active, rx.icon("archive", size=14), rx.icon("archive-restore", size=14)),
            size="1",
            variant="soft",
            color_scheme="gray",
            aria_label=rx.cond(row.is_active, f"Take {row.title} out of use", f"Put {row.title} back in use"),
            title=rx.cond(row.is_active, "Take out of use", "Put back in use"),
            on_click=TemplatesState.set_active(row.id, ~row.is_active),
        ),
        confirm_dialog(
            rx.icon_button(
                rx.icon("trash-2", size=14), size="1", variant="soft", color_scheme="red", aria_label=f"Remove {row.title}", title="Remove"
            ),
            f"Remove {row.title}?",
            "What was sent with it stays in the logs. One that a flow uses is refused.",
            "Remove",
            TemplatesState.delete(row.id),
        ),
    )
    return rx.el.div(
        rx.cond(TemplatesState.kind == "email-templates", look, rx.fragment()),
        rx.cond(may(WRITE), change, rx.fragment()),
        class_name="af-row",
        style={"justifyContent": "flex-end", "flexWrap": "nowrap"},
    )


COLUMNS = (
    Column("Name", _name, lead=True),
    Column("Channel", lambda row: row.channel_name),
    Column("Made", lambda row: rx.el.span(row.origin, class_name="af-muted")),
    Column("State", _state),
    Column("Changed", lambda row: moment(row.updated_at)),
    Column("", _buttons, end=True),
)


def _tabs() -> rx.Component:
    return rx.el.div(
        rx.tabs.root(
            rx.tabs.list(
                *(rx.tabs.trigger(shelf.title, value=kind, custom_attrs={"aria-controls": "content"}) for kind, shelf in SHELVES.items())
            ),
            value=TemplatesState.kind,
            on_change=TemplatesState.show,
        ),
        class_name="af-tabbar",
    )


def _add_button() -> rx.Component:
    add = rx.button(rx.icon("plus", size=15), "Add ", TemplatesState.noun, on_click=TemplatesState.add)
    return rx.cond(may(WRITE) & (TemplatesState.channel_choices.length() > 0), add, rx.fragment())


def _nothing() -> rx.Component:
    no_channel = empty_state(
        "plug",
        "Connect a channel first",
        "Each item belongs to a channel that can carry it, and there is none of this kind yet.",
        rx.link(rx.button("Go to channels", variant="soft"), href="/dashboard/channels"),
    )
    empties = [(kind, empty_state(shelf.icon, f"No {shelf.noun} yet", shelf.empty, _add_button())) for kind, shelf in SHELVES.items()]
    return rx.cond(
        TemplatesState.search != "",
        empty_state("search-x", "Nothing fits this search", "Take a word away to see more."),
        rx.cond(TemplatesState.channel_choices.length() > 0, rx.match(TemplatesState.kind, *empties, rx.fragment()), no_channel),
    )


def _form() -> rx.Component:
    form = rx.form(
        rx.foreach(TemplatesState.entries, lambda entry: entry_field(entry, TemplatesState.problems)),
        save_bar("Save", problem=TemplatesState.problems[""]),
        on_submit=TemplatesState.save,
        key=f"{TemplatesState.kind}-{TemplatesState.item_id}-{TemplatesState.form_open}",
        class_name="af-form",
    )
    return form_dialog(
        rx.cond(TemplatesState.item_id == "", f"Add {TemplatesState.noun}", f"Edit {TemplatesState.noun}"),
        rx.match(TemplatesState.kind, *((kind, shelf.empty) for kind, shelf in SHELVES.items()), ""),
        form,
        is_open=TemplatesState.form_open,
        on_open_change=TemplatesState.set_form_open,
        width="640px",
    )


def _preview() -> rx.Component:
    shown = rx.el.div(
        note("Written to a made-up contact, Asha Patel of Asha Agro."),
        rx.el.div(rx.el.div("Subject", class_name="af-help"), rx.el.div(TemplatesState.preview_subject, class_name="af-strong")),
        rx.cond(
            TemplatesState.preview_html,
            rx.el.iframe(src_doc=TemplatesState.preview_html, sandbox="", title="The mail as HTML", class_name="af-mail"),
            rx.fragment(),
        ),
        rx.el.h3("Plain text"),
        rx.el.pre(TemplatesState.preview_text, class_name="af-pre"),
        class_name="af-stack",
    )
    body = rx.cond(TemplatesState.preview_error, error_callout(TemplatesState.preview_error), shown)
    return sheet("Preview", body, is_open=TemplatesState.preview_open, on_open_change=TemplatesState.set_preview_open)


@page(
    "/dashboard/templates",
    "Templates",
    TemplatesState,
    text="Voice agents, numbers and message templates that your flows' actions use.",
    actions=lambda: (_add_button(),),
    write=WRITE,
)
def templates() -> rx.Component:
    """The catalogues."""
    return rx.fragment(
        _tabs(),
        card(
            rx.el.div(search_box(TemplatesState, "Search by name"), class_name="af-filters"),
            rx.cond(TemplatesState.rows.length() > 0, data_table(COLUMNS, TemplatesState.rows, label="Items"), _nothing()),
            pager(TemplatesState),
            flush=True,
        ),
        _form(),
        _preview(),
    )
