"""The gallery of ready flows: listing them, and beginning a flow with one."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any
from uuid import UUID

from sqlmodel import col

from autoflows.domain.errors import FieldError, Invalid, NotFound
from autoflows.domain.flow import ActionType
from autoflows.domain.flow_templates import FlowTemplate, instantiate, read_template
from autoflows.domain.flow_words import step_in_words, trigger_in_words
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.domain.permissions import Permission
from autoflows.services.access import Actor, AsyncSession, requires, scoped
from autoflows.services.drafts import create_draft
from autoflows.services.flow_problems import CATALOGUES
from autoflows.services.item_references import references_of
from autoflows.services.views.drafts import DraftCreate, DraftView
from autoflows.services.views.flow_templates import FlowTemplates, FlowTemplateView, Instantiate, NeedView

_GAPS = {
    "agents": "your voice agent",
    "phone_numbers": "your number",
    "whatsapp_numbers": "your WhatsApp number",
    "whatsapp_templates": "that you choose",
    "email_templates": "that you choose",
}
"""What a step's sentence says in place of a thing that is not chosen yet."""


@lru_cache(maxsize=1)
def gallery() -> dict[str, FlowTemplate]:
    """All templates by key, in the order of their groups and titles; they are part of the release."""
    files = [file for file in (resources.files("autoflows") / "gallery").iterdir() if file.name.endswith(".yaml")]
    read = [read_template(file.name.removesuffix(".yaml"), file.read_text(encoding="utf-8")) for file in files]
    return {template.key: template for template in sorted(read, key=lambda t: (t.about.group, t.about.title))}


@requires(Permission.FLOWS_READ)
async def list_templates(actor: Actor) -> FlowTemplates:
    """Every ready flow, with what it needs and what it does in words."""
    return FlowTemplates(data=[_view(template) for template in gallery().values()])


def _view(template: FlowTemplate) -> FlowTemplateView:
    about = template.about
    labels = {need: _GAPS[references_of(step["action_type"])[field]] for _, step, field, need in template.gaps()}
    shown = instantiate(template, {key: key for key in about.needs}, {})["actions"]
    kinds = [ActionType(step["action_type"]) for step in template.fields["actions"]]
    return FlowTemplateView(
        key=template.key,
        **about.model_dump(exclude={"needs"}),
        channels=list(dict.fromkeys(CHANNEL_OF_ACTION[kind] for kind in kinds if kind in CHANNEL_OF_ACTION)),
        needs=[_need(template, key) for key in about.needs],
        trigger=trigger_in_words(template.fields["conditions"]),
        steps=[step_in_words(place, step, labels) for place, step in enumerate(shown, 1)],
        definition=instantiate(template, {}, {}),
    )


def _need(template: FlowTemplate, key: str) -> NeedView:
    uses = [(place + 1, references_of(step["action_type"])[field]) for place, step, field, need in template.gaps() if need == key]
    steps = [place for place, _ in uses]
    return NeedView(key=key, **template.about.needs[key].model_dump(), catalogue=uses[0][1].replace("_", "-"), steps=steps)


@requires(Permission.FLOWS_WRITE)
async def begin_with(actor: Actor, session: AsyncSession, key: str, order: Instantiate) -> DraftView:
    """A draft of a flow made from a template, not live; its problems tell what is still to be chosen.

    Raises NotFound for a template there is not; Invalid, naming it, for a need there is not or an id that is not in its catalogue.
    """
    template = gallery().get(key)
    if template is None:
        raise NotFound(f"There is no flow template '{key}'.")
    needs = template.about.needs
    unknown = [
        FieldError(f"/{name}/{need}", f"the template needs no such thing; it needs {', '.join(needs)}")
        for name, given in (("mapping", order.mapping), ("values", order.values))
        for need in given
        if need not in needs
    ]
    variables, missing = await _variables(actor, session, template, {k: v for k, v in order.mapping.items() if k in needs})
    if unknown or missing:
        raise Invalid("The template cannot be filled so.", errors=[*unknown, *missing])
    fields = instantiate(template, {need: str(item) for need, item in order.mapping.items()}, variables, order.values)
    definition: dict[str, Any] = {**fields, "name": order.name or fields["name"]}
    return await create_draft(actor, session, DraftCreate(definition=definition))


async def _variables(
    actor: Actor, session: AsyncSession, template: FlowTemplate, mapping: dict[str, UUID]
) -> tuple[dict[str, list[str]], list[FieldError]]:
    """The variables of each chosen message template by its need, and what was chosen that the account has not."""
    variables: dict[str, list[str]] = {}
    errors = []
    for need, item_id in mapping.items():
        table = _need(template, need).catalogue.replace("-", "_")
        model, _, noun = CATALOGUES[table]
        row = (await session.exec(scoped(actor, model).where(col(model.id) == item_id))).first()
        if row is None:
            errors.append(FieldError(f"/mapping/{need}", f"there is no {noun} with the id {item_id}"))
        elif table == "whatsapp_templates":
            variables[need] = list(row.variables)
    return variables, errors
