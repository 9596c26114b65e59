"""Send an approved WhatsApp template."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from autoflows.actions.base import ActionContext, ActionSpec, CannotPerform, Prepared, needed
from autoflows.domain.flow import ActionType, Strict
from autoflows.domain.templating import TemplateError
from autoflows.providers.base import TemplateMessage

# Meta refuses empty text parameters; a dash reads better than a failed message.
EMPTY_VALUE = "-"
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


class WhatsAppConfig(Strict):
    """Settings of a WhatsApp message."""

    whatsapp_phone_number_id: UUID = Field(title="Sender", json_schema_extra={"widget": "whatsapp_number"})
    template_id: UUID = Field(title="Template", json_schema_extra={"widget": "whatsapp_template"})
    variable_mappings: dict[Annotated[str, StringConstraints(max_length=100)], Annotated[str, StringConstraints(max_length=1000)]] = Field(
        default_factory=dict,
        title="Variables",
        description="Template variable -> contact field (name, custom_fields.product) or Liquid text",
        json_schema_extra={"widget": "variable_mappings"},
    )


async def prepare(context: ActionContext) -> Prepared:
    """The template message with every variable filled. Raises CannotPerform for one that is not mapped."""
    config: WhatsAppConfig = context.config
    if not context.lead.phone:
        raise CannotPerform("The contact has no phone number")
    sender = await needed(context, "whatsapp_numbers", config.whatsapp_phone_number_id, "WhatsApp sender")
    template = await needed(context, "whatsapp_templates", config.template_id, "WhatsApp template")
    if sender["channel_id"] != template["channel_id"]:
        raise CannotPerform("The WhatsApp sender and the template belong to different channels")
    if template["status"] != "APPROVED":
        raise CannotPerform(f"The WhatsApp template '{template['name']}' is not approved (it is {template['status'].lower()})")
    missing = [name for name in template["variables"] if not config.variable_mappings.get(name, "").strip()]
    if missing:
        raise CannotPerform(f"The template '{template['name']}' needs a value for {', '.join(missing)}")
    try:
        values = {name: context.value(config.variable_mappings[name]).strip() or EMPTY_VALUE for name in template["variables"]}
    except TemplateError as error:
        raise CannotPerform(f"A variable of the WhatsApp message cannot be rendered: {error}") from None
    body = _PLACEHOLDER.sub(lambda found: values.get(found.group(1), found.group()), template["body"])
    message = TemplateMessage(
        attempt_id=context.attempt_id,
        sender_id=sender["provider_number_id"],
        to=context.lead.phone or "",
        template=template["name"],
        language=template["language"],
        variables=values,
        named_parameters=template["named_parameters"],
    )
    shown = {
        "template": template["name"],
        "language": template["language"],
        "to": context.lead.phone,
        "from": sender["display_number"],
        "body": body,
        "variables": values,
    }
    return Prepared(sender["channel_id"], message, shown)


SPEC = ActionSpec(
    action_type=ActionType.WHATSAPP_MESSAGE,
    title="WhatsApp message",
    icon="message-circle",
    description="An approved template, filled with the contact's details",
    Config=WhatsAppConfig,
    prepare=prepare,
    references={"whatsapp_phone_number_id": "whatsapp_numbers", "template_id": "whatsapp_templates"},
    carrier="whatsapp_phone_number_id",
)
