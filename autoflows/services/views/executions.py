"""Executions and their action logs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from autoflows.domain.outcomes import CallOutcome
from autoflows.services.views.bodies import Moment, Trimmed
from autoflows.services.views.leads import PersonView
from autoflows.services.views.masking import Mask, View, as_is, nothing, result


class WaitingView(View):
    """What a running execution waits for, in words, and until when."""

    reason: str
    until: datetime | None


class ExecutionView(View):
    """One run of one flow version for one contact. `action_count` is the number of steps of its version."""

    id: UUID
    flow_id: UUID
    flow_name: str
    flow_version: int
    contact_id: UUID
    contact: PersonView
    lead_event_id: UUID | None
    status: str
    current_action_step: int
    action_count: int
    triggered_at: datetime
    completed_at: datetime | None
    waiting: WaitingView | None
    error_message: str | None
    metadata: dict[str, Any]
    is_test_run: bool
    speed_to_lead_ms: int | None = Field(description="from the source's own time (else arrival) to the first attempt on the wire")
    speed_to_conversation_ms: int | None = None
    converted_at: datetime | None = Field(default=None, description="when the flow's goal was met")
    goal_until: datetime | None = Field(default=None, description="until when it can be met; null: there is no goal to meet")

    personal: ClassVar[dict[str, Mask]] = {"flow_name": as_is, "status": as_is}


class CostView(View):
    """Money: integer minor units of a currency."""

    amount: int
    currency: str


class ActionLogView(View):
    """One attempt at one action. `action` is the step as it was when it ran."""

    id: UUID
    execution_id: UUID
    action_id: UUID | None
    action_type: str
    action_order: int
    attempt: int
    status: str
    outcome: str | None
    message_state: str | None
    started_at: datetime
    completed_at: datetime | None
    wait_until: datetime | None
    arm: str | None = Field(description="of a split: the arm that was chosen")
    result_data: dict[str, Any]
    error_class: str | None
    error_code: str | None
    error_message: str | None
    skip_reason: str | None
    provider_ref: str | None
    channel_id: UUID | None
    channel_name: str | None
    gates: list[dict[str, Any]]
    cost: CostView | None
    action: dict[str, Any]

    personal: ClassVar[dict[str, Mask]] = {
        "result_data": result,
        "provider_ref": nothing,
        "error_code": as_is,
        "gates": as_is,
        "arm": as_is,
        "action": as_is,
        "channel_name": as_is,
    }


class StatusCounts(View):
    """Executions by status; every status is named, also those without any."""

    total: int
    by_status: dict[str, int]
    needs_person: int = Field(default=0, description="executions with an attempt nobody told about, of whatever status")


class CancelMany(Trimmed):
    """Which running executions to cancel: all that fit everything given. At least one of the filters is needed."""

    flow_id: UUID | None = None
    waiting_rule: str | None = Field(
        default=None, min_length=1, max_length=40, description="the rule that holds it", examples=["flow_hours"]
    )
    waiting_reason: str | None = Field(default=None, min_length=1, max_length=200, description="a part of what it waits for, in words")
    lead_source: str | None = Field(default=None, min_length=1, max_length=100, description="where the lead came from")
    since: Moment = Field(default=None, alias="from", description="triggered not before this time")
    until: Moment = Field(default=None, alias="to", description="triggered before this time")
    dry_run: bool = Field(default=False, description="only say how many there are")
    reason: str = Field(default="", max_length=500, description="shown on each of them")

    @model_validator(mode="after")
    def _narrowed(self) -> Self:
        if not self.model_fields_set & {"flow_id", "waiting_rule", "waiting_reason", "lead_source", "since", "until"}:
            raise ValueError("name at least one of flow_id, waiting_rule, waiting_reason, lead_source, from and to")
        return self


class Cancellations(View):
    """How many executions were cancelled, and how many that fit still run (with `dry_run`: all of them)."""

    dry_run: bool
    cancelled: int
    left: int


class Resolution(Trimmed):
    """What a person says of an attempt nobody told about: it reached the contact (`success`) or not (`failed`)."""

    status: Literal["success", "failed"]
    outcome: CallOutcome | None = Field(
        default=None,
        description="how a call ended: answered (the default), voicemail, missed or busy; of a failed one failed, missed or busy",
    )
    note: str = Field(default="", max_length=500, description="how you know; kept with the attempt and in the audit log")


class ActionStatistics(View):
    """How one step of a flow fared, over all its logs that are not test runs."""

    action_order: int
    action_type: str
    attempts: int
    by_status: dict[str, int]


class FlowStatistics(View):
    """How one flow fares. Test runs are never counted. `success_rate` is completed / (completed + failed), null before either."""

    flow_id: UUID
    total: int
    by_status: dict[str, int]
    success_rate: float | None
    average_duration_seconds: float | None
    speed_to_lead_p50_ms: int | None
    last_triggered_at: datetime | None
    actions: list[ActionStatistics]
