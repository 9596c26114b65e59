"""A finding about a flow: how bad, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Severity(StrEnum):
    """`error`: it cannot work, so it cannot be enabled. `warning`: it may not do what is meant. `advice`: it could be better."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.ADVICE)
"""Worst first."""


class Problem(BaseModel):
    """One finding: where (a JSON pointer into the flow), what (a stable code) and a sentence for the admin."""

    model_config = ConfigDict(frozen=True)

    severity: Severity
    code: str = Field(examples=["item_missing"])
    pointer: str = Field(examples=["/actions/0/action_config/agent_id"])
    message: str = Field(examples=["Step 1: the voice agent it names is not there any more; choose another."])


def errors_of(problems: Sequence[Problem]) -> list[Problem]:
    """Those that keep a flow from being enabled."""
    return [p for p in problems if p.severity is Severity.ERROR]


def worst_first(problems: Iterable[Problem]) -> list[Problem]:
    """Sorted by severity; within one, in the order they came."""
    return sorted(problems, key=lambda p: SEVERITIES.index(p.severity))
