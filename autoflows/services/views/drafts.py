"""Drafts of flows as they are shown and sent, and what publishing one means."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from autoflows.domain.flow import Strict
from autoflows.domain.flow_diff import Change
from autoflows.domain.problems import Problem
from autoflows.services.views.flows import FlowView

Revision = Annotated[int, Field(ge=1, lt=2**31, description="the revision you edited; refused with 409 if there is a newer one")]
Definition = Annotated[
    dict[str, Any],
    Field(description="the flow as it is being edited: it may be incomplete. Steps run in the order of `actions`; `action_order` is set"),
]


class RunningChoice(StrEnum):
    """What becomes of the executions that run when a version is published."""

    FINISH = "finish"
    MOVE = "move"
    CANCEL = "cancel"


class DraftCreate(Strict):
    """A flow that is begun."""

    definition: Definition


class DraftSave(Strict):
    """A draft as it is saved."""

    revision: Revision
    definition: Definition


class Publish(Strict):
    """How a draft is published."""

    revision: Revision
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = Field(default="", description="of the version")
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(default="", description="what changed and why")
    running: RunningChoice = Field(
        default=RunningChoice.FINISH,
        description="running executions finish on their version, move to the new one where they can, or are cancelled",
    )
    is_enabled: bool | None = Field(default=None, description="null: as it is; a new flow is disabled")
    replaces_version: int | None = Field(
        default=None, description="the published version you saw last, if somebody published one after the draft was begun"
    )


class TakeOver(Strict):
    """Taking the pen from whoever holds it."""

    revision: Revision


class KeepArm(Strict):
    """Ending an A/B test: the arm whose way everybody goes from now on."""

    arm: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    revision: int | None = Field(
        default=None, ge=1, lt=2**31, description="of the unpublished changes beside which the arm is kept; null: there are none"
    )


class Lock(BaseModel):
    """Who is editing; nobody else can save until it ends or is taken over."""

    user_id: UUID
    name: str
    until: datetime
    is_mine: bool


class DraftView(BaseModel):
    """A draft: what is edited, by whom, and how it stands to what is published."""

    id: UUID
    flow_id: UUID | None = Field(description="null: a flow that was never published")
    definition: dict[str, Any]
    revision: int
    base_version: int | None = Field(description="the published version the draft began from")
    current_version: int | None = Field(description="the published version now")
    is_changed: bool = Field(description="whether there is something to publish")
    is_stale: bool = Field(description="whether a version was published after the draft began")
    edited_by: UUID | None
    edited_by_name: str
    edited_at: datetime
    lock: Lock | None = Field(description="null: nobody is editing")
    problems: list[Problem] = Field(description="worst first; with an `error` of code `invalid` it cannot be published")
    changes: list[Change] = Field(description="against the published version, in words; empty while the draft cannot be read")


class DraftRow(BaseModel):
    """A draft in the list of drafts."""

    id: UUID
    flow_id: UUID | None
    name: str
    revision: int
    is_changed: bool
    edited_by: UUID | None
    edited_by_name: str
    edited_at: datetime


class Drafts(BaseModel):
    """The account's drafts, the last edited first."""

    data: list[DraftRow]


class Published(BaseModel):
    """What publishing did."""

    flow: FlowView
    is_new_version: bool = Field(description="false: nothing was different from what is published")
    moved: int = Field(default=0, description="executions that go on in the new version")
    stayed: int = Field(default=0, description="executions that finish on their version")
    cancelled: int = 0
    message: str = Field(examples=["Version 4 is live. 12 executions go on in it, 3 finish on their earlier version."])


class FlowName(BaseModel):
    """A flow, as far as an impact names it. `flow_id` null: the flow being made."""

    flow_id: UUID | None
    name: str
    priority: int | None


class ShiftView(BaseModel):
    """So many leads go from one flow to another; null: no flow takes them."""

    before: FlowName | None
    after: FlowName | None
    leads: int


class Impact(BaseModel):
    """What a change would have meant for the leads of the last days, by triggers and priorities alone."""

    since: datetime
    leads: int = Field(description="how many leads were looked at")
    is_capped: bool = Field(description="whether there were more, and these are the newest")
    changed: int = Field(description="how many of them another flow would have taken")
    shifts: list[ShiftView]
    message: str = Field(examples=["This move changes 63 of the last 30 days' 1,204 leads."])


class PublishImpact(Impact):
    """What publishing a draft would have meant, the flow taken as enabled."""

    is_enabled: bool
    matched_before: int = Field(description="leads that met the published trigger")
    matched_after: int = Field(description="leads that meet the draft's trigger")
    won_before: int = Field(description="of those, the ones no flow before it took")
    won_after: int
    running: int = Field(description="executions of other versions that run now")
    movable: int = Field(description="of those, the ones that can go on in the new version")


class OverlapView(BaseModel):
    """Leads of the last days that meet the triggers of both; the first takes them, unless a flow before it does."""

    first: FlowName
    second: FlowName
    leads: int


class FlowsAnalysis(BaseModel):
    """How the enabled flows share the leads of the last days."""

    since: datetime
    leads: int
    is_capped: bool
    won: list[tuple[FlowName, int]] = Field(description="leads that each flow takes, in order of priority")
    never_win: list[FlowName] = Field(description="flows whose every lead a flow before them takes, whatever leads come")
    overlaps: list[OverlapView]
    untaken: dict[str, int] = Field(description="leads that no flow takes, by their source")
