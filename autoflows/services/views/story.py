"""The story of one execution: what it set out to do, every attempt, how far messages got, and what people did to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from autoflows.domain.flow import FlowDefinition
from autoflows.services.views.executions import ActionLogView, CostView, ExecutionView
from autoflows.services.views.masking import Mask, View, as_is, nothing

Act = Literal["enrolled", "moved", "cancelled", "cancelled_many", "cancelled_by_publish", "retried", "retried_many", "resolved"]


class ActView(View):
    """Something a member of the team did to an execution. What does not belong to the act is null or empty."""

    act: Act
    at: datetime
    actor_name: str = Field(description="the person's name or e-mail address; 'System' if nobody acted")
    reason: str = Field(default="", description="as given with a cancel")
    steps: list[int] = Field(default_factory=list, description="which steps a retry or a resolution was about")
    status: str | None = Field(default=None, description="what was said of an attempt: success or failed")
    outcome: str | None = None
    note: str | None = Field(default=None, description="how they knew; null without `pii:read`")
    version: int | None = Field(default=None, description="the version that was published")
    count: int | None = Field(default=None, description="how many executions were cancelled or tried again together")

    personal: ClassVar[dict[str, Mask]] = {"act": as_is, "note": nothing, "status": as_is, "outcome": as_is}


class DeliveryView(View):
    """One thing that a provider told about an attempt, in our words."""

    action_log_id: UUID
    kind: str = Field(description="call, message, reply or other")
    state: str = Field(description="how far it had got", examples=["delivered", "ringing"])
    at: datetime = Field(description="when it happened by the provider's clock, else when it was told")
    received_at: datetime
    applied: bool = Field(description="whether it changed the attempt")
    note: str = Field(description="why it did not")
    text: str | None = Field(description="what the person wrote; null without `pii:read`")

    personal: ClassVar[dict[str, Mask]] = {"kind": as_is, "state": as_is, "note": as_is, "text": nothing}


class ProviderEventView(View):
    """A provider's event as it came."""

    id: UUID
    kind: str
    provider_event_id: str | None
    provider_ref: str | None
    received_at: datetime
    occurred_at: datetime | None
    applied: bool
    note: str
    payload: dict[str, Any] | None = Field(description="as the provider sent it; null without `pii:read`")

    personal: ClassVar[dict[str, Mask]] = {"provider_event_id": nothing, "provider_ref": nothing, "payload": nothing}


class OriginView(View):
    """Where an execution comes from, and by which clocks its contact lives."""

    lead_source: str
    entry_type: str | None = Field(description="null for an execution started by hand")
    zones: list[str] = Field(description="every time zone that comes into question for the contact")
    zone_origin: str = Field(description="how they are known: contact, address, phone, account, or two of them")
    flow_deleted: bool

    personal: ClassVar[dict[str, Mask]] = {"zones": as_is, "zone_origin": as_is, "entry_type": as_is}


class StoryView(View):
    """All of it, as this actor may see it. `plan` is null where what is stored of the version cannot be read any more."""

    execution: ExecutionView
    origin: OriginView
    plan: FlowDefinition | None
    logs: list[ActionLogView]
    deliveries: list[DeliveryView]
    acts: list[ActView]
    costs: list[CostView] = Field(description="what all attempts cost together, by currency")
