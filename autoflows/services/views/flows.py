"""Flows as they are shown and sent."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, field_serializer, model_validator

from autoflows.domain.flow import MAX_ACTIONS, MAX_CONDITIONS, Action, FlowDefinition, FlowSettings, Strict, TriggerCondition
from autoflows.domain.flow_diff import Change
from autoflows.domain.problems import Problem
from autoflows.services.views.settings import wall_clock

MAX_PRIORITY = 1_000_000
MAX_FLOWS = 500
"""Flows one account may have: each lead is compared with all of them."""

Priority = Field(default=None, ge=1, le=MAX_PRIORITY, description="lower wins; a number that is taken shifts the others; none: last")


class FlowCreate(FlowDefinition):
    """A flow as it is made; it is published at once."""

    is_enabled: bool = False
    priority: int | None = Priority


READ_ONLY_FIELDS = frozenset(
    {
        *("id", "is_held", "created_at", "updated_at", "created_by", "last_run_at", "running_executions", "executions_30d"),
        *("tags", "archived_at", "draft"),
    }
)
"""Fields of a `FlowView` that an update may carry and that change nothing: what was read can be sent back."""


class FlowUpdate(FlowDefinition):
    """A flow as it is replaced. `is_enabled` and `priority` left out stay as they are; what only we set is accepted and ignored.

    `version`, if sent, must be the present one, so that two people who edit at once do not overwrite each other unseen.
    """

    is_enabled: bool | None = None
    priority: int | None = Priority
    version: int | None = Field(default=None, description="the version you edited; refused with 409 if there is a newer one")

    @model_validator(mode="before")
    @classmethod
    def _as_read(cls, value: Any) -> Any:
        return {k: v for k, v in value.items() if k not in READ_ONLY_FIELDS} if isinstance(value, dict) else value


class FlowAction(Action):
    """A step as stored: it has an id."""

    id: UUID


class ExecutionCounts(BaseModel):
    """Executions by state, test runs left out."""

    total: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0


class DraftSummary(BaseModel):
    """Unpublished changes of a flow."""

    id: UUID
    edited_at: datetime
    edited_by_name: str


class FlowView(FlowSettings):
    """A flow as published, with how it has been doing."""

    id: UUID
    name: str
    description: str
    is_enabled: bool
    is_held: bool = Field(description="its kill switch: every contact of its running executions is held")
    priority: int
    version: int = Field(description="the published version that new executions are pinned to")
    conditions: list[TriggerCondition]
    actions: list[FlowAction]
    tags: list[str] = Field(default_factory=list, description="labels of the flow list; no part of a version")
    archived_at: datetime | None = Field(default=None, description="when it was put away; null: it is in the list")
    draft: DraftSummary | None = Field(default=None, description="changes that are not published yet")
    created_at: datetime
    updated_at: datetime
    created_by: UUID | None
    last_run_at: datetime | None = Field(default=None, description="when it last enrolled somebody")
    running_executions: int = 0
    executions_30d: ExecutionCounts = Field(default_factory=ExecutionCounts, description="executions begun in the last 30 days")

    @field_serializer("business_hours_start", "business_hours_end", when_used="json-unless-none")
    def _time(self, value: time) -> str | None:
        return wall_clock(value)


class FlowStatistics(BaseModel):
    """How a flow has been doing."""

    flow_id: UUID
    last_run_at: datetime | None
    running_executions: int
    executions_30d: ExecutionCounts


class FlowProblems(BaseModel):
    """What is wrong or unwise in a flow, worst first. One with severity `error` keeps the flow from being enabled."""

    flow_id: UUID
    problems: list[Problem]


class FlowVersionView(BaseModel):
    """One publish."""

    version: int
    name: str = Field(description="the version's own name, else the flow's name in it")
    note: str
    created_by: UUID | None
    created_by_name: str
    created_at: datetime
    is_current: bool
    definition: dict[str, Any] = Field(description="the flow as it was: name, settings, conditions, actions")


class ToggledFlow(FlowView):
    """A flow after it was switched on or off."""

    cancelled: int = Field(default=0, description="executions cancelled by this request; `running_executions` says how many are left")


class Running(StrEnum):
    """What becomes of a flow's running executions when it is switched off or deleted."""

    FINISH = "finish"
    HOLD = "hold"
    CANCEL = "cancel"


class Toggle(Strict):
    """On or off."""

    is_enabled: bool
    running: Running = Field(
        default=Running.FINISH,
        description="when switched off: `finish` lets running executions finish, `hold` holds them, `cancel` cancels them",
    )

    @model_validator(mode="after")
    def _only_when_off(self) -> Self:
        if self.is_enabled and self.running is not Running.FINISH:
            raise ValueError("running says what becomes of running executions when a flow is switched off; leave it out to switch it on")
        return self


class Hold(Strict):
    """A flow's kill switch."""

    is_held: bool


class Switch(Strict):
    """Many on or off."""

    flow_ids: list[UUID] = Field(min_length=1, max_length=MAX_FLOWS)
    is_enabled: bool


class SwitchResult(BaseModel):
    """What became of one flow. `is_enabled` null: there is no such flow."""

    flow_id: UUID
    is_enabled: bool | None
    problem: str = Field(default="", description="why it could not be switched")


class SwitchResults(BaseModel):
    """One result per flow, in the order asked."""

    data: list[SwitchResult]


Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class Tags(Strict):
    """A flow's labels."""

    tags: list[Tag] = Field(max_length=20)


class FlowsProblems(BaseModel):
    """Flows that have problems, in order of priority."""

    data: list[FlowProblems]


class VersionDiff(BaseModel):
    """What is different in one version against another, in words."""

    before: int
    after: int
    changes: list[Change]


class Reorder(Strict):
    """All of the account's flows in their new order."""

    flow_ids: list[UUID] = Field(max_length=MAX_FLOWS, description="every flow once; the first gets priority 1")


class FlowPriority(BaseModel):
    """A flow's place."""

    id: UUID
    name: str
    priority: int
    is_enabled: bool


class FlowOrder(BaseModel):
    """The account's flows in order."""

    data: list[FlowPriority]


class NewPriority(Strict):
    """The place one flow is to have."""

    flow_id: UUID
    priority: int = Field(ge=1, le=MAX_PRIORITY)


class BulkPriorities(Strict):
    """New places for some flows; the others keep their order around them."""

    priorities: list[NewPriority] = Field(max_length=MAX_FLOWS)


class Conditions(Strict):
    """A flow's trigger conditions, replaced."""

    conditions: list[TriggerCondition] = Field(max_length=MAX_CONDITIONS)


class Actions(Strict):
    """A flow's sequence, replaced."""

    actions: list[Action] = Field(max_length=MAX_ACTIONS)
