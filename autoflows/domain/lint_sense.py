"""What a flow's definition says about itself: triggers that no lead meets, fields that no contact has, outcomes that nothing follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from autoflows.domain.analyse import NOT_DNC, impossible
from autoflows.domain.conditions import Lead
from autoflows.domain.flow import ActionCondition, ActionType, FlowDefinition, OnUnknown
from autoflows.domain.flow_steps import steps_after_call
from autoflows.domain.flow_words import CALL_OUTCOMES, joined
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.domain.outcomes import CallOutcome
from autoflows.domain.problems import Problem, Severity
from autoflows.domain.templating import TemplateError, check_template

CONTACT_FIELDS = tuple(name for name in Lead.__dataclass_fields__ if name != "custom_fields")


def is_liquid(text: str) -> bool:
    """Whether a mapped value is Liquid text rather than the path of a contact field."""
    return "{{" in text or "{%" in text


def is_field(path: str) -> bool:
    """Whether contacts can have such a field: `company`, `tags`, `custom_fields.product`."""
    head, _, rest = path.strip().partition(".")
    return bool(rest.strip()) if head == "custom_fields" else head in CONTACT_FIELDS


def _trigger(definition: FlowDefinition) -> Iterator[Problem]:
    if impossible(definition.conditions):
        message = "No lead can meet all conditions of the trigger at once, so the flow never starts by itself; remove or change one."
        yield Problem(severity=Severity.WARNING, code="trigger_impossible", pointer="/conditions", message=message)
    elif definition.conditions and impossible([*definition.conditions, NOT_DNC]):
        message = "The trigger asks for the do-not-call tag, and who has it is never contacted; choose another tag."
        yield Problem(severity=Severity.WARNING, code="trigger_only_dnc", pointer="/conditions", message=message)


def _fields(definition: FlowDefinition) -> Iterator[Problem]:
    for step in definition.actions:
        path = step.condition_field or ""
        if step.condition_type is ActionCondition.CONTACT_FIELD and not is_field(path):
            message = f"Step {step.action_order} never runs: contacts have no field '{path}'; {_custom(path)}."
            pointer = f"/actions/{step.action_order - 1}/condition_field"
            yield Problem(severity=Severity.WARNING, code="field_unknown", pointer=pointer, message=message)


def _custom(path: str) -> str:
    return f"a field of your own is named custom_fields.{path.strip() or 'product'}"


def _texts(definition: FlowDefinition) -> Iterator[Problem]:
    """What is rendered at the send must be readable now."""
    for step in definition.actions:
        pointer, name = f"/actions/{step.action_order - 1}/action_config", f"Step {step.action_order}"
        subject, mapped = step.action_config.get("subject_override"), step.action_config.get("variable_mappings")
        if step.action_type is ActionType.EMAIL and isinstance(subject, str):
            yield from _liquid(subject, f"{pointer}/subject_override", f"{name}: the subject")
        for variable, value in mapped.items() if isinstance(mapped, Mapping) else ():
            if not isinstance(value, str) or not value.strip():
                continue
            if is_liquid(value):
                yield from _liquid(value, f"{pointer}/variable_mappings", f"{name}: the value of {{{{{variable}}}}}")
            elif not is_field(value):
                message = (
                    f"{name}: {{{{{variable}}}}} would be sent empty, as contacts have no field '{value.strip()}'; {_custom(value)}, "
                    f"and a fixed text is written {{{{ '{value.strip()}' }}}}."
                )
                yield Problem(severity=Severity.WARNING, code="field_unknown", pointer=f"{pointer}/variable_mappings", message=message)


def _liquid(text: str, pointer: str, what: str) -> Iterator[Problem]:
    try:
        check_template(text)
    except TemplateError as error:
        yield Problem(severity=Severity.ERROR, code="liquid_broken", pointer=pointer, message=f"{what} cannot be rendered: {error}.")


def _outcomes(definition: FlowDefinition) -> Iterator[Problem]:
    """A flow that follows up some ends of a call that nobody answered, and forgets others."""
    unreached = [o for o in CallOutcome if o is not CallOutcome.ANSWERED]
    if definition.on_unknown is OnUnknown.STOP:
        unreached.remove(CallOutcome.UNKNOWN)
    followed = {o for o in unreached if any(step.action_type in CHANNEL_OF_ACTION for step in steps_after_call(definition, o))}
    forgotten = [CALL_OUTCOMES[o] for o in unreached if o not in followed]
    if followed and forgotten:
        first = next(step.action_order for step in definition.actions if step.action_type is ActionType.AI_CALL)
        message = f"Nothing follows a call that was {joined(forgotten, 'or')}; add a step for it, or use 'not answered' to mean them all."
        yield Problem(severity=Severity.ADVICE, code="outcome_without_path", pointer=f"/actions/{first - 1}", message=message)


SENSE_RULES: tuple[Callable[[FlowDefinition], Iterator[Problem]], ...] = (_trigger, _fields, _texts, _outcomes)
