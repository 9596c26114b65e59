"""What the command palette offers: the pages and actions of one's role, and the flows and contacts that fit what is typed."""

from __future__ import annotations

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import Forbidden
from autoflows.domain.permissions import Permission
from autoflows.services import contacts, flows
from autoflows.ui.states.base import Base, text_of

FLOWS = "/dashboard/auto-engagement"
FEW = 6


class Command(BaseModel):
    """Somewhere to go."""

    label: str
    group: str
    href: str
    keywords: str = ""
    detail: str = ""


_COMMANDS: tuple[tuple[str, str, str, str, Permission | None], ...] = (
    ("Dashboard", "Page", "/dashboard", "home", None),
    ("Flow list", "Page", FLOWS, "automation", Permission.FLOWS_READ),
    ("Execution logs", "Page", f"{FLOWS}/executions", "runs history", Permission.EXECUTIONS_READ),
    ("Inbox", "Page", f"{FLOWS}/inbox", "needs a person unknown failed retry", Permission.EXECUTIONS_READ),
    ("Analytics", "Page", f"{FLOWS}/analytics", "charts reports", Permission.ANALYTICS_READ),
    ("Leads", "Page", "/dashboard/leads", "inbox", Permission.CONTACTS_READ),
    ("Contacts", "Page", "/dashboard/contacts", "people", Permission.CONTACTS_READ),
    ("Channels", "Page", "/dashboard/channels", "providers numbers agents", Permission.CHANNELS_READ),
    ("Templates", "Page", "/dashboard/templates", "messages whatsapp e-mail", Permission.CHANNELS_READ),
    ("Settings", "Page", "/dashboard/settings", "account team tokens hours", Permission.SETTINGS_READ),
    ("Notifications", "Page", "/dashboard/notifications", "notices bell", None),
    ("New flow", "Action", f"{FLOWS}/gallery", "create template", Permission.FLOWS_WRITE),
    ("Blank flow", "Action", f"{FLOWS}/create", "create empty", Permission.FLOWS_WRITE),
    ("Import a flow", "Action", f"{FLOWS}/import", "yaml file", Permission.FLOWS_WRITE),
    ("Flows with problems", "Action", f"{FLOWS}?show=problems", "errors warnings", Permission.FLOWS_READ),
    ("Kill switch", "Action", "/dashboard/settings", "stop everything hold pause", Permission.SETTINGS_WRITE),
    ("Sign out", "Action", "sign-out", "log out leave", None),
)


class PaletteState(Base):
    """Held once per tab; `query` is the text that `found` belongs to."""

    found: list[Command] = []
    query: str = ""

    @rx.var
    def commands(self) -> list[Command]:
        """What this role can go to."""
        return [
            Command(label=label, group=group, href=href, keywords=keywords)
            for label, group, href, keywords, permission in _COMMANDS
            if permission is None or permission.value in self.me.permissions
        ]

    @rx.event
    async def search(self, text: str) -> None:
        """Flows by name, and contacts by phone, name or e-mail, as far as one may see them."""
        query = text_of(text, 200)
        self.found = [*await self._flows(query), *await self._contacts(query)] if len(query) > 1 else []
        self.query = query

    async def _flows(self, query: str) -> list[Command]:
        try:
            page = await self._service(flows.list_flows, search=query, limit=FEW)
        except Forbidden:
            return []
        return [
            Command(label=f.name, group="Flow", href=f"{FLOWS}/{f.id}/edit", detail="Flow" if f.is_enabled else "Flow, off")
            for f in page.data
        ]

    async def _contacts(self, query: str) -> list[Command]:
        try:
            page = await self._service(contacts.list_contacts, search=query, limit=FEW)
        except Forbidden:
            return []
        return [
            Command(
                label=c.name or c.phone or c.email or "Nameless contact",
                group="Contact",
                href=f"/dashboard/contacts/{c.id}",
                detail=f"Contact {c.phone or c.email or ''}".strip(),
            )
            for c in page.data
        ]
