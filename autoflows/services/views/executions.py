"""Executions and their action logs, and which of them a list, a count, an export or a bulk action is about."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.gates import GATES
from autoflows.domain.outcomes import CallOutcome
from autoflows.services.views.bodies import Moment, Trimmed
from autoflows.services.views.execution_facts import FactFilter
from autoflows.services.views.leads import PersonView
from autoflows.services.views.masking import Mask, View, as_is, nothing, result

A_STEP = "wait"
"""What holds an execution that no rule holds: a wait step, or the pause before another attempt."""
WAITING_RULES = (A_STEP, *(name for name, _ in GATES))


class Stage(StrEnum):
    """Of the running executions: those acting now, and those that a rule or a step lets wait."""

    ACTIVE = "active"
    WAITING = "waiting"


class ExecutionSort(StrEnum):
    """The orders of a list. Those that have not what it is sorted by come last, the newest of them first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    ENDED = "ended"
    SLOWEST = "slowest"
    FASTEST = "fastest"
    SOONEST = "soonest"


def _known_rule(rule: str) -> str:
    if rule not in WAITING_RULES:
        raise ValueError(f"must be one of {', '.join(WAITING_RULES)}")
    return rule


class ExecutionFilter(FactFilter):
    """Which executions: those that fit everything given. `from` is included, `to` is not."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    flow_id: UUID | None = None
    contact_id: UUID | None = None
    status: ExecutionStatus | None = None
    stage: Stage | None = Field(default=None, description="of the running ones: acting now, or held by a rule or a wait step")
    since: Moment = Field(default=None, alias="from", description="triggered not before this time")
    until: Moment = Field(default=None, alias="to", description="triggered before this time")
    within_hours: int | None = Field(
        default=None, ge=1, le=24 * 366, description="triggered in the last so many hours, whenever it is asked"
    )
    lead_source: str | None = Field(default=None, min_length=1, max_length=100, description="where the lead came from; `manual` by hand")
    outcome: CallOutcome | None = Field(default=None, description="how its last call ended")
    is_test_run: bool | None = None
    needs_person: bool | None = Field(default=None, description="those with an attempt nobody told about, or those without")
    waiting_rule: Annotated[str, AfterValidator(_known_rule)] | None = Field(
        default=None, description=f"what holds it: {', '.join(WAITING_RULES)}", examples=["flow_hours"]
    )
    search: str = Field(default="", max_length=255, description="name, company, e-mail address, or phone number in any way of writing")


class WaitingView(View):
    """What a running execution waits for, in words, and until when.

    `rule` is the rule that holds it, or `wait` for a wait step; null while it waits for a provider. `ahead` is how many stand before it in
    the queue for a line or a rate, null outside one; `MOST_AHEAD` means that many or more.
    """

    reason: str
    until: datetime | None
    rule: str | None = None
    ahead: int | None = None

    personal: ClassVar[dict[str, Mask]] = {"rule": as_is}


MOST_AHEAD = 1000


class ExecutionView(View):
    """One run of one flow version for one contact. `action_count` is the number of steps of its version."""

    id: UUID
    flow_id: UUID
    flow_name: str
    flow_version: int
    contact_id: UUID
    contact: PersonView
    lead_event_id: UUID | None
    lead_source: str = Field(description="where the lead came from; `manual` if it was enrolled by hand")
    status: str
    outcome: str | None = Field(description="how its last call ended")
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
    """How many executions fit: by status, every one of them named, and by what they do.

    Large numbers are not counted to their end: those named in `capped` are at least what is said.
    """

    total: int
    by_status: dict[str, int]
    active: int = Field(default=0, description="running ones that act now")
    waiting: int = Field(default=0, description="running ones that a rule or a wait step holds")
    needs_person: int = Field(default=0, description="executions with an attempt nobody told about, of whatever status")
    capped: list[str] = Field(
        default_factory=list, description="which of these numbers mean 'or more': statuses, total, active, waiting, needs_person"
    )

    personal: ClassVar[dict[str, Mask]] = {"capped": as_is}


class DueBucket(View):
    """Some minutes from `at` on, and how many executions go on in them, by the rule that holds them (`wait`: a wait step)."""

    at: datetime
    due: int
    by_rule: dict[str, int]


class Forecast(View):
    """What is due in the next hour. With `capped` there is more than is counted."""

    since: datetime
    until: datetime
    total: int
    by_rule: dict[str, int]
    buckets: list[DueBucket]
    capped: bool = False


class ExecutionChoices(View):
    """What there is to choose from in a filter: where leads came from, and what holds executions now."""

    lead_sources: list[str]
    waiting_rules: list[str]

    personal: ClassVar[dict[str, Mask]] = {"waiting_rules": as_is}


class _Many(ExecutionFilter):
    """A filter of something that is done to all that fit: at least one field has to narrow it."""

    dry_run: bool = Field(default=False, description="only say how many there are")

    acts_on: ClassVar[ExecutionStatus]

    @model_validator(mode="after")
    def _narrowed(self) -> Self:
        narrowing = [name for name in type(self).model_fields if name not in ("status", "dry_run", "reason")]
        if not any(getattr(self, name) not in (None, "") for name in narrowing):
            raise ValueError(f"name at least one filter beside the status, such as {', '.join(narrowing[:4])}, from or to")
        if self.status not in (None, self.acts_on):
            raise ValueError(f"status can only be {self.acts_on} here; leave it out")
        return self


class CancelMany(_Many):
    """Which running executions to cancel: all that fit everything given. At least one filter beside the status is needed."""

    waiting_reason: str | None = Field(default=None, min_length=1, max_length=200, description="a part of what it waits for, in words")
    reason: str = Field(default="", max_length=500, description="shown on each of them")

    acts_on = ExecutionStatus.RUNNING


class RetryMany(_Many):
    """Which failed executions to try again: all that fit everything given. At least one filter beside the status is needed."""

    acts_on = ExecutionStatus.FAILED


class Cancellations(View):
    """How many executions were cancelled, and how many that fit still run (with `dry_run`: all of them)."""

    dry_run: bool
    cancelled: int
    left: int


class Skipped(View):
    """How many of the chosen executions cannot be tried again, and why."""

    reason: str
    number: int


class Retries(View):
    """How many failed executions run again, how many cannot and why, and how many that fit are left for another call (with `dry_run`: all
    of those that can)."""

    dry_run: bool
    retried: int
    left: int
    skipped: list[Skipped]


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
