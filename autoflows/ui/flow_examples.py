"""Flows to start from: what the empty list offers and the create page opens with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Example:
    """A start. What an account must choose by itself (agents, numbers, templates) is left open."""

    title: str
    text: str
    icon: str
    name: str = ""
    description: str = ""
    conditions: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)


def _condition(kind: str, value: str | None, operator: str = "equals", field_name: str | None = None) -> dict[str, Any]:
    return {"condition_type": kind, "condition_operator": operator, "condition_value": value, "condition_field": field_name}


def _step(kind: str, config: dict[str, Any] | None = None, when: str | None = None, value: str | None = None) -> dict[str, Any]:
    return {"action_type": kind, "action_config": config or {}, "condition_type": when, "condition_value": value, "condition_field": None}


EXAMPLES: dict[str, Example] = {
    "blank": Example(
        "Blank flow",
        "Begin with nothing but one condition.",
        "plus",
        conditions=[_condition("lead_source", None)],
    ),
    "first_call": Example(
        "Call first, then write",
        "Call within seconds; if nobody answers, wait ten minutes and send a WhatsApp message. An e-mail follows in any case.",
        "phone-call",
        name="IndiaMART first call",
        description="Call every IndiaMART lead at once and follow up in writing.",
        conditions=[_condition("lead_source", "IndiaMART")],
        actions=[
            _step("ai_call"),
            _step("wait", {"duration_minutes": 10}, "call_outcome", "not_answered"),
            _step("whatsapp_message", None, "call_outcome", "not_answered"),
            _step("email", None, "always"),
        ],
    ),
    "message_first": Example(
        "Message first, call if unread",
        "Send a WhatsApp message, give it half an hour, and call those who answered nothing.",
        "message-circle",
        name="Welcome message, then call",
        description="A friendly message first; a call when no reply came.",
        conditions=[_condition("entry_type", "integration")],
        actions=[
            _step("whatsapp_message"),
            _step("wait", {"duration_minutes": 30}),
            _step("ai_call"),
        ],
    ),
    "persistent": Example(
        "Three calls over two days",
        "Call, call again next morning, and once more the day after, always within business hours.",
        "repeat",
        name="Persistent caller",
        description="Up to three calls on three days until somebody answers.",
        conditions=[_condition("entry_type", None, "any")],
        actions=[
            _step("ai_call"),
            _step("wait", {"duration_minutes": 960, "wait_until_business_hours": True}, "call_outcome", "not_answered"),
            _step("ai_call", None, "call_outcome", "not_answered"),
            _step("wait", {"duration_minutes": 1200, "wait_until_business_hours": True}, "call_outcome", "not_answered"),
            _step("ai_call", None, "call_outcome", "not_answered"),
        ],
    ),
}
