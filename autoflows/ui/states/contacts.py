"""The contacts list and the page of one contact."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.errors import Forbidden
from autoflows.domain.leads import DNC_TAG
from autoflows.services import contacts, executions, flows, leads, personal_data, suppressions
from autoflows.services.views.contacts import ContactChange, ContactView
from autoflows.services.views.executions import ExecutionFilter, ExecutionView
from autoflows.services.views.leads import LeadEventView, LeadFilter
from autoflows.services.views.suppressions import SuppressionView
from autoflows.ui import live
from autoflows.ui.states.base import PAGE_SIZE, Base, ListState, PageState, id_of, text_of

HISTORY = 20
"""How many of a contact's lead events and executions its page shows; the lists have the rest."""


class ContactsState(ListState, Base):
    """Everybody of the account, newest first."""

    rows: list[ContactView] = []
    tag: str = ""

    async def _load(self) -> None:
        page = await self._service(contacts.list_contacts, search=self.search, tag=self.tag, limit=PAGE_SIZE, cursor=self._cursor)
        self.rows = page.data
        self._show_page(next_cursor=page.next_cursor, has_more=page.has_more)
        live.subscribe(self, live.account_topic((await self._actor()).account_id))

    @rx.event
    async def show_tag(self, tag: str):
        """Only contacts with this tag; an empty text shows all."""
        self.tag = text_of(tag, 100)
        self._first_page()
        return await self._enter()

    @rx.event
    async def clear_filters(self):
        """Back to everybody."""
        self.search = self.tag = ""
        self._first_page()
        return await self._enter()


class ContactState(PageState, Base):
    """One contact: who it is, what arrived, what was done."""

    contact: ContactView | None = None
    arrivals: list[LeadEventView] = []
    runs: list[ExecutionView] = []
    closed: list[SuppressionView] = []
    custom_fields: list[tuple[str, str]] = []
    consent: str = ""
    editing: bool = False
    enrolling: bool = False
    flow_choices: list[tuple[str, str]] = []

    def _close_dialogs(self) -> None:
        self.editing = self.enrolling = False

    async def _load(self) -> None:
        contact_id = id_of(self.router.url.path.rstrip("/").rsplit("/", 1)[-1])
        if self.contact is not None and self.contact.id != contact_id:
            self.contact, self.arrivals, self.runs, self.closed = None, [], [], []
        self._show(await self._service(contacts.get_contact, contact_id))
        self.arrivals = (await self._service(leads.list_lead_events, LeadFilter(contact_id=contact_id), limit=HISTORY)).data
        self.runs = (await self._service(executions.list_executions, ExecutionFilter(contact_id=contact_id), limit=HISTORY)).data
        self.closed = (await self._service(suppressions.list_suppressions, contact_id=contact_id, limit=HISTORY)).data
        live.subscribe(self, live.account_topic((await self._actor()).account_id))

    def _show(self, contact: ContactView) -> None:
        self.contact = contact
        self.custom_fields = [(name, str(value)) for name, value in sorted(contact.custom_fields.items())]
        channels = (contact.consent or {}).get("channels")
        self.consent = "Not asked" if channels is None else (", ".join(channels) or "Refused for all channels")

    def _present(self) -> ContactView:
        if self.contact is None:
            raise Forbidden("Open a contact first.")
        return self.contact

    @rx.event
    def set_editing(self, is_open: bool):
        """Open or close the form."""
        self.editing = bool(is_open)
        self.problems = {}

    @rx.event
    async def save(self, form: dict[str, Any]):
        """Change what the form holds; an empty field empties it."""
        values: dict[str, Any] = {name: text_of(form.get(name) or "", 400) for name in ("name", "company", "phone", "email", "timezone")}
        values |= {name: values[name] or None for name in ("phone", "email", "timezone")}
        values["tags"] = [tag for tag in (part.strip() for part in text_of(form.get("tags") or "", 4000).split(",")) if tag]
        with self._problems_of():
            self._show(await self._service(contacts.update_contact, self._present().id, ContactChange.model_validate(values)))
            self.editing = False
            return rx.toast.success("Contact saved")
        return None

    @rx.event
    async def set_dnc(self, is_dnc: bool):
        """Mark as do-not-call, or take the mark away: a tag like any other, which every flow obeys at once."""
        present = self._present()
        tags = [tag for tag in present.tags if tag.strip().casefold() != DNC_TAG]
        change = ContactChange(tags=[*tags, DNC_TAG] if is_dnc is True else tags)
        self._show(await self._service(contacts.update_contact, present.id, change))
        return rx.toast.success("Nobody will call or message this contact" if is_dnc is True else "Flows may contact this person again")

    @rx.event
    async def lift(self):
        """Let flows contact this person again: everything that is closed for them is opened."""
        await self._service(suppressions.remove_of_contact, self._present().id)
        await self._load()
        return rx.toast.success("Flows may contact this person again", description="Nothing that was ended starts by it.")

    @rx.event
    async def open_enrol(self):
        """Offer the flows this contact could be put into."""
        found = await self._service(flows.list_flows, is_enabled=True, limit=200)
        self.flow_choices = [(str(flow.id), f"{flow.priority}. {flow.name}") for flow in found.data]
        self.problems = {}
        self.enrolling = True

    @rx.event
    def set_enrolling(self, is_open: bool):
        """Close the dialog."""
        self.enrolling = bool(is_open)

    @rx.event
    async def enrol(self, form: dict[str, Any]):
        """Start a flow for this contact by hand; the gates before each contact attempt hold as ever."""
        with self._problems_of():
            execution_id = await self._service(contacts.enrol_contact, self._present().id, id_of(form.get("flow_id")))
            self.enrolling = False
            return rx.redirect(f"/dashboard/auto-engagement/executions/{execution_id}")
        return None

    @rx.event
    async def export(self):
        """Everything held about this person, as a file."""
        contact_id = self._present().id
        export = await self._service(personal_data.export_contact, contact_id)
        return rx.download(data=export.model_dump_json(indent=2), filename=f"contact-{contact_id}.json")

    @rx.event
    async def erase(self):
        """Forget this person: their data is blanked everywhere, the counts stay."""
        self._show(await self._service(personal_data.erase_contact, self._present().id))
        await self._load()
        return rx.toast.success("The personal data is gone", description="Counts and outcomes stay, without a name.")
