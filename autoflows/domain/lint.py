"""What is wrong or unwise in a flow, told before it runs. Pure: the facts about what it names are arguments."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Severity(StrEnum):
    """`error`: it cannot work, so it cannot be enabled. `warning`: it may not do what is meant. `advice`: it could be better."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


class Problem(BaseModel):
    """One finding: where (a JSON pointer into the flow), what (a stable code) and a sentence for the admin."""

    model_config = ConfigDict(frozen=True)

    severity: Severity
    code: str = Field(examples=["agent_missing"])
    pointer: str = Field(examples=["/actions/0/action_config/agent_id"])
    message: str
