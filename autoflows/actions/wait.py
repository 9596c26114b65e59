"""Pause before the next step. The engine keeps the wait as a row that is due later; nothing runs meanwhile."""

from __future__ import annotations

from datetime import time

from pydantic import Field, field_validator

from autoflows.actions.base import ActionSpec
from autoflows.domain.flow import ActionType, Strict

MAX_MINUTES = 60 * 24 * 365


class WaitConfig(Strict):
    """Settings of a wait; minutes and seconds add up, and zero is over at once."""

    duration_minutes: float = Field(default=0, ge=0, le=MAX_MINUTES, title="Minutes", json_schema_extra={"widget": "duration"})
    duration_seconds: float = Field(default=0, ge=0, le=86_400, title="Seconds", json_schema_extra={"widget": "number"})
    until_time: str | None = Field(
        default=None,
        title="Then until",
        description="A time of day such as 10:30, in the flow's time zone",
        json_schema_extra={"widget": "time"},
    )
    wait_until_business_hours: bool = Field(
        default=False, title="Go on in business hours only", description="Ends at the next opening", json_schema_extra={"widget": "switch"}
    )

    @field_validator("until_time")
    @classmethod
    def _time(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            parsed = time.fromisoformat(value)
        except ValueError:
            raise ValueError("must be a time of day such as 10:30") from None
        if parsed.tzinfo is not None:
            raise ValueError("must be a plain time of day such as 10:30, without a zone")
        return value


SPEC = ActionSpec(
    action_type=ActionType.WAIT,
    title="Wait",
    icon="hourglass",
    description="A pause: for some time, until a time of day, or until business hours",
    Config=WaitConfig,
)
