"""How a flow has been doing, day by day."""

from __future__ import annotations

from pydantic import BaseModel, Field

TREND_DAYS = 14


class FlowTrend(BaseModel):
    """One flow in the last days; each list has a value per day, today last."""

    median_seconds: float | None = Field(description="speed to lead over all of these days; null: nothing was attempted")
    medians: list[float | None] = Field(description="speed to lead; null: nothing was attempted")
    success: list[float | None] = Field(description="percent completed of completed and failed, by the day they began; null: none")
    began: list[int] = Field(description="executions that began")
    ended: list[int] = Field(description="executions that ended, whenever they began")
