"""What a figure of the analytics counts, as a filter of executions: so that every number leads to what is behind it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from autoflows.domain.flow import ActionType
from autoflows.domain.outcomes import CallOutcome, MessageState
from autoflows.services.views.bodies import Moment, Trimmed

RESULTS = tuple(dict.fromkeys([*CallOutcome, *MessageState, "done", "skipped", "cancelled", "unknown", "in_progress"]))
"""What becomes of an attempt: a call's outcome, how far a message got, or where it stands."""


NO_REASON = "none"
"""As a reason: those of which none was kept."""


class Reached(StrEnum):
    """How far executions came. Behind a split: the people of an arm, by what came after it."""

    CONTACTED = "contacted"
    NOT_CONTACTED = "not_contacted"
    ANSWERED = "answered"
    CONVERTED = "converted"
    MEASURED = "measured"  # whose time to convert is over
    WON = "won"  # of those, who did


def results_of(text: str) -> list[str]:
    """The words of a list of results. Raises ValueError for one there is not."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if unknown := [word for word in words if word not in RESULTS]:
        raise ValueError(f"there is no result '{unknown[0]}'; use some of {', '.join(RESULTS)}")
    return words


def _known_results(text: str) -> str:
    return ",".join(results_of(text))


class FactFilter(Trimmed):
    """Executions by the facts that figures are made of. With something about attempts, one attempt must have all of it."""

    version: int | None = Field(default=None, ge=1, lt=2**31, description="runs on this version of its flow; of attempts: is one of it")
    channel_id: UUID | None = Field(default=None, description="first contacted by this channel; of attempts: made by it")
    reached: Reached | None = Field(
        default=None, description="came so far; `measured`: its time to convert is over, `won`: of these, converted"
    )
    min_speed: int | None = Field(default=None, ge=0, le=10**9, description="seconds from lead to first attempt, at least")
    max_speed: int | None = Field(default=None, ge=0, le=10**9, description="seconds from lead to first attempt, less than")
    furthest_step: int | None = Field(default=None, ge=0, le=10_000, description="came to this step and to none after it; 0: to none")
    step: int | None = Field(default=None, ge=1, le=10_000, description="with an attempt at this step")
    attempt: int | None = Field(default=None, ge=1, le=10_000, description="with an attempt of this number at its step; 1: the first")
    action_type: ActionType | None = Field(default=None, description="with an attempt of this kind")
    result: Annotated[str, Field(max_length=200), AfterValidator(_known_results)] | None = Field(
        default=None, description=f"with an attempt that ended so; several with commas between: {', '.join(RESULTS)}", examples=["missed"]
    )
    because: str | None = Field(
        default=None,
        max_length=100,
        description=f"with an attempt that this rule skipped, or this code failed; `{NO_REASON}`: no one told why",
    )
    made_since: Moment = Field(default=None, description="with an attempt made not before this time; of a split: chosen not before it")
    made_until: Moment = Field(default=None, description="with an attempt made before this time; of a split: chosen before it")
    split_id: UUID | None = Field(default=None, description="each person's first pass through this split")
    arm: str | None = Field(default=None, max_length=40, description="with `split_id`: those of this arm")
