"""Ready flows to begin with: a flow with gaps where an account's own agents, numbers and templates go. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError

from autoflows.domain.flow import Strict
from autoflows.domain.flow_code import read_flow

GAP = "need"
MAPPINGS = "variable_mappings"


class Need(Strict):
    """One thing that an account chooses by itself."""

    label: str
    is_optional: bool = False


class About(Strict):
    """What people read of a template."""

    title: str
    summary: str
    icon: str
    group: str
    needs: dict[str, Need] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlowTemplate:
    """A flow with gaps. `fields` are those of a flow; a gap is `{"need": key}` in a step's config."""

    key: str
    about: About
    fields: Mapping[str, Any]

    def gaps(self) -> Iterator[tuple[int, Mapping[str, Any], str, str]]:
        """Each gap: the step's place from 0, the step, the config field, the need."""
        for place, step in enumerate(self.fields["actions"]):
            for field, value in (step.get("action_config") or {}).items():
                if isinstance(value, dict) and set(value) == {GAP}:
                    yield place, step, field, str(value[GAP])


def read_template(key: str, text: str) -> FlowTemplate:
    """A template from its file. Raises Invalid for one that is no flow, ValueError for one whose needs and gaps differ."""
    file = read_flow(text)
    fields = dict(file.fields)
    try:
        template = FlowTemplate(key, About.model_validate(fields.pop("template", None)), fields)
    except ValidationError as error:
        raise ValueError(f"{key}: {error}") from None
    used = {need for *_, need in template.gaps()}
    if used != set(template.about.needs):
        raise ValueError(f"{key}: its needs are {sorted(template.about.needs)}, its gaps {sorted(used)}")
    return template


def instantiate(
    template: FlowTemplate,
    chosen: Mapping[str, str],
    variables: Mapping[str, Sequence[str]],
    values: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """The flow's fields with the gaps filled by the ids that were `chosen` for its needs; a gap without one is left out.

    `variables` are those of each chosen message template, by its need: they get the template's values in their order, or those that
    `values` gives by need and variable. The template itself is not changed.
    """
    filled = {(place, field): chosen.get(need) for place, _, field, need in template.gaps()}
    named = {place: need for place, _, _, need in template.gaps() if need in variables}
    steps = []
    for place, step in enumerate(template.fields["actions"]):
        config = {
            field: filled.get((place, field), value)
            for field, value in (step.get("action_config") or {}).items()
            if (place, field) not in filled or filled[place, field] is not None
        }
        if isinstance(config.get(MAPPINGS), list):
            need = named.get(place, "")
            mapped = dict(zip(variables.get(need, ()), config[MAPPINGS], strict=False)) | dict((values or {}).get(need, {}))
            config[MAPPINGS] = mapped
        steps.append({**step, "action_config": config})
    return {**template.fields, "actions": steps}
