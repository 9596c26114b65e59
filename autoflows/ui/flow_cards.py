"""What the builder shows of a draft: a card per step in words, and the selected step with all that follows from its choices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel

from autoflows.domain.templating import TemplateError, render
from autoflows.ui import words
from autoflows.ui.flow_draft import action_body
from autoflows.ui.flow_duration import MINUTES, SECONDS
from autoflows.ui.flow_duration import shown as shown_duration
from autoflows.ui.flow_experiment import arm_options, chosen_option, number
from autoflows.ui.flow_mail import Mail, mail_preview
from autoflows.ui.flow_rows import MAPPABLE, Draft, FieldRow, MappingRow, Option, StepRow


class Card(BaseModel):
    """One step on the canvas. `severity` is that of its worst problem."""

    id: str
    order: int
    title: str
    icon: str
    text: str
    when: str = ""
    severity: str = ""
    counts: str = ""


Choices = Mapping[str, Sequence[Option]]


def names_of(choices: Choices) -> dict[str, str]:
    """The label of every item that can be chosen, by its id."""
    return {option.value: option.label for options in choices.values() for option in options}


def cards_of(draft: Draft, choices: Choices, severities: Mapping[str, str], counts: Mapping[str, str] | None = None) -> list[Card]:
    """A card per step; the severity of its worst problem and its counts by the step's id."""
    names, told = names_of(choices), counts or {}
    return [_card(place, step, names, severities.get(step.id, ""), told.get(step.id, "")) for place, step in enumerate(draft.steps)]


def counts_in_words(here: int, passed: int, failed: int, skipped: int) -> str:
    """`2 here · 340 passed · 3 failed`; what is none is left out."""
    told = ((here, "here"), (passed, "passed"), (failed, "failed"), (skipped, "skipped"))
    return " · ".join(f"{count:,} {word}" for count, word in told if count)


def _card(place: int, step: StepRow, names: Mapping[str, str], severity: str, counts: str) -> Card:
    body = action_body(step, place + 1)
    text = words.action_in_words(step.kind, body["action_config"], names)
    when = words.when_in_words(step.when or None, step.when_value, step.when_field)
    return Card(
        id=step.id,
        order=place + 1,
        title=step.title,
        icon=step.icon,
        text=text[:1].upper() + text[1:],
        when=when.replace("the last call was", "the call was"),
        severity=severity,
        counts=counts,
    )


def template_of(step: StepRow, choices: Choices) -> Option | None:
    """The template a step names, if it names one that there is."""
    for field in step.fields:
        if field.widget.endswith("_template"):
            return next((o for o in choices.get(field.widget, ()) if o.value == field.value), None)
    return None


def with_variables(step: StepRow, choices: Choices) -> StepRow:
    """The step with one mapping for each variable of the template it names."""
    template = template_of(step, choices)
    if template is None or step.kind != "whatsapp_message":
        return step
    kept = {m.variable: m for m in step.mappings}
    rows = [kept.get(variable) or MappingRow(variable=variable) for variable in template.variables]
    return step if rows == step.mappings else step.model_copy(update={"mappings": rows})


def inspected(
    draft: Draft,
    step_id: str,
    choices: Choices,
    errors: Mapping[str, str],
    person: Mapping[str, object] | None = None,
    mails: Mapping[str, Mail] | None = None,
) -> StepRow:
    """The selected step as its panel shows it; `errors` by their pointers within the step. `person` fills the preview."""
    step = draft.step(step_id)
    if step is None:
        return StepRow()
    order = draft.steps.index(step) + 1
    fields = _with_duration([f.model_copy(update={"error": errors.get(f"/action_config/{f.name}", "")}) for f in step.fields])
    mappings = [
        m.model_copy(update={"error": errors.get(f"/action_config/variable_mappings/{m.variable}", "")})
        for m in with_variables(step, choices).mappings
    ]
    about_arms = [pointer for pointer in errors if pointer.startswith("/action_config/arms") or pointer == "/action_config"]
    options, percents = arm_options(draft, step.id), [number(arm.percent) for arm in step.arms]
    total = sum(p for p in percents if isinstance(p, int | float))
    shown = {*(about_arms if step.arms else ()), *(f"/action_config/{f.name}" for f in step.fields)} | {
        f"/action_config/variable_mappings/{m.variable}" for m in mappings
    }
    return step.model_copy(
        update={
            "order": order,
            "sentence": words.step_in_words(order, action_body(step, order), names_of(choices)),
            "fields": fields,
            "mappings": mappings,
            "arms_error": " ".join(errors[pointer] for pointer in about_arms) if step.arms else "",
            "arms_total": f"{total:g} % in all" if step.arms else "",
            "arm_options": options,
            "arm_chosen": chosen_option(step, options),
            "error": " ".join(text for pointer, text in errors.items() if pointer not in shown),
            "has_advanced": any(f.advanced for f in step.fields),
            **_previews(step, template_of(step, choices), mappings, person, mails or {}),
        }
    )


def _with_duration(fields: Sequence[FieldRow]) -> list[FieldRow]:
    """The fields with minutes and seconds as one."""
    by_name = {field.name: field for field in fields}
    minutes, seconds = by_name.get(MINUTES), by_name.get(SECONDS)
    if minutes is None or seconds is None:
        return list(fields)
    amount, unit = shown_duration(minutes.value, seconds.value, minutes.unit)
    error = minutes.error or seconds.error
    one = minutes.model_copy(update={"title": "Wait for", "value": amount, "unit": unit, "error": error})
    return [one if field is minutes else field for field in fields if field is not seconds]


def _previews(
    step: StepRow, template: Option | None, mappings: Sequence[MappingRow], person: Mapping[str, object] | None, mails: Mapping[str, Mail]
) -> dict[str, str]:
    if template is None:
        return {}
    if (mail := mails.get(template.value)) is None:
        return {"preview": preview(template, mappings, person)}
    override = next((field.value.strip() for field in step.fields if field.name == "subject_override"), "")
    found = mail_preview(mail, override, person)
    return {"preview": found.text, "preview_subject": found.subject, "preview_html": found.html}


def preview(template: Option, mappings: Iterable[MappingRow], person: Mapping[str, object] | None = None) -> str:
    """The template's text as the person would get it; without one, each variable replaced by what fills it, said in words."""
    if not template.variables and person is not None:
        return _rendered(template.body, person)
    text = template.body
    for mapping in mappings:
        if mapping.value:
            text = text.replace("{{" + mapping.variable + "}}", _said(mapping) if person is None else _value(mapping, person))
    return text


def _said(mapping: MappingRow) -> str:
    return mapping.value if mapping.custom else f"‹{MAPPABLE.get(mapping.value, mapping.value.removeprefix('custom_fields.'))}›"


def _value(mapping: MappingRow, person: Mapping[str, object]) -> str:
    if mapping.custom:
        return _rendered(mapping.value, person)
    custom = person.get("custom_fields")
    is_custom = mapping.value.startswith("custom_fields.") and isinstance(custom, Mapping)
    found = custom.get(mapping.value.removeprefix("custom_fields.")) if is_custom else person.get(mapping.value)
    return "—" if found in (None, "") else str(found)


def _rendered(text: str, person: Mapping[str, object]) -> str:
    try:
        return render(text, {"contact": person})
    except TemplateError as error:
        return f"[{error}]"
