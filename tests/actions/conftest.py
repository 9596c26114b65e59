"""A catalogue of one of each, in memory: what an action may look up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from autoflows.actions import ACTIONS, validate_config
from autoflows.actions.base import ActionContext, Prepared
from autoflows.domain.conditions import Lead
from autoflows.domain.flow import ActionType

ATTEMPT, ITEM, GONE, ACCOUNT = UUID(int=1), UUID(int=2), UUID(int=9), UUID(int=5)
CALLS, MESSAGES, MAIL = UUID(int=101), UUID(int=102), UUID(int=103)
ASHA = Lead(
    "IndiaMART",
    "api",
    name="Asha Patel",
    phone="+919876543210",
    email="asha@example.com",
    company="Asha Agro",
    tags=("new",),
    custom_fields={"product": "Solar pump", "budget": 5000, "name": "Someone else", "empty": "", "nothing": None},
)
CATALOGUE: dict[str, dict[str, Any]] = {
    "agents": {"channel_id": CALLS, "name": "Welcome", "provider_agent_id": "agent-1"},
    "phone_numbers": {"channel_id": CALLS, "phone_number": "+911140001234"},
    "whatsapp_numbers": {"channel_id": MESSAGES, "provider_number_id": "555", "display_number": "+91 11 4000 1234"},
    "whatsapp_templates": {
        "channel_id": MESSAGES,
        "name": "lead_welcome",
        "language": "en",
        "status": "APPROVED",
        "body": "Hello {{1}} of {{ 2 }}, about {{1}}",
        "variables": ["1", "2"],
        "named_parameters": False,
    },
    "email_templates": {
        "channel_id": MAIL,
        "name": "Thanks",
        "subject": "Thanks,\n {{ contact.name }}",
        "html": "<p>Dear {{ contact.name }}</p><p>{{ contact.custom_fields.product }}</p>",
        "text": "",
    },
}
CONFIGS: dict[ActionType, dict[str, Any]] = {
    ActionType.AI_CALL: {"agent_id": str(ITEM), "phone_number_id": str(ITEM), "max_retries": 0, "respect_dnc": True},
    ActionType.WHATSAPP_MESSAGE: {
        "whatsapp_phone_number_id": str(ITEM),
        "template_id": str(ITEM),
        "variable_mappings": {"1": "name", "2": "company"},
    },
    ActionType.EMAIL: {"email_template_id": str(ITEM), "from_name": "Your Company", "subject_override": None},
    ActionType.WAIT: {"duration_minutes": 10, "wait_until_business_hours": False},
    ActionType.SPLIT: {"name": "Opening", "arms": [{"name": "A", "percent": 50}, {"name": "B", "percent": 50}]},
}


async def prepared(
    kind: ActionType, *, lead: Lead = ASHA, config: Mapping[str, Any] | None = None, **changes: Mapping[str, Any] | None
) -> Prepared:
    """What the action makes of the lead. `changes` alters rows of the catalogue by table; None takes the row away."""

    async def resolve(table: str, item_id: UUID) -> Mapping[str, Any] | None:
        row = changes.get(table, {})
        return None if row is None or item_id == GONE else {"id": item_id, "is_active": True, **CATALOGUE[table], **row}

    spec = ACTIONS[kind]
    assert spec.prepare is not None
    whole = {**CONFIGS[kind], **(config or {})}
    return await spec.prepare(ActionContext(ATTEMPT, validate_config(kind, whole), lead, "Asha Agro", "First call", {}, resolve, ACCOUNT))
