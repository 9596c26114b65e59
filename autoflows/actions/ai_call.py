"""Call the lead with an AI voice agent and branch on how it went."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from autoflows.actions.base import ActionContext, ActionSpec, CannotPerform, Prepared, needed, shown_values
from autoflows.domain.flow import ActionType, Strict
from autoflows.providers.base import CallRequest


class AiCallConfig(Strict):
    """Settings of an AI call."""

    agent_id: UUID = Field(title="Voice agent", description="Who speaks", json_schema_extra={"widget": "agent"})
    phone_number_id: UUID | None = Field(
        default=None, title="Caller id", description="The number shown to the lead; empty uses the provider's default",
        json_schema_extra={"widget": "phone_number"},
    )  # fmt: skip
    max_retries: int = Field(
        default=0, ge=0, le=5, title="Call again if not answered", description="Further calls after a missed, busy or voicemail one",
        json_schema_extra={"widget": "number"},
    )  # fmt: skip
    retry_delay_minutes: int = Field(
        default=15, ge=1, le=10_080, title="Minutes between calls", json_schema_extra={"widget": "number", "advanced": True}
    )
    respect_dnc: Literal[True] = Field(
        default=True, title="Respect do-not-call", description="Always on: a contact with the DNC tag is never called",
        json_schema_extra={"widget": "switch", "advanced": True, "fixed": True},
    )  # fmt: skip


async def prepare(context: ActionContext) -> Prepared:
    """The call request; the lead's fields become the agent's prompt variables."""
    config: AiCallConfig = context.config
    if not context.lead.phone:
        raise CannotPerform("The contact has no phone number")
    agent = await needed(context, "agents", config.agent_id, "voice agent")
    number = await needed(context, "phone_numbers", config.phone_number_id, "caller id") if config.phone_number_id else None
    if number is not None and number["channel_id"] != agent["channel_id"]:
        raise CannotPerform("The caller id and the voice agent belong to different channels")
    lead = context.lead
    own = {"name": lead.name, "company": lead.company, "lead_source": lead.lead_source}
    # A custom field of the same name does not speak over what we know, only where we know nothing.
    variables = {**lead.custom_fields, **{key: value for key, value in own.items() if value}}
    message = CallRequest(
        attempt_id=context.attempt_id,
        agent_id=agent["provider_agent_id"],
        to=lead.phone or "",
        from_number=number["phone_number"] if number else None,
        variables={key: value for key, value in variables.items() if value is not None and value != ""},
    )
    shown = {"agent": agent["name"], "to": lead.phone, "from": message.from_number, "variables": shown_values(message.variables)}
    return Prepared(agent["channel_id"], message, shown)


SPEC = ActionSpec(
    action_type=ActionType.AI_CALL,
    title="AI call",
    icon="phone",
    description="A voice agent calls the lead; later steps branch on how the call went",
    Config=AiCallConfig,
    prepare=prepare,
    references={"agent_id": "agents", "phone_number_id": "phone_numbers"},
    carrier="agent_id",
)
