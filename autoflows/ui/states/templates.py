"""The templates page: what channels offer to actions, a catalogue at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import Invalid
from autoflows.domain.templating import TemplateError, render, text_of_html
from autoflows.services import catalogue, channels
from autoflows.services.views.catalogue import EmailTemplateView, ItemView
from autoflows.ui.states.base import PAGE_SIZE, Base, ListState, choice_of, id_of
from autoflows.ui.states.entries import Entry, values_of

HTML = "Leave empty for a mail of plain text only. {{ unsubscribe_url }} is the link to stop the mails; mail programs show one, too."
LIQUID = "Liquid: {{ contact.name }}, {{ contact.company }}, {{ contact.custom_fields.product }}, {{ account.name }}, {{ call.summary }}."


@dataclass(frozen=True)
class Shelf:
    """How one catalogue is shown: its words, the fields of its form, and the two lines that describe an item."""

    title: str
    noun: str
    action_type: str
    icon: str
    empty: str
    fields: tuple[Entry, ...]
    lines: tuple[str, str]


SHELVES: dict[str, Shelf] = {
    "email-templates": Shelf(
        "E-mail templates",
        "e-mail template",
        "email",
        "mail",
        "Write the mails your flows send. Each sees the contact, the account and the last call.",
        (
            Entry(key="name", title="Name", required=True),
            Entry(key="subject", title="Subject", required=True, description=LIQUID),
            Entry(key="html", title="HTML", type="area", rows="9", description=HTML, default=""),
            Entry(
                key="text", title="Plain text", type="area", rows="6", description="Leave empty to have it made from the HTML.", default=""
            ),
        ),
        ("name", "subject"),
    ),
    "whatsapp-templates": Shelf(
        "WhatsApp templates",
        "WhatsApp template",
        "whatsapp_message",
        "message-circle",
        "Sync a WhatsApp channel to bring in its approved templates, or type one in exactly as it was approved.",
        (
            Entry(key="name", title="Name", required=True, description="As it is called at the provider."),
            Entry(
                key="language", title="Language", required=True, value="en", description="The code it was approved for, such as en or hi."
            ),
            Entry(
                key="category",
                title="Category",
                type="choice",
                default="",
                choices=[("MARKETING", "Marketing"), ("UTILITY", "Utility"), ("AUTHENTICATION", "Authentication")],
            ),
            Entry(
                key="body", title="Body", type="area", required=True, rows="6", description="With its variables, such as {{1}} or {{name}}."
            ),
        ),
        ("name", "body"),
    ),
    "agents": Shelf(
        "Voice agents",
        "voice agent",
        "ai_call",
        "bot",
        "Sync a voice channel to bring in its agents, or name one by the id its provider shows.",
        (
            Entry(key="name", title="Name", required=True),
            Entry(key="provider_agent_id", title="Agent id", required=True, description="The id the provider shows for this agent."),
        ),
        ("name", "provider_agent_id"),
    ),
    "phone-numbers": Shelf(
        "Phone numbers",
        "phone number",
        "ai_call",
        "phone",
        "The numbers your calls come from. Sync a voice channel, or type one in.",
        (
            Entry(key="phone_number", title="Phone number", required=True, placeholder="+91 80357 35900"),
            Entry(key="label", title="Label", default="", description="How it is called in pickers."),
        ),
        ("phone_number", "label"),
    ),
    "whatsapp-numbers": Shelf(
        "WhatsApp numbers",
        "WhatsApp number",
        "whatsapp_message",
        "smartphone",
        "The numbers your WhatsApp messages come from. Sync a WhatsApp channel, or type one in.",
        (
            Entry(key="provider_number_id", title="Phone number id", required=True, description="Digits, as the provider shows it."),
            Entry(key="display_number", title="Number as shown", default="", placeholder="+91 80357 35900"),
            Entry(key="verified_name", title="Name as shown", default=""),
        ),
        ("display_number", "verified_name"),
    ),
}

SAMPLE: dict[str, Any] = {
    "contact": {
        "name": "Asha Patel",
        "phone": "+919876500001",
        "email": "asha@example.com",
        "company": "Asha Agro",
        "custom_fields": {"product": "Solar Pump", "city": "Nashik"},
        "tags": ["pump"],
    },
    "account": {"name": "Your company"},
    "flow": {"name": "First call"},
    "call": {"outcome": "answered", "summary": "Wants a quote for a 5 HP solar pump."},
}
"""Whom a preview is written to."""


class Item(BaseModel):
    """A row of any catalogue."""

    id: str
    title: str
    detail: str
    channel_name: str
    origin: str
    status: str
    is_active: bool
    updated_at: Any


def item_of(kind: str, view: ItemView) -> Item:
    """The row of an item."""
    first, second = SHELVES[kind].lines
    return Item(
        id=str(view.id),
        title=getattr(view, first) or view.label,
        detail=getattr(view, second),
        channel_name=view.channel_name,
        origin="Synced" if view.origin == "synced" else "By hand",
        status=str(getattr(view, "status", "")),
        is_active=view.is_active,
        updated_at=view.updated_at,
    )


class TemplatesState(ListState, Base):
    """One catalogue at a time, and the form that makes or changes an item."""

    kind: str = "email-templates"
    noun: str = SHELVES["email-templates"].noun
    rows: list[Item] = []
    channel_choices: list[tuple[str, str]] = []
    entries: list[Entry] = []
    item_id: str = ""
    form_open: bool = False
    preview_open: bool = False
    preview_subject: str = ""
    preview_html: str = ""
    preview_text: str = ""
    preview_error: str = ""

    @rx.event
    async def load(self):
        """Open the catalogue that the address names (`?kind=agents`)."""
        if (kind := self._param("kind")) in SHELVES:
            self._show_kind(kind)
        return await self._enter()

    def _close_dialogs(self) -> None:
        self.form_open = self.preview_open = False

    def _show_kind(self, kind: str) -> None:
        self.kind, self.noun = kind, SHELVES[kind].noun
        self.search = ""
        self._first_page()

    async def _load(self) -> None:
        shelf = SHELVES[self.kind]
        page = await self._service(catalogue.list_items, self.kind, search=self.search, limit=PAGE_SIZE, cursor=self._cursor)
        self.rows = [item_of(self.kind, view) for view in page.data]
        self._show_page(next_cursor=page.next_cursor, has_more=page.has_more)
        found = await self._service(channels.list_channels)
        self.channel_choices = [(str(channel.id), channel.name) for channel in found if channel.action_type == shelf.action_type]

    @rx.event
    async def show(self, kind: str):
        """Open a catalogue."""
        self._show_kind(choice_of(kind, SHELVES, default="email-templates"))
        return await self._enter()

    @rx.event
    def add(self):
        """An empty form."""
        self._open_form(None)

    @rx.event
    async def edit(self, item_id: str):
        """The form with an item's values."""
        self._open_form(await self._service(catalogue.get_item, self.kind, id_of(item_id)))

    def _open_form(self, view: ItemView | None) -> None:
        first = str(view.channel_id) if view else (self.channel_choices[0][0] if self.channel_choices else "")
        entries = []
        if view is None or self.kind == "email-templates":
            entries.append(
                Entry(key="channel_id", title="Channel", type="choice", required=True, value=first, choices=self.channel_choices)
            )
        for entry in SHELVES[self.kind].fields:
            value = str(getattr(view, entry.key) or "") if view else entry.value
            entries.append(entry.model_copy(update={"value": value}))
        self.entries, self.item_id, self.problems = entries, str(view.id) if view else "", {}
        self.form_open = True

    @rx.event
    def set_form_open(self, is_open: bool):
        """Close the form."""
        self.form_open = bool(is_open)

    @rx.event
    async def save(self, form: dict[str, Any]):
        """Make or change the item."""
        which = catalogue.KINDS[self.kind]
        with self._problems_of():
            values = values_of(self.entries, form)
            if self.item_id:
                await self._service(catalogue.update_item, self.kind, id_of(self.item_id), which.change.model_validate(values))
            else:
                await self._service(catalogue.create_item, self.kind, which.new.model_validate(values))
            self.form_open = False
            await self._load()
            return rx.toast.success(f"Saved the {which.noun}")
        return None

    @rx.event
    async def set_active(self, item_id: str, is_active: bool):
        """Take an item out of the pickers, or put it back."""
        change = catalogue.KINDS[self.kind].change.model_validate({"is_active": is_active is True})
        await self._service(catalogue.update_item, self.kind, id_of(item_id), change)
        await self._load()

    @rx.event
    async def delete(self, item_id: str):
        """Remove an item that no flow uses."""
        await self._service(catalogue.delete_item, self.kind, id_of(item_id))
        await self._load()
        return rx.toast.success("Removed")

    @rx.event
    async def preview(self, item_id: str):
        """Show an e-mail template as a made-up contact would get it."""
        view = await self._service(catalogue.get_item, "email-templates", id_of(item_id))
        if not isinstance(view, EmailTemplateView):
            raise Invalid("Only e-mail templates have a preview.")
        try:
            subject, html, text = await asyncio.to_thread(_rendered, view)
        except TemplateError as error:
            subject = html = text = ""
            self.preview_error = f"The template cannot be rendered: {error}"
        else:
            self.preview_error = ""
        self.preview_subject, self.preview_html, self.preview_text = subject, html, text
        self.preview_open = True

    @rx.event
    def set_preview_open(self, is_open: bool):
        """Close the preview."""
        self.preview_open = bool(is_open)


def _rendered(view: EmailTemplateView) -> tuple[str, str, str]:
    html = render(view.html, SAMPLE, html=True)
    return render(view.subject, SAMPLE), html, render(view.text, SAMPLE) or text_of_html(html)
