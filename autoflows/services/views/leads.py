"""Lead events: the ledger's rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from autoflows.domain.people import mask_email, mask_phone
from autoflows.services.views.masking import Mask, View, as_is, nothing, scrub_trace


class PersonView(View):
    """A contact in few words, as other views hold it."""

    id: UUID
    name: str
    phone: str | None
    email: str | None
    company: str = ""

    personal: ClassVar[dict[str, Mask]] = {"phone": mask_phone, "email": mask_email}


class LeadEventView(View):
    """One arrival of a lead and where it stands. `execution_status` is set once it is enrolled."""

    id: UUID
    contact_id: UUID | None
    contact: PersonView | None
    lead_source: str
    entry_type: str
    external_id: str | None
    received_at: datetime
    source_created_at: datetime | None
    disposition: str
    reason: str
    execution_id: UUID | None
    execution_status: str | None = None
    settled_at: datetime | None

    personal: ClassVar[dict[str, Mask]] = {"entry_type": as_is, "disposition": as_is}


class LeadEventDetail(LeadEventView):
    """With what was sent and why it was decided so: a line per flow in `trace`."""

    payload: dict[str, Any] | None = Field(description="what the source sent; null without the permission pii:read")
    trace: list[dict[str, Any]]

    personal: ClassVar[dict[str, Mask]] = LeadEventView.personal | {"payload": nothing, "trace": scrub_trace}


class DispositionCounts(View):
    """Lead events by disposition; every disposition is named, also those without any."""

    total: int
    by_disposition: dict[str, int]
