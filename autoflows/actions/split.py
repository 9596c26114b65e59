"""Divide people among the arms of an experiment. Nothing is sent and no time passes: the engine notes the arm, later steps ask for it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from autoflows.actions.base import ActionSpec
from autoflows.domain.flow import ActionType, Strict
from autoflows.domain.splits import DEFAULT_NAME

MAX_ARMS = 6

ArmName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class ArmConfig(Strict):
    """One arm. A hold-out gets no contact from here on: what it reaches would have come about anyway."""

    name: ArmName = Field(title="Name")
    percent: int = Field(ge=0, le=100, title="Percent", description="how many of a hundred people come here")
    is_holdout: bool = Field(default=False, title="Hold-out", description="no contact; shows what happens without the flow")


class SplitConfig(Strict):
    """Settings of a split."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)] = Field(
        default=DEFAULT_NAME, title="Name", description="What is tried; a step names it when the flow has several splits",
        json_schema_extra={"widget": "text"},
    )  # fmt: skip
    arms: list[ArmConfig] = Field(
        default_factory=lambda: [ArmConfig(name="A", percent=50), ArmConfig(name="B", percent=50)],
        min_length=2, max_length=MAX_ARMS, title="Arms",
        description="Percentages add up to 100; the first is what the others are compared with",
        json_schema_extra={"widget": "arms"},
    )  # fmt: skip

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [arm.name.casefold() for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError("arms: two arms have the same name; give each a name of its own")
        if (total := sum(arm.percent for arm in self.arms)) != 100:
            raise ValueError(f"arms: the percentages add up to {total}; they must make 100")
        if sum(arm.is_holdout for arm in self.arms) > 1:
            raise ValueError("arms: only one arm can be the hold-out")
        return self


SPEC = ActionSpec(
    action_type=ActionType.SPLIT,
    title="Split",
    icon="split",
    description="An A/B test: each person goes one of several ways, and always the same one",
    Config=SplitConfig,
)
