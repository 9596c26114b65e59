"""The leads page: every arrival, where it stands, and why."""

from __future__ import annotations

import json
import time
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.flow_words import OPERATORS
from autoflows.domain.leads import Disposition, EntryType
from autoflows.engine.ingest import LeadDraft
from autoflows.services import contacts, leads
from autoflows.services.views.leads import LeadEventDetail, LeadEventView
from autoflows.ui import live
from autoflows.ui.address import write_address
from autoflows.ui.states.base import PAGE_SIZE, Base, ListState, PageState, choice_of, id_of, text_of
from autoflows.ui.states.leads_wanted import Behind, filter_of, in_words, read

COUNT_EVERY_SECONDS = 3.0
"""Counting looks at every lead of the account, so a live page does not count at each arrival."""


class TraceLine(BaseModel):
    """One condition or gate of one flow, in words."""

    text: str
    passed: bool


class TraceFlow(BaseModel):
    """Why one flow was or was not entered."""

    name: str
    priority: int
    matched: bool
    note: str
    lines: list[TraceLine]


class LeadDetail(BaseModel):
    """A lead event as the panel shows it."""

    event: LeadEventView
    trace: list[TraceFlow]
    payload: str


def detail_of(event: LeadEventDetail) -> LeadDetail:
    """The panel's content from a lead event."""
    shown = LeadEventView.model_validate(event.model_dump(include=set(LeadEventView.model_fields)))
    payload = json.dumps(event.payload, indent=2, ensure_ascii=False, default=str) if event.payload else ""
    return LeadDetail(event=shown, trace=[_trace_flow(flow) for flow in event.trace], payload=payload)


def _trace_flow(flow: dict[str, Any]) -> TraceFlow:
    conditions = [TraceLine(text=condition_text(condition), passed=bool(condition.get("met"))) for condition in flow.get("conditions", [])]
    gates = [TraceLine(text=gate_text(gate), passed=bool(gate.get("passed"))) for gate in flow.get("gates", [])]
    return TraceFlow(
        name=str(flow.get("flow_name", "")),
        priority=int(flow.get("priority") or 0),
        matched=bool(flow.get("matched")),
        note=str(flow.get("note") or ""),
        lines=conditions + gates,
    )


def condition_text(condition: dict[str, Any]) -> str:
    """A condition's outcome in a sentence: `Lead source is "IndiaMART"; this lead has "API"`."""
    subject = str(condition.get("condition_field") or condition.get("condition_type") or "").replace("_", " ")
    operator = OPERATORS.get(str(condition.get("condition_operator") or "equals"), "fits")
    expected = condition.get("expected")
    wanted = f' "{expected}"' if expected not in (None, "") else ""
    actual = condition.get("actual")
    has = f'"{actual}"' if actual not in (None, "", []) else "nothing"
    return f"{subject.capitalize()} {operator}{wanted}; this lead has {has}"


def gate_text(gate: dict[str, Any]) -> str:
    """A gate's outcome in a sentence: `Cooldown: contacted 12 minutes ago`."""
    name = {"dnc": "Do not call", "re_entry": "Re-entry"}.get(
        str(gate.get("gate")), str(gate.get("gate", "")).replace("_", " ").capitalize()
    )
    detail = str(gate.get("detail") or ("clear" if gate.get("passed") else "blocked"))
    return f"{name}: {detail}"


class LeadsState(ListState, Base):
    """The ledger's rows, newest first, live."""

    rows: list[LeadEventView] = []
    sources: list[list[str]] = []
    disposition: str = ""
    source: str = ""
    total: int = 0
    counts: list[tuple[str, int]] = []
    behind: Behind = Behind()
    detail: LeadDetail | None = None
    detail_open: bool = False
    _counted_at: float = 0.0

    @rx.var
    def behind_text(self) -> str:
        """What a number of the analytics narrows the list to besides the filters that are seen."""
        return in_words(self.behind, ZoneInfo(self.me.timezone))

    def _close_dialogs(self) -> None:
        self.detail_open = self.detail is not None and str(self.detail.event.id) == self._param("lead")

    async def _load(self) -> None:
        await self._load_rows()
        await self._count()
        known = await self._service(leads.lead_sources)
        self.sources = [[name, name] for name in dict.fromkeys([*known, *filter(None, [self.source])])]
        live.subscribe(self, live.account_topic((await self._actor()).account_id))

    async def _refresh(self) -> None:
        await self._load_rows()
        if time.monotonic() - self._counted_at > COUNT_EVERY_SECONDS:
            await self._count()

    async def _load_rows(self) -> None:
        page = await self._service(
            leads.list_lead_events,
            filter_of(self.behind, disposition=self.disposition, source=self.source, search=self.search),
            limit=PAGE_SIZE,
            cursor=self._cursor,
        )
        self.rows = page.data
        self._show_page(next_cursor=page.next_cursor, has_more=page.has_more)

    async def _count(self) -> None:
        found = await self._service(leads.count_by_disposition, filter_of(self.behind, source=self.source))
        self.total = found.total
        self.counts = sorted(((name, count) for name, count in found.by_disposition.items() if count), key=lambda pair: -pair[1])
        self._counted_at = time.monotonic()

    @rx.event
    async def load(self):
        """Also obey the address: `?disposition=error` and what `leads_wanted` reads filter, `?lead=...` opens one."""
        behind = read(self.router.url.query_parameters)
        disposition, source = self._param("disposition"), self._param("source")
        if disposition or source or behind != self.behind:
            self.disposition, self.source, self.search = choice_of(disposition, Disposition), source[:100], ""
            self.behind = behind
            self._first_page()
        done = await self._enter()
        if self._param("lead") and not self.error:
            await self._open(self._param("lead"))
        return done

    @rx.event
    async def set_disposition(self, value: str):
        """Show one disposition, or all."""
        self.disposition = choice_of(value, Disposition)
        self._first_page()
        return await self._enter()

    @rx.event
    async def set_source(self, value: str):
        """Show one lead source, or all."""
        self.source = "" if value == "all" else text_of(value, 100)
        self._first_page()
        return await self._enter()

    @rx.event
    async def clear_filters(self):
        """Back to everything."""
        self.search = self.source = self.disposition = ""
        return await self.show_all()

    @rx.event
    async def show_all(self):
        """Keep the filters that are seen, and no others."""
        self.behind = Behind()
        self._first_page()
        return [*filter(None, [await self._enter()]), write_address("")]

    @rx.event
    async def open_detail(self, lead_event_id: str):
        """Show one lead and why it stands where it does."""
        await self._open(lead_event_id)

    async def _open(self, lead_event_id: Any) -> None:
        self.detail = detail_of(await self._service(leads.get_lead_event, id_of(lead_event_id)))
        self.detail_open = True

    @rx.event
    def set_detail_open(self, is_open: bool):
        """Close the panel."""
        self.detail_open = bool(is_open) and self.detail is not None


class AddLeadState(PageState, Base):
    """The dialog that takes one lead typed in by hand."""

    is_open: bool = False

    @rx.event
    def set_open(self, is_open: bool):
        """Open it empty, or close it."""
        self.is_open = bool(is_open)
        self.problems = {}

    @rx.event
    async def add(self, form: dict[str, Any]):
        """Take the lead: it is matched with the flows at once, like any other."""
        values = {name: text_of(form.get(name) or "", 400) for name in ("name", "phone", "email", "company", "lead_source", "tags")}
        tags = [tag for tag in (part.strip() for part in values.pop("tags").split(",")) if tag]
        with self._problems_of():
            draft = LeadDraft.model_validate(
                {
                    **values,
                    "phone": values["phone"] or None,
                    "email": values["email"] or None,
                    "lead_source": values["lead_source"] or "Manual",
                    "entry_type": EntryType.MANUAL,
                    "tags": tags,
                }
            )
            taken = await self._call(contacts.add_contact, draft)
            self.is_open = False
            return [
                rx.toast.success("The lead is in", description="Matching flows start within a second."),
                rx.redirect(f"/dashboard/contacts/{taken.contact_id}") if taken.contact_id else LeadsState.load,
            ]
        return None
