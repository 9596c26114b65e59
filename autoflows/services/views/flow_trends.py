"""How a flow has been doing, day by day."""

from __future__ import annotations

from pydantic import BaseModel, Field

TREND_DAYS = 14


class FlowTrend(BaseModel):
    """Speed to lead of one flow in the last days."""

    median_seconds: float
    days: list[float | None] = Field(description="the median of each day, today last; null: nothing was attempted")
