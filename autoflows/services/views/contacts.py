"""Contacts as the API and the UI show them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field, field_validator

from autoflows.domain.flow import check_timezone
from autoflows.domain.people import mask_email, mask_phone
from autoflows.engine.ingest import MAX_CUSTOM_FIELDS, Consent, Tag
from autoflows.services.views.bodies import Body, Trimmed
from autoflows.services.views.bulk import BulkItemError
from autoflows.services.views.executions import ActionLogView, ExecutionView
from autoflows.services.views.leads import LeadEventDetail
from autoflows.services.views.masking import Mask, View, as_is, emails, nothing, phones
from autoflows.services.views.suppressions import SuppressionView

MAX_CUSTOM_TEXT = 50_000


class ContactView(View):
    """A person. `phone` is E.164; `phone_raw` is what was sent when it cannot be a phone number."""

    id: UUID
    name: str
    phone: str | None
    phone_raw: str | None
    email: str | None
    company: str
    tags: list[str]
    custom_fields: dict[str, Any]
    other_phones: list[str]
    other_emails: list[str]
    timezone: str | None
    consent: dict[str, Any] | None
    lead_source: str
    entry_type: str
    is_dnc: bool = Field(description="the tags say do-not-call")
    created_at: datetime
    updated_at: datetime

    personal: ClassVar[dict[str, Mask]] = {
        "phone": mask_phone,
        "phone_raw": nothing,
        "email": mask_email,
        "other_phones": phones,
        "other_emails": emails,
        "timezone": as_is,
        "entry_type": as_is,
    }


class ContactChange(Trimmed):
    """Body of PATCH: only the fields that are sent change; null empties one. `custom_fields` replaces the whole mapping."""

    name: str | None = Field(default=None, max_length=255)
    phone: str | None = Field(default=None, max_length=100)
    email: str | None = Field(default=None, max_length=320)
    company: str | None = Field(default=None, max_length=255)
    tags: list[Tag] | None = Field(default=None, max_length=50)
    custom_fields: dict[str, Any] | None = None
    timezone: str | None = Field(default=None, max_length=100)
    consent: Consent | None = None

    @field_validator("custom_fields")
    @classmethod
    def _small(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and (len(value) > MAX_CUSTOM_FIELDS or len(json.dumps(value)) > MAX_CUSTOM_TEXT):
            raise ValueError(f"at most {MAX_CUSTOM_FIELDS} fields and {MAX_CUSTOM_TEXT:,} characters in all")
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return check_timezone(value) if value else None


class Enrolment(Body):
    """Body of POST /api/contacts/{id}/enrol."""

    flow_id: UUID


class EnrolledView(View):
    """The execution that was started by hand."""

    execution_id: UUID


class LiftedView(View):
    """How many suppressions of a contact were taken away."""

    removed: int


class LeadLinks(View):
    """Where to read on."""

    self: str
    contact: str


class IngestedView(View):
    """The answer to a lead: it is stored for ever once this is read. `created` is false when this lead was sent before."""

    contact_id: UUID | None
    lead_event_id: UUID
    disposition: str
    created: bool
    links: LeadLinks


class BulkItemView(View):
    """One lead's result, in the order of the request: exactly one of `result` and `error` is set."""

    index: int
    status: int = Field(description="202 taken, 200 sent before, 422 refused")
    result: IngestedView | None = None
    error: BulkItemError | None = None


class BulkView(View):
    """The answer to a bulk of leads."""

    created: int
    repeated: int
    refused: int
    results: list[BulkItemView]


class ContactExport(View):
    """Everything held about one person, for a subject access request."""

    exported_at: datetime
    contact: ContactView
    lead_events: list[LeadEventDetail]
    executions: list[ExecutionView]
    action_logs: list[ActionLogView]
    suppressions: list[SuppressionView]
    provider_events: list[dict[str, Any]]

    personal: ClassVar[dict[str, Mask]] = {"provider_events": lambda events: []}
