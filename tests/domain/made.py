"""Any flow a person can save, for hypothesis: complete settings, any conditions, any sequence of the steps there are."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from autoflows.domain.flow import (
    CALL_OUTCOME_VALUES,
    CONTACT_FIELDS,
    Action,
    ActionCondition,
    ActionType,
    ConditionOperator,
    ExitRules,
    FlowDefinition,
    Goal,
    GoalKind,
    OnUnknown,
    OutsideHours,
    TriggerCondition,
    TriggerType,
)
from autoflows.domain.outcomes import MessageState

storable = st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
texts = st.text(storable, min_size=1, max_size=12).map(str.strip).filter(bool)
short = st.sampled_from(["IndiaMART", "TradeIndia", "pump", "10:30", "yes", "null", "1e3", "-5", "~", "#"]) | texts
zones = st.sampled_from(["Asia/Kolkata", "UTC", "America/New_York"])


@st.composite
def conditions(draw: st.DrawFn) -> TriggerCondition:
    kind = draw(st.sampled_from(TriggerType))
    operator = draw(st.sampled_from(ConditionOperator))
    number = operator in (ConditionOperator.GREATER_THAN, ConditionOperator.LESS_THAN)
    value = draw(st.integers(-3, 12).map(str) if number else short)
    fields = {TriggerType.CUSTOM_FIELD: short, TriggerType.CONTACT_FIELD: st.sampled_from(CONTACT_FIELDS)}
    field = draw(fields.get(kind, st.none()))
    return TriggerCondition(condition_type=kind, condition_operator=operator, condition_value=value, condition_field=field)


def _configs(kind: ActionType) -> st.SearchStrategy[dict[str, Any]]:
    keys = st.sampled_from([None, "01991c2e-7a00-7000-8000-000000000001", "01991c2e-7a00-7000-8000-000000000002"])
    match kind:
        case ActionType.AI_CALL:
            return st.fixed_dictionaries({"agent_id": keys, "max_retries": st.integers(0, 5)}, optional={"phone_number_id": keys})
        case ActionType.WHATSAPP_MESSAGE:
            return st.fixed_dictionaries({"template_id": keys, "variable_mappings": st.dictionaries(short, short, max_size=3)})
        case ActionType.EMAIL:
            return st.fixed_dictionaries({"email_template_id": keys}, optional={"from_name": short, "subject_override": short | st.none()})
        case ActionType.SPLIT:
            arm = st.fixed_dictionaries({"name": short, "percent": st.integers(0, 100)}, optional={"is_holdout": st.booleans()})
            return st.fixed_dictionaries({"name": short, "arms": st.lists(arm, max_size=4)})
        case _:
            wait = {"duration_minutes": st.integers(0, 99) | st.floats(0, 1e5), "until_time": st.sampled_from([None, "10:30", "09:00:05"])}
            return st.fixed_dictionaries(wait, optional={"wait_until_business_hours": st.booleans()})


@st.composite
def goals(draw: st.DrawFn) -> Goal:
    return Goal(
        kind=draw(st.sampled_from(GoalKind)),
        tag=draw(short),
        field=draw(short),
        value=draw(st.none() | short),
        min_seconds=draw(st.integers(0, 600)),
        window_days=draw(st.integers(1, 90)),
        stops=draw(st.booleans()),
    )


@st.composite
def steps(draw: st.DrawFn, order: int) -> Action:
    kind = draw(st.sampled_from([ActionType.AI_CALL, ActionType.WHATSAPP_MESSAGE, ActionType.EMAIL, ActionType.WAIT, ActionType.SPLIT]))
    when = draw(st.none() | st.sampled_from(ActionCondition))
    values = {
        ActionCondition.CALL_OUTCOME: st.sampled_from(CALL_OUTCOME_VALUES),
        ActionCondition.MESSAGE_STATUS: st.sampled_from(MessageState),
        ActionCondition.SPLIT: short,
    }
    value = draw(values.get(when, st.none() | short)) if when else None
    field = draw(short) if when is ActionCondition.CONTACT_FIELD else None
    config = draw(_configs(kind))
    return Action(
        action_order=order,
        action_type=kind,
        action_config=config,
        condition_type=when,
        condition_value=None if value is None else str(value),
        condition_field=field,
    )


@st.composite
def definitions(draw: st.DrawFn) -> FlowDefinition:
    """A flow whose steps have no ids."""
    count = draw(st.integers(0, 5))
    start, end = draw(st.lists(st.times().map(lambda t: t.replace(fold=0)), min_size=2, max_size=2, unique=True))
    hours: dict[str, Any] = {"business_hours_start": start, "business_hours_end": end, "business_hours_timezone": draw(zones)}
    rules = {"on_tag": st.none() | short, "on_field": st.none() | short, "on_field_value": st.none() | short}
    exits = {"on_answered": st.booleans(), "on_reply": st.booleans(), **rules}
    return FlowDefinition(
        name=draw(short),
        description=draw(st.just("") | st.text(storable, max_size=30)),
        use_custom_business_hours=draw(st.booleans()),
        **(hours if draw(st.booleans()) else hours | {"business_hours_start": start}),
        business_days=draw(st.lists(st.integers(1, 7), min_size=1, max_size=7)),
        outside_hours=draw(st.sampled_from(OutsideHours)),
        exit_rules=ExitRules(**draw(st.fixed_dictionaries(exits))),
        cooldown_minutes=draw(st.none() | st.integers(0, 500)),
        on_unknown=draw(st.sampled_from(OnUnknown)),
        max_contacts_per_hour=draw(st.none() | st.integers(1, 500)),
        goal=draw(st.none() | goals()),
        conditions=draw(st.lists(conditions(), max_size=4)),
        actions=[draw(steps(order)) for order in range(1, count + 1)],
    )


def with_ids(definition: FlowDefinition, first: int = 1) -> FlowDefinition:
    """The same flow as stored: each step has an id of its own."""
    from uuid import UUID

    actions = [step.model_copy(update={"id": UUID(int=first + n)}) for n, step in enumerate(definition.actions)]
    return definition.model_copy(update={"actions": actions})
