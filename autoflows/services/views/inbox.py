"""What needs a person: attempts nobody told about, and executions that failed and that nobody has dealt with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from autoflows.domain.causes import InboxKind
from autoflows.domain.outcomes import CallOutcome
from autoflows.services.views.bodies import Moment, Trimmed
from autoflows.services.views.leads import PersonView
from autoflows.services.views.masking import Mask, View, as_is, nothing


class InboxLine(View):
    """One thing that is known, and since when."""

    at: datetime | None
    text: str


class DismissalView(View):
    """Who left it as it is, when, and why."""

    at: datetime
    by: str
    note: str

    personal: ClassVar[dict[str, Mask]] = {"by": as_is}


class InboxItem(View):
    """One thing for a person. `id` is the attempt's for `unknown`, the execution's for `failed`."""

    id: UUID
    kind: InboxKind
    cause: str = Field(description="those of one cause can be dealt with together")
    execution_id: UUID
    flow_id: UUID
    flow_name: str
    flow_version: int
    contact: PersonView
    action_type: str = Field(description="the step it is about; empty if it is about none")
    action_order: int
    action_count: int
    channel_id: UUID | None
    channel_name: str | None
    at: datetime = Field(description="when the attempt was made, or the execution failed")
    known: list[InboxLine] = Field(description="what was sent, what the provider answered, how it was looked up, and what came since")
    sent: str = Field(description="the words that were sent")
    provider_ref: str | None
    risk: str = Field(description="what sending it again would risk; for `unknown`")
    retry: str = Field(description="what trying again does; for `failed`")
    can_retry: bool
    dismissed: DismissalView | None

    personal: ClassVar[dict[str, Mask]] = {
        **dict.fromkeys(("kind", "cause", "flow_name", "action_type", "channel_name"), as_is),
        "sent": lambda _: "",
        "provider_ref": nothing,
    }


class InboxCause(View):
    """Things that have one cause, with their number."""

    cause: str
    kind: InboxKind
    title: str
    advice: str
    action_type: str
    channel_id: UUID | None
    channel_name: str | None
    error_class: str
    error_code: str
    count: int
    newest_at: datetime

    personal: ClassVar[dict[str, Mask]] = dict.fromkeys(("cause", "kind", "action_type", "channel_name", "error_code"), as_is)


class InboxCounts(View):
    """How much needs a person; at most 1,000 of a kind are counted."""

    unknown: int
    failed: int


class OfOneCause(Trimmed):
    """Things of one cause; with `dry_run` they are only counted. Give the answer's `as_of` as `to`: then no more are taken than were
    counted."""

    cause: str = Field(max_length=200, description="as a list of the inbox gives it")
    flow_id: UUID | None = None
    until: Moment = Field(default=None, alias="to", description="only what is from before this time")
    dry_run: bool = Field(default=False, description="only say how many there are")


class Dismissal(Trimmed):
    """Failed executions to leave as they are: these, or all of one cause."""

    execution_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=1000)
    cause: str | None = Field(default=None, max_length=200)
    flow_id: UUID | None = None
    until: Moment = Field(default=None, alias="to", description="with `cause`: only what failed before this time")
    note: str = Field(default="", max_length=500, description="why; kept with the execution and in the audit log")
    dry_run: bool = Field(default=False, description="with `cause`: only say how many there are")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.execution_ids is None) == (self.cause is None):
            raise ValueError("name either execution_ids or a cause")
        if self.execution_ids is not None and (self.flow_id or self.until or self.dry_run):
            raise ValueError("flow_id, to and dry_run go with a cause")
        return self


class Verdict(OfOneCause):
    """What a person says of all attempts in doubt of one cause: they reached the contacts (`success`) or not (`failed`)."""

    status: Literal["success", "failed"]
    outcome: CallOutcome | None = Field(default=None, description="how calls ended, as for a single attempt")
    note: Annotated[str, Field(max_length=500)] = ""


class InboxDone(View):
    """What was done. `refused` could not be, the first of them for the reason `why`; `left` is for the same request again."""

    dry_run: bool
    done: int
    refused: int
    why: str
    left: int
    as_of: datetime
