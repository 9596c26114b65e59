"""Lead events: the ledger's rows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from pydantic import ConfigDict, Field

from autoflows.domain.people import mask_email, mask_phone
from autoflows.services.views.bodies import Moment, Trimmed
from autoflows.services.views.masking import Mask, View, as_is, nothing, scrub_trace


class PersonView(View):
    """A contact in few words, as other views hold it."""

    id: UUID
    name: str
    phone: str | None
    email: str | None
    company: str = ""

    personal: ClassVar[dict[str, Mask]] = {"phone": mask_phone, "email": mask_email}


class Standing(StrEnum):
    """Where leads stand, as the figures tell them apart: contacted or not, and of those that a flow took and nobody contacted, by what
    became of their execution."""

    CONTACTED = "contacted"
    NOT_CONTACTED = "not_contacted"
    RUNNING = "running"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"


class LeadFilter(Trimmed):
    """Which lead events: those that fit everything given. `from` is included, `to` is not.

    With a flow, a version or a channel: those whose execution is of it.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    disposition: str = Field(default="", max_length=40)
    standing: Standing | None = Field(
        default=None, description="contacted, not_contacted; or enrolled and not contacted, by its execution: running, skipped, ..."
    )
    lead_source: str = Field(default="", max_length=100)
    contact_id: UUID | None = None
    flow_id: UUID | None = None
    version: int | None = Field(default=None, ge=1, lt=2**31)
    channel_id: UUID | None = Field(default=None, description="whose execution was first contacted by this channel")
    since: Moment = Field(default=None, alias="from", description="not before this time (RFC 3339)")
    until: Moment = Field(default=None, alias="to", description="before this time (RFC 3339)")
    search: str = Field(default="", max_length=255, description="name, company, e-mail address, phone number, or external id")


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
