"""Short ways to write a flow, a lead and a history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from autoflows.domain import decisions as d
from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.conditions import Lead
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.domain.gate_context import Policy

NOW = datetime(2026, 3, 4, 6, 30, tzinfo=UTC)  # Wednesday noon in Kolkata
ID = str(UUID(int=7))
ASHA = Lead("IndiaMART", "api", name="Asha Patel", phone="+919876543210", email="asha@example.com", company="Asha Agro")
NOT_ANSWERED = {"condition_type": "call_outcome", "condition_value": "not_answered"}
ALWAYS = {"condition_type": "always"}


def call(**more: Any) -> dict[str, Any]:
    condition = {k: more.pop(k) for k in list(more) if k.startswith("condition")}
    return {"action_type": "ai_call", "action_config": {"agent_id": ID, **more}, **condition}


def whatsapp(**condition: Any) -> dict[str, Any]:
    return {"action_type": "whatsapp_message", "action_config": {"whatsapp_phone_number_id": ID, "template_id": ID}, **condition}


def mail(**condition: Any) -> dict[str, Any]:
    return {"action_type": "email", "action_config": {"email_template_id": ID}, **condition}


def wait(**more: Any) -> dict[str, Any]:
    condition = {k: more.pop(k) for k in list(more) if k.startswith("condition")}
    return {"action_type": "wait", "action_config": more, **condition}


def flow(*actions: dict[str, Any], **settings: Any) -> FlowDefinition:
    numbered = [{"action_order": n, **action} for n, action in enumerate(actions, 1)]
    return FlowDefinition.model_validate({"name": "First call", "actions": numbered, **settings})


def policy(*, default_hours: BusinessHours | None = None, **settings: Any) -> Policy:
    account = AccountSettings.model_validate({"legal_hours": "off", **settings})
    return Policy(account=account, default_hours=default_hours, account_zone="Asia/Kolkata", holidays=frozenset(account.holidays))


def situation(definition: FlowDefinition, now: datetime = NOW, **other: Any) -> d.Situation:
    base = d.Situation(definition, ASHA, None, policy(), d.Timing(), now)
    return replace(base, **other)


def log(order: int, kind: str = "ai_call", status: str = "success", *, attempt: int = 1, minutes_ago: float = 1, **more: Any) -> d.Log:
    at = NOW - timedelta(minutes=minutes_ago)
    over = None if status in ("running", "pending") else at
    more.setdefault("completed_at", over)
    return d.Log(order, attempt, ActionType(kind), LogStatus(status), at, **more)
