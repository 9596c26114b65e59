"""What an action type is. One file per type holds its config schema (also its form and its REST schema) and how it is prepared.

An action that contacts someone turns its config into the provider's message; the engine sends it and owns everything around that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from autoflows.domain.conditions import Lead, field_value
from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.flow import ActionType
from autoflows.domain.templating import render
from autoflows.providers.base import Message

CatalogueRow = Mapping[str, Any]
Resolve = Callable[[str, UUID], Awaitable[CatalogueRow | None]]
"""Look up a row of a catalogue table by id, within the account; None if it is gone."""


class CannotPerform(Exception):
    """The action cannot even be tried: something it names is missing or unusable. The message is for the team."""


@dataclass(frozen=True, slots=True)
class ActionContext:
    """What an action may use to build its message."""

    attempt_id: UUID
    config: Any
    lead: Lead
    account_name: str
    flow_name: str
    call: Mapping[str, Any]
    resolve: Resolve
    account_id: UUID

    def template_data(self) -> dict[str, Any]:
        """What Liquid in templates sees: contact, account, flow, and the last call."""
        lead = self.lead
        contact = {
            "name": lead.name,
            "phone": lead.phone or "",
            "email": lead.email or "",
            "company": lead.company,
            "custom_fields": dict(lead.custom_fields),
            "tags": list(lead.tags),
            "lead_source": lead.lead_source,
        }
        return {"contact": contact, "account": {"name": self.account_name}, "flow": {"name": self.flow_name}, "call": dict(self.call)}

    def value(self, mapping: str) -> str:
        """A mapped value: Liquid text if it holds a tag, else a contact field such as `name` or `custom_fields.product`."""
        if "{{" in mapping or "{%" in mapping:
            return render(mapping, self.template_data())
        found = field_value(self.lead, mapping.strip())
        return "" if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message ready for its channel, and what of it is shown on the timeline."""

    channel_id: UUID
    message: Message
    shown: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """An action type. `prepare` is None for one that contacts nobody (a wait, which the engine keeps by itself)."""

    action_type: ActionType
    title: str
    icon: str
    description: str
    Config: type[BaseModel]
    prepare: Callable[[ActionContext], Awaitable[Prepared]] | None = None
    references: Mapping[str, str] | None = None
    """Config field -> catalogue table it names, for problems, forms and deletions."""
    carrier: str | None = None
    """The config field among `references` whose item belongs to the channel that carries the action."""


def parse_config(spec: ActionSpec, config: Mapping[str, Any], pointer: str = "/action_config") -> BaseModel:
    """The typed config. Raises Invalid with a pointer to each wrong field."""
    try:
        return spec.Config.model_validate(dict(config))
    except ValidationError as error:
        errors = [
            FieldError(pointer + "".join("/" + _escaped(part) for part in e["loc"]), e["msg"].removeprefix("Value error, "))
            for e in error.errors()
        ]
        raise Invalid(f"The settings of the {spec.title.lower()} step cannot be used", errors=errors) from None


def _escaped(part: int | str) -> str:
    """One step of a JSON pointer (RFC 6901, section 3)."""
    return str(part).replace("~", "~0").replace("/", "~1")


SHOWN_VALUES, SHOWN_LENGTH = 50, 500


def shown_values(values: Mapping[str, Any]) -> dict[str, str]:
    """The values a message was filled with, for the timeline: a contact may bring any number of fields of any length."""
    return {str(key)[:100]: shortened(str(value), SHOWN_LENGTH) for key, value in list(values.items())[:SHOWN_VALUES]}


def shortened(text: str, length: int) -> str:
    """The text, or as much of it as `length` allows and an ellipsis."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


async def needed(context: ActionContext, table: str, item_id: UUID, what: str) -> CatalogueRow:
    """A catalogue row that must be there and usable. Raises CannotPerform with a sentence that names it."""
    row = await context.resolve(table, item_id)
    if row is None:
        raise CannotPerform(f"The {what} this step names is not there any more")
    if not row["is_active"]:
        raise CannotPerform(f"The {what} this step names is no longer offered by its provider")
    return row
