"""What the top of an execution's page says. Pure."""

from __future__ import annotations

from pydantic import BaseModel

from autoflows.services.views.story import OriginView, StoryView
from autoflows.ui import words
from autoflows.ui.attempts import money
from autoflows.ui.components import duration_text
from autoflows.ui.timeline import held_in_words

ORIGINS = {"contact": "set at the contact", "address": "from the address", "phone": "from the phone number", "account": "the account's own"}
NAMED_ZONES = 3


class ExecutionHead(BaseModel):
    """The facts, in words; times are ISO. `lead_zone` is empty where several clocks come into question."""

    id: str = ""
    name: str = ""
    address: str = ""
    contact_id: str = ""
    flow_id: str = ""
    flow_name: str = ""
    flow_version: int = 0
    flow_deleted: bool = False
    status: str = ""
    is_test_run: bool = False
    triggered_at: str = ""
    completed_at: str = ""
    waiting: str = ""
    waiting_until: str = ""
    held: str = ""
    error: str = ""
    speed: str = ""
    conversation: str = ""
    cost: str = ""
    lead_source: str = ""
    lead_zone: str = ""
    zone_text: str = ""
    lead_event_id: str = ""
    steps_done: int = 0
    steps: int = 0
    duration: str = ""


def head_of(story: StoryView, zone: str) -> ExecutionHead:
    """An execution as the top of the page shows it, to somebody who lives by `zone`."""
    execution, person, waiting = story.execution, story.execution.contact, story.execution.waiting
    ended = execution.completed_at
    return ExecutionHead(
        id=str(execution.id),
        name=person.name or person.phone or person.email or "Unnamed",
        address=" · ".join(filter(None, (person.phone, person.email))),
        contact_id=str(execution.contact_id),
        flow_id=str(execution.flow_id),
        flow_name=execution.flow_name,
        flow_version=execution.flow_version,
        flow_deleted=story.origin.flow_deleted,
        status=execution.status,
        is_test_run=execution.is_test_run,
        triggered_at=execution.triggered_at.isoformat(),
        completed_at=ended.isoformat() if ended else "",
        waiting=waiting.reason if waiting else "",
        waiting_until=waiting.until.isoformat() if waiting and waiting.until else "",
        held=held_in_words(waiting, zone) if waiting else "",
        error=execution.error_message or "",
        speed=duration_text(execution.speed_to_lead_ms),
        conversation=duration_text(execution.speed_to_conversation_ms),
        cost=" + ".join(money(cost) for cost in story.costs),
        lead_source=_source(story.origin),
        lead_zone=story.origin.zones[0] if len(story.origin.zones) == 1 else "",
        zone_text=_zones(story.origin),
        lead_event_id=str(execution.lead_event_id or ""),
        duration=duration_text((ended - execution.triggered_at).total_seconds() * 1000) if ended else "",
    )


def _source(origin: OriginView) -> str:
    if origin.entry_type is None:
        return "By hand" if origin.lead_source in ("manual", "") else origin.lead_source
    return f"{origin.lead_source} · {words.ENTRY_TYPES.get(origin.entry_type, origin.entry_type)}"


def _zones(origin: OriginView) -> str:
    """`Asia/Kolkata, from the phone number`."""
    where = " and ".join(ORIGINS.get(part, part) for part in origin.zone_origin.split(" and "))
    zones = origin.zones
    named = ", ".join(zones[:NAMED_ZONES]) + (f" and {len(zones) - NAMED_ZONES} more" if len(zones) > NAMED_ZONES else "")
    return f"{named}, {where}" if named else ""
