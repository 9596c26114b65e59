"""What is wrong or unwise in a flow, told before it runs. Pure: the facts about what it names are arguments.

Only what is sure is told: a warning that is wrong half of the time is soon read by nobody. A new rule is one more function in `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.flow import Action, ActionCondition, ActionType, FlowDefinition
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.domain.gate_hours import flow_window
from autoflows.domain.hours import next_open_in_all
from autoflows.domain.legal import bounds_of, hours_in_words
from autoflows.domain.lint_sense import CONTACT_FIELDS, SENSE_RULES
from autoflows.domain.lint_splits import SPLIT_RULES
from autoflows.domain.problems import SEVERITIES, Problem, Severity, errors_of, worst_first
from autoflows.domain.whereabouts import Place, Whereabouts

__all__ = ["RULES", "SEVERITIES", "Item", "Problem", "Reference", "Severity", "Surroundings", "errors_of", "lint"]

APPROVED = "APPROVED"
ALWAYS_FILLED = ("lead_source", "entry_type")
_MESSAGES = frozenset({ActionType.WHATSAPP_MESSAGE, ActionType.EMAIL, ActionType.SMS})


@dataclass(frozen=True, slots=True)
class Item:
    """What a step names in a catalogue: an agent, a number, a template. `status` and `variables` are a WhatsApp template's."""

    name: str
    is_active: bool
    channel_id: str
    channel_name: str
    channel_status: str
    status: str | None = None
    variables: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """One config field that names a catalogue item; `item` is None if there is no such thing in the account."""

    action_order: int
    field: str
    noun: str
    item: Item | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a flow is judged by: what its steps name, the account's rules and the moment."""

    references: Sequence[Reference]
    account: AccountSettings
    default_hours: BusinessHours | None
    account_zone: str
    now: datetime
    holidays: frozenset[date] = field(default_factory=frozenset)


Rule = Callable[[FlowDefinition, Surroundings], Iterator[Problem]]


def lint(definition: FlowDefinition, around: Surroundings) -> list[Problem]:
    """All problems of a flow, worst first, then in the order of its steps. Total: raises nothing for any definition."""
    found = [problem for rule in RULES for problem in rule(definition, around)]
    return worst_first([*found, *(problem for rule in (*SENSE_RULES, *SPLIT_RULES) for problem in rule(definition))])


def _at(order: int, name: str = "", config: str = "") -> str:
    return f"/actions/{order - 1}" + (f"/{name}" if name else "") + (f"/action_config/{config}" if config else "")


def _completeness(definition: FlowDefinition, around: Surroundings) -> Iterator[Problem]:
    if not definition.conditions:
        message = "The flow has no trigger condition, so it would never start; add one, such as 'lead source is any'."
        yield Problem(severity=Severity.ERROR, code="no_conditions", pointer="/conditions", message=message)
    if not definition.actions:
        yield Problem(severity=Severity.ERROR, code="no_actions", pointer="/actions", message="The flow has no steps; add at least one.")
    elif not any(a.action_type in CHANNEL_OF_ACTION for a in definition.actions):
        message = "No step contacts the lead; add a call, a message or an e-mail."
        yield Problem(severity=Severity.WARNING, code="no_contact", pointer="/actions", message=message)


def _references(definition: FlowDefinition, around: Surroundings) -> Iterator[Problem]:
    """What steps name must be there, still be offered, and be on a channel that works."""
    for reference in around.references:
        pointer, step, noun, item = (
            _at(reference.action_order, config=reference.field), f"Step {reference.action_order}", reference.noun, reference.item
        )  # fmt: skip

        def problem(severity: Severity, code: str, message: str, pointer: str = pointer) -> Problem:
            return Problem(severity=severity, code=code, pointer=pointer, message=message)

        if item is None:
            yield problem(Severity.ERROR, "item_missing", f"{step}: the {noun} it names does not exist; choose another.")
            continue
        if not item.is_active:
            message = f"{step}: the {noun} '{item.name}' is no longer offered by its provider; choose another, or sync the channel."
            yield problem(Severity.ERROR, "item_inactive", message)
        if item.status is not None and item.status.upper() != APPROVED:
            message = f"{step}: the {noun} '{item.name}' is {item.status.lower()}, and only an approved one can be sent."
            yield problem(Severity.ERROR, "template_not_approved", message)
        if item.channel_status == "disabled":
            message = f"{step}: the channel '{item.channel_name}' of the {noun} is disabled; enable it under Channels."
            yield problem(Severity.ERROR, "channel_disabled", message)
        elif item.channel_status == "error":
            message = f"{step}: the channel '{item.channel_name}' of the {noun} failed its last check; mend it under Channels."
            yield problem(Severity.WARNING, "channel_error", message)


def _one_channel(definition: FlowDefinition, around: Surroundings) -> Iterator[Problem]:
    """A step's items must be of one channel: a caller id of another provider cannot be used by the agent."""
    firsts: dict[int, Reference] = {}
    for other in around.references:
        if other.item is not None:
            first = firsts.setdefault(other.action_order, other)
            if first.item and other.item.channel_id != first.item.channel_id:
                message = f"Step {other.action_order}: the {other.noun} and the {first.noun} belong to different channels."
                pointer = _at(other.action_order, config=other.field)
                yield Problem(severity=Severity.ERROR, code="channels_differ", pointer=pointer, message=message)


def _template_variables(definition: FlowDefinition, around: Surroundings) -> Iterator[Problem]:
    for reference in around.references:
        if reference.item is None or reference.item.status is None:
            continue
        config: Mapping[str, Any] = definition.action(reference.action_order).action_config
        given = config.get("variable_mappings")
        mapped = given if isinstance(given, Mapping) else {}
        pointer = _at(reference.action_order, config="variable_mappings")
        step, name = f"Step {reference.action_order}", reference.item.name
        for variable in reference.item.variables:
            if not str(mapped.get(variable) or "").strip():
                message = f"{step}: the template '{name}' needs a value for {{{{{variable}}}}}; map it to a field or a text."
                yield Problem(severity=Severity.ERROR, code="variable_unmapped", pointer=pointer, message=message)
        for variable in sorted(set(mapped) - set(reference.item.variables)):
            message = f"{step}: the template '{name}' has no variable {{{{{variable}}}}}; its value is not used."
            yield Problem(severity=Severity.ADVICE, code="variable_unknown", pointer=pointer, message=message)


def _waits(definition: FlowDefinition, around: Surroundings) -> Iterator[Problem]:
    for action in definition.actions:
        if action.action_type is not ActionType.WAIT:
            continue
        pointer, step = _at(action.action_order), f"Step {action.action_order}"
        config = action.action_config
        if not any(config.get(key) for key in ("duration_minutes", "duration_seconds", "until_time", "wait_until_business_hours")):
            message = f"{step}: the wait is over at once; give it a duration, or remove it."
            yield Problem(severity=Severity.WARNING, code="wait_empty", pointer=pointer, message=message)
        if action.action_order == len(definition.actions):
            message = f"{step}: nothing follows the wait; add a step after it, or remove it."
            yield Problem(severity=Severity.ADVICE, code="wait_last", pointer=pointer, message=message)


def _conditions_never_met(definition: FlowDefinition, around: Surroundings) -> Iterator[Problem]:
    """A step that asks about a call or message when none can have been made before it."""
    before: set[ActionType] = set()
    for action in definition.actions:
        if (missing := _never_met(action, before)) is not None:
            message = f"Step {action.action_order} never runs: its condition asks about {missing}, and no earlier step makes one."
            pointer = _at(action.action_order, "condition_type")
            yield Problem(severity=Severity.WARNING, code="never_runs", pointer=pointer, message=message)
        else:
            before.add(action.action_type)


def _never_met(action: Action, before: set[ActionType]) -> str | None:
    if action.condition_type is ActionCondition.CALL_OUTCOME and ActionType.AI_CALL not in before:
        return "a call's outcome"
    if action.condition_type is ActionCondition.MESSAGE_STATUS and not before & _MESSAGES:
        return "a message's status"
    return None


def _hours_never_legal(definition: FlowDefinition, around: Surroundings) -> Iterator[Problem]:
    """The flow's hours and the legal hours of the account's country, both in the account's zone, must meet at some time."""
    window = flow_window(definition, around.default_hours, around.holidays)
    if window is None:
        return
    pointer = "/business_hours_start" if definition.use_custom_business_hours else "/use_custom_business_hours"
    if window.next_open(around.now) is None:
        message = "The flow's hours never open within the next year; check its days, times and the account's holidays."
        yield Problem(severity=Severity.ERROR, code="hours_never_open", pointer=pointer, message=message)
        return
    if around.account.legal_hours == "off":
        return
    country = around.account.default_country
    home = Whereabouts((Place(country, (), (around.account_zone,)),), "account")
    for channel in sorted({CHANNEL_OF_ACTION[a.action_type] for a in definition.actions if a.action_type in CHANNEL_OF_ACTION}):
        bounds = bounds_of(channel, home)
        if bounds and next_open_in_all([window, *bounds], around.now) is None:
            legal = hours_in_words((bound.rule for bound in bounds), around.now.date())
            message = (
                f"The flow's hours never meet the legal hours for {channel} in {country} ({legal}), "
                "so nobody there would ever be contacted."
            )
            yield Problem(severity=Severity.WARNING, code="hours_never_legal", pointer=pointer, message=message)


def _exit_field(definition: FlowDefinition, around: Surroundings) -> Iterator[Problem]:
    """The field that ends the flow must be one a contact can have, and must be able to have that value."""
    name, value = definition.exit_rules.on_field, definition.exit_rules.on_field_value
    pointer = "/exit_rules/on_field"
    if not name:
        if value:
            message = f"The exit rule compares with '{value}' and names no field, so it never fires; name the field, or clear the value."
            yield Problem(severity=Severity.WARNING, code="exit_field_missing", pointer=pointer, message=message)
        return
    path, _, rest = name.partition(".")
    known = bool(rest) if path == "custom_fields" else path in CONTACT_FIELDS and not rest
    if not known:
        message = f"The exit rule asks for '{name}', which no contact has; use custom_fields.NAME, or one of {', '.join(CONTACT_FIELDS)}."
        yield Problem(severity=Severity.ERROR, code="exit_field_unknown", pointer=pointer, message=message)
    elif value is None and path in ALWAYS_FILLED:
        message = f"The exit rule fires for every contact, since '{name}' is always filled in; give the value it is to have."
        yield Problem(severity=Severity.WARNING, code="exit_field_always", pointer=pointer, message=message)


RULES: tuple[Rule, ...] = (
    _completeness,
    _references,
    _one_channel,
    _template_variables,
    _waits,
    _conditions_never_met,
    _hours_never_legal,
    _exit_field,
)
