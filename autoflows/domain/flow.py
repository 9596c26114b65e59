"""What a flow is: its trigger conditions, its settings and its sequence of actions, as one immutable definition.

The field names are those of the REST contract and of the tables. Validation here is about shape; whether what it names exists and is
healthy is `lint`'s and the services' business.
"""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from autoflows.domain.outcomes import NOT_ANSWERED, CallOutcome, MessageState

MAX_ACTIONS = 200
MAX_CONDITIONS = 50


class TriggerType(StrEnum):
    """What a trigger condition looks at."""

    LEAD_SOURCE = "lead_source"
    ENTRY_TYPE = "entry_type"
    CUSTOM_FIELD = "custom_field"
    TAG = "tag"
    CONTACT_FIELD = "contact_field"


class ConditionOperator(StrEnum):
    """How it compares. Text compares case-insensitively; `greater_than` and `less_than` compare numbers."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    CONTAINS = "contains"
    ANY = "any"
    IN = "in"
    EXISTS = "exists"
    STARTS_WITH = "starts_with"
    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"


class ActionType(StrEnum):
    """A step of a flow."""

    AI_CALL = "ai_call"
    WHATSAPP_MESSAGE = "whatsapp_message"
    EMAIL = "email"
    WAIT = "wait"
    SMS = "sms"
    WEBHOOK = "webhook"
    UPDATE_CONTACT = "update_contact"
    NOTIFY_TEAM = "notify_team"
    SPLIT = "split"


class ActionCondition(StrEnum):
    """When a step runs. None: unless an exit rule has fired. `always`: even then. `split`: in this arm, unless an exit rule has fired."""

    ALWAYS = "always"
    CALL_OUTCOME = "call_outcome"
    MESSAGE_STATUS = "message_status"
    CONTACT_FIELD = "contact_field"
    SPLIT = "split"


class OutsideHours(StrEnum):
    """What happens to a contact attempt outside the flow's hours."""

    WAIT = "wait"
    SKIP = "skip"


class OnUnknown(StrEnum):
    """Whether a flow goes on after an attempt whose fate nobody told."""

    CONTINUE = "continue"
    STOP = "stop"


NO_VALUE_OPERATORS = frozenset({ConditionOperator.ANY, ConditionOperator.EXISTS})
NUMBER_OPERATORS = frozenset({ConditionOperator.GREATER_THAN, ConditionOperator.LESS_THAN})
CALL_OUTCOME_VALUES = tuple(o.value for o in CallOutcome) + (NOT_ANSWERED,)
CONTACT_FIELDS = ("name", "phone", "email", "company", "timezone", "lead_source", "entry_type")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


def check_timezone(name: str) -> str:
    """The IANA zone name itself. Raises ValueError with a sentence for the user."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is not a time zone; use an IANA name such as Asia/Kolkata") from None
    return name


def check_wall_clock(value: time | None) -> time | None:
    """A time of day itself. Raises ValueError for one that carries a zone."""
    if value is not None and value.tzinfo is not None:
        raise ValueError("must be a wall-clock time such as 09:00, without a zone; the zone is a field of its own")
    return value


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


class Strict(BaseModel):
    """Unknown fields are refused, so that a misspelt one is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TriggerCondition(Strict):
    """One condition of a trigger."""

    condition_type: TriggerType
    condition_operator: ConditionOperator = ConditionOperator.EQUALS
    condition_value: Annotated[str, StringConstraints(max_length=255)] | None = None
    condition_field: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.condition_operator not in NO_VALUE_OPERATORS and not (self.condition_value or "").strip():
            raise ValueError(f"condition_value is needed for the operator '{self.condition_operator}'; use 'any' to match everything")
        if self.condition_type in (TriggerType.CUSTOM_FIELD, TriggerType.CONTACT_FIELD) and not self.condition_field:
            raise ValueError(f"condition_field is needed for a condition on {self.condition_type}: name the field to look at")
        if self.condition_type is TriggerType.CONTACT_FIELD and self.condition_field not in CONTACT_FIELDS:
            raise ValueError(f"condition_field '{self.condition_field}' is not a contact field; use one of {', '.join(CONTACT_FIELDS)}")
        if self.condition_operator in NUMBER_OPERATORS and not _is_number(self.condition_value or ""):
            raise ValueError(f"condition_value must be a number for the operator '{self.condition_operator}'")
        return self


class Action(Strict):
    """One step. `action_config` is held to its type's schema in `autoflows/actions/`."""

    id: UUID | None = None
    action_order: int = Field(ge=1, le=MAX_ACTIONS)
    action_type: ActionType
    action_config: dict[str, Any] = Field(default_factory=dict)
    condition_type: ActionCondition | None = None
    condition_value: Annotated[str, StringConstraints(max_length=255)] | None = None
    condition_field: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = None

    @model_validator(mode="after")
    def _condition(self) -> Self:
        kind, value = self.condition_type, self.condition_value
        if kind is ActionCondition.CALL_OUTCOME and value not in CALL_OUTCOME_VALUES:
            raise ValueError(f"condition_value must be one of {', '.join(CALL_OUTCOME_VALUES)} for a condition on the call's outcome")
        if kind is ActionCondition.MESSAGE_STATUS and value not in tuple(MessageState):
            raise ValueError(f"condition_value must be one of {', '.join(MessageState)} for a condition on the message's status")
        if kind is ActionCondition.CONTACT_FIELD and not self.condition_field:
            raise ValueError("condition_field is needed for a condition on a contact field: name the field, such as custom_fields.product")
        if kind is ActionCondition.SPLIT and not (value or "").strip():
            raise ValueError("condition_value is needed for a condition on a split: name the arm, such as A")
        return self


class ExitRules(Strict):
    """When to stop. A step whose condition is `always` runs all the same."""

    on_answered: bool = Field(default=True, title="Stop when a call is answered")
    on_reply: bool = Field(default=True, title="Stop when the lead replies")
    on_tag: str | None = Field(default=None, title="Stop when the contact has the tag", max_length=100)
    on_field: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = Field(
        default=None, title="Stop when the contact's field", description="a field's path, such as custom_fields.stage"
    )
    on_field_value: Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)] | None = Field(
        default=None, title="has the value", description="compared without regard to case; empty: when the field has any value"
    )


class GoalKind(StrEnum):
    """What a flow is for, as something that can be seen to happen."""

    TAG_ADDED = "tag_added"
    FIELD_EQUALS = "field_equals"
    REPLY_RECEIVED = "reply_received"
    CALL_ANSWERED = "call_answered"


class Goal(Strict):
    """When an execution counts as converted: what has to happen, and within how many days of its beginning."""

    kind: GoalKind
    tag: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = Field(
        default=None, title="Tag", description="of `tag_added`: the tag that the contact gets"
    )
    field: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = Field(
        default=None, title="Field", description="of `field_equals`: a field's path, such as custom_fields.stage"
    )
    value: Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)] | None = Field(
        default=None, title="Value", description="of `field_equals`: compared without regard to case; empty: any value"
    )
    min_seconds: int = Field(default=0, ge=0, le=7200, title="Seconds", description="of `call_answered`: the shortest talk that counts")
    window_days: int = Field(default=7, ge=1, le=90, title="Days", description="how long after its beginning an execution can convert")
    stops: bool = Field(default=False, title="Stop the flow when the goal is met", description="as an exit rule")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind is GoalKind.TAG_ADDED and not self.tag:
            raise ValueError("tag is needed for the goal 'tag_added': name the tag")
        if self.kind is GoalKind.FIELD_EQUALS and not self.field:
            raise ValueError("field is needed for the goal 'field_equals': name the field, such as custom_fields.stage")
        return self


class FlowSettings(Strict):
    """Everything about a flow but its name: part of every version."""

    use_custom_business_hours: bool = False
    business_hours_start: time | None = None
    business_hours_end: time | None = None
    business_hours_timezone: str | None = None
    business_days: list[int] = Field(default_factory=lambda: [1, 2, 3, 4, 5, 6, 7])
    outside_hours: OutsideHours = OutsideHours.WAIT
    exit_rules: ExitRules = Field(default_factory=ExitRules)
    cooldown_minutes: int | None = Field(default=None, ge=0, le=525_600)
    on_unknown: OnUnknown = OnUnknown.CONTINUE
    max_contacts_per_hour: int | None = Field(
        default=None, ge=1, le=100_000, description="throttle: contact attempts of this flow in an hour, evenly spread; null = no limit"
    )
    goal: Goal | None = Field(default=None, description="what the flow is for, so that its executions can be counted as converted")

    @field_validator("business_hours_timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return check_timezone(value) if value else None

    @field_validator("business_hours_start", "business_hours_end")
    @classmethod
    def _naive(cls, value: time | None) -> time | None:
        return check_wall_clock(value)

    @field_validator("business_days")
    @classmethod
    def _days(cls, value: list[int]) -> list[int]:
        if not value or any(d not in range(1, 8) for d in value):
            raise ValueError("name at least one day, 1 (Monday) to 7 (Sunday)")
        return sorted(set(value))

    @model_validator(mode="after")
    def _hours(self) -> Self:
        if self.use_custom_business_hours:
            missing = [
                name for name in ("business_hours_start", "business_hours_end", "business_hours_timezone") if getattr(self, name) is None
            ]
            if missing:
                raise ValueError(f"{', '.join(missing)}: needed when use_custom_business_hours is on")
            if self.business_hours_start == self.business_hours_end:
                raise ValueError("business_hours_end must differ from business_hours_start; for a flow without hours turn them off")
        return self


class FlowDefinition(FlowSettings):
    """A flow version: what an execution is pinned to."""

    name: Name
    description: str = Field(default="", max_length=5000)
    conditions: list[TriggerCondition] = Field(default_factory=list, max_length=MAX_CONDITIONS)
    actions: list[Action] = Field(default_factory=list, max_length=MAX_ACTIONS)

    @field_validator("actions")
    @classmethod
    def _orders(cls, value: list[Action]) -> list[Action]:
        ordered = sorted(value, key=lambda a: a.action_order)
        if [a.action_order for a in ordered] != list(range(1, len(ordered) + 1)):
            raise ValueError("action_order must run 1, 2, 3, ... without gaps or repeats")
        return ordered

    def action(self, order: int) -> Action:
        """The step with this order; raises KeyError if there is none."""
        if not 1 <= order <= len(self.actions):
            raise KeyError(order)
        return self.actions[order - 1]
