"""Executions as the pages get them, made of a few words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from autoflows.domain.flow import FlowDefinition
from autoflows.services.views.executions import ActionLogView, ExecutionView, WaitingView
from autoflows.services.views.leads import PersonView
from autoflows.services.views.story import DeliveryView, OriginView, StoryView

NOW = datetime(2026, 3, 30, 9, 0, tzinfo=UTC)
AGENT = uuid4()
PLAN = FlowDefinition.model_validate(
    {
        "name": "Call, wait, mail",
        "actions": [
            {"action_order": 1, "action_type": "ai_call", "action_config": {"agent_id": str(AGENT)}},
            {"action_order": 2, "action_type": "wait", "action_config": {"duration_minutes": 10}},
            {"action_order": 3, "action_type": "email", "action_config": {}, "condition_type": "always"},
        ],
    }
)
ORIGIN = OriginView(lead_source="IndiaMART", entry_type="api", zones=["Asia/Kolkata"], zone_origin="phone", flow_deleted=False)


def run(status: str = "running", step: int = 1, waiting: str = "", until: datetime | None = None, **values: Any) -> ExecutionView:
    person = PersonView(id=uuid4(), name="Asha", phone=None, email=None)
    given: dict[str, Any] = {
        "id": uuid4(),
        "flow_id": uuid4(),
        "flow_name": PLAN.name,
        "flow_version": 1,
        "contact_id": person.id,
        "contact": person,
        "lead_event_id": None,
        "lead_source": "IndiaMART",
        "outcome": None,
        "status": status,
        "current_action_step": step,
        "action_count": 3,
        "triggered_at": NOW,
        "completed_at": None,
        "waiting": WaitingView(reason=waiting, until=until) if waiting else None,
        "error_message": None,
        "metadata": {},
        "is_test_run": False,
        "speed_to_lead_ms": None,
    }
    return ExecutionView.model_validate(given | values)


def log(
    order: int, kind: str, status: str, attempt: int = 1, *, begin: float = 0, took: float | None = None, **values: Any
) -> ActionLogView:
    """An attempt that began so many seconds after the start, and took so long."""
    blank: dict[str, Any] = dict.fromkeys(ActionLogView.model_fields)
    started = NOW + timedelta(seconds=begin)
    given = {
        "id": uuid4(), "execution_id": uuid4(), "action_order": order, "action_type": kind, "attempt": attempt, "status": status,
        "started_at": started, "completed_at": None if took is None else started + timedelta(seconds=took), "result_data": {}, "gates": [],
        "action": {}, **values,
    }  # fmt: skip
    return ActionLogView.model_validate(blank | given)


def delivery(log_id: UUID, kind: str, state: str, seconds: float = 0, note: str = "", text: str | None = None) -> DeliveryView:
    at = NOW + timedelta(seconds=seconds)
    return DeliveryView(action_log_id=log_id, kind=kind, state=state, at=at, received_at=at, applied=not note, note=note, text=text)


def story(
    execution: ExecutionView,
    logs: Sequence[ActionLogView],
    deliveries: Sequence[DeliveryView] = (),
    *,
    plan: FlowDefinition | None = PLAN,
    **values: Any,
) -> StoryView:
    given: dict[str, Any] = {
        "execution": execution,
        "origin": ORIGIN,
        "plan": plan,
        "logs": list(logs),
        "deliveries": list(deliveries),
        "acts": [],
        "costs": [],
    }
    return StoryView(**(given | values))
