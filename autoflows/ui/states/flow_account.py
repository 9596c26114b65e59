"""What the account brings to the builder: its default hours, the values that its leads had, and contacts to preview with."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.errors import Forbidden
from autoflows.services import contacts, seen_values, settings
from autoflows.ui import words
from autoflows.ui.states.base import id_of
from autoflows.ui.states.flow_saving import FlowSaving

PREVIEW_CONTACTS = 25


class FlowAccount(FlowSaving, mixin=True):
    """`seen` holds values and how many leads had each, by the field."""

    default_hours: str = ""
    default_cooldown: int = 60
    seen: dict[str, list[list[str]]] = {}
    preview_contacts: list[list[str]] = []
    preview_contact: str = ""

    _person: tuple[tuple[str, Any], ...] = ()

    async def _load_account(self) -> None:
        try:
            account = await self._service(settings.get_settings)
        except Forbidden:
            self.default_hours = "The account's default hours hold."
        else:
            self.default_cooldown = account.cooldown_minutes
            hours = account.default_business_hours
            self.default_hours = (
                f"Account default: {words.days_in_words(hours.days)}, {hours.start:%H:%M}–{hours.end:%H:%M} {hours.timezone}."
                if hours
                else "The account has no default hours: contacts are made at any time."
            )
        if self._may_write():
            fields = await self._service(seen_values.list_seen_values)
            self.seen = {f.name: [[v.value, f"{v.leads:,}"] for v in f.values] for f in fields}
            people = await self._service(contacts.list_contacts, limit=PREVIEW_CONTACTS)
            self.preview_contacts = [[str(p.id), p.name or p.phone or p.email or "Unnamed"] for p in people.data]

    @rx.event
    async def preview_with(self, contact_id: str) -> None:
        """Fill template previews with this contact's details; "none" shows what fills each variable instead."""
        if contact_id in ("none", ""):
            self.preview_contact, self._person = "", ()
        else:
            person = await self._service(contacts.get_contact, id_of(contact_id))
            kept = ("name", "phone", "email", "company", "lead_source", "custom_fields")
            self.preview_contact, self._person = str(person.id), tuple((name, getattr(person, name)) for name in kept)
        self._show()
