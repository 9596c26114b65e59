"""What the report of one execution says: its story as its page tells it, for the same eyes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.chart import Cell, duration_in_words
from autoflows.analytics.reports.document import Block, Document, Grid, Heading, Paragraph
from autoflows.analytics.reports.head import account_name
from autoflows.domain.flow_words import ACTION_TITLES, MESSAGE_STATES, when_in_words
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.services.access import Actor, requires
from autoflows.services.timeline import get_story
from autoflows.services.views.executions import ActionLogView, CostView, ExecutionView
from autoflows.services.views.story import StoryView
from autoflows.services.views.story_words import act_said, act_text

LONGEST = 1500
"""So much of what was said or written stands in a row."""
STATUSES = {"success": "Done", "pending": "Pending", "running": "Running", "unknown": "Unknown"}


@requires(Permission.EXECUTIONS_READ)
async def execution_report(actor: Actor, session: AsyncSession, execution_id: UUID) -> Document:
    """The report of one execution, with addresses masked for who may not read them. Raises NotFound."""
    story = await get_story(actor, session, execution_id)
    clock = _Clock(actor.timezone)
    run = story.execution
    facts = [
        ("Account", await account_name(actor, session)),
        *_who(story, clock),
        ("Time zone", actor.timezone),
        ("Made", f"{clock(utc_now())} for {actor.name or actor.email}"),
        ("Execution", str(run.id)),
    ]
    blocks = [*_state(run, clock), *_steps(story, clock), *_told(story, clock), *_acts(story, clock)]
    href = f"/dashboard/auto-engagement/executions/{run.id}"
    return Document(f"Execution of {run.flow_name}", facts, blocks, href, f"execution_{run.id}")


class _Clock:
    """Times as the reader's zone has them."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)

    def __call__(self, at: datetime | None) -> str:
        return f"{at.astimezone(self.zone):%d %b %Y, %H:%M:%S}" if at else "–"


def _who(story: StoryView, clock: _Clock) -> list[tuple[str, str]]:
    run, person = story.execution, story.execution.contact
    addresses = ", ".join(filter(None, [person.phone, person.email, person.company]))
    speed = None if run.speed_to_lead_ms is None else run.speed_to_lead_ms / 1000
    status = run.status.capitalize() + (f", call {run.outcome}" if run.outcome else "") + (" (test run)" if run.is_test_run else "")
    source = "By hand" if story.origin.lead_source in ("", "manual") else story.origin.lead_source
    return [
        ("Contact", person.name or "–"),
        *([("Reached at", addresses)] if addresses else []),
        ("Flow", f"{run.flow_name}, version {run.flow_version}"),
        ("Lead source", source),
        ("Status", status),
        ("Began", clock(run.triggered_at)),
        ("Ended", clock(run.completed_at)),
        ("Speed to lead", duration_in_words(speed)),
        ("Cost", " + ".join(_money(cost) for cost in story.costs) or "–"),
        *([("Goal met", clock(run.converted_at))] if run.converted_at else []),
    ]


def _money(cost: CostView) -> str:
    return f"{cost.currency} {cost.amount / 100:,.2f}"


def _state(run: ExecutionView, clock: _Clock) -> list[Block]:
    said = []
    if run.waiting:
        said.append(f"It waits: {run.waiting.reason}" + (f" Until {clock(run.waiting.until)}." if run.waiting.until else ""))
    if run.error_message:
        said.append(f"It failed: {run.error_message}")
    return [Paragraph(text) for text in said]


def _steps(story: StoryView, clock: _Clock) -> list[Block]:
    """Every attempt in order, and the steps to which it has not come."""
    planned = {action.action_order: action.model_dump(mode="json") for action in story.plan.actions} if story.plan else {}
    tried: dict[int, list[ActionLogView]] = {}
    for log in story.logs:
        tried.setdefault(log.action_order, []).append(log)
    rows: list[list[Cell]] = []
    for order in sorted(planned.keys() | tried.keys()):
        logs = tried.get(order, [])
        action = planned.get(order) or (logs[0].action | {"action_type": logs[0].action_type})
        rows += [_attempt(order, action, log, len(logs) > 1, clock) for log in logs]
        if not logs:
            state = "To come" if story.execution.status == "running" else "Not reached"
            rows.append([f"{order}", _what(action), "–", state, _when(action)])
    if not rows:
        return [Paragraph("It has no steps.")]
    return [Heading("What happened"), Grid(("Step", "What", "Began", "Result", "What came of it"), rows, (9, 24, 32, 26, 89))]


def _what(action: Mapping[str, Any]) -> str:
    kind = str(action.get("action_type") or "")
    return ACTION_TITLES.get(kind, kind.replace("_", " ").capitalize())


def _when(action: Mapping[str, Any]) -> str:
    said = when_in_words(action.get("condition_type"), action.get("condition_value"), action.get("condition_field"))
    return f"Runs {said}." if said else ""


def _attempt(order: int, action: Mapping[str, Any], log: ActionLogView, several: bool, clock: _Clock) -> list[Cell]:
    result = STATUSES.get(log.status, log.status.capitalize())
    reached = log.outcome or MESSAGE_STATES.get(log.message_state or "", "")
    return [
        f"{order}" + (f"/{log.attempt}" if several else ""),
        _what(action),
        clock(log.started_at),
        f"{result}, {reached}" if reached else result,
        _came(log, clock),
    ]


def _came(log: ActionLogView, clock: _Clock) -> str:
    """What an attempt came to, a fact a line."""
    data = log.result_data
    lasted = (log.completed_at - log.started_at).total_seconds() if log.completed_at and log.status != "skipped" else None
    error = log.error_message or ""
    said = [
        log.skip_reason or "",
        f"{error} ({log.error_code})" if error and log.error_code and log.error_code not in error else error,
        f"Arm: {log.arm}" if log.arm else "",
        f"Waits until {clock(log.wait_until)}" if log.wait_until and log.status == "running" else "",
        f"Took {duration_in_words(max(lasted, 0))}" if lasted is not None else "",
        f"Channel: {log.channel_name}" if log.channel_name else "",
        f"Subject: {data['subject']}" if data.get("subject") else "",
        str(data.get("summary") or data.get("body") or data.get("text") or ""),
        f"Cost: {_money(log.cost)}" if log.cost else "",
    ]
    return "\n".join(text if len(text) <= LONGEST else f"{text[:LONGEST]}…" for text in said if text)


def _told(story: StoryView, clock: _Clock) -> list[Block]:
    orders = {log.id: log.action_order for log in story.logs}
    rows: list[list[Cell]] = [
        [
            f"{orders.get(one.action_log_id, '')}",
            clock(one.at),
            one.state.replace("_", " ").replace("-", " ").capitalize(),
            one.text or one.note,
        ]
        for one in sorted(story.deliveries, key=lambda told: told.at)
    ]
    return [Heading("What providers told"), Grid(("Step", "When", "What", "Text"), rows, (9, 34, 30, 107))] if rows else []


def _acts(story: StoryView, clock: _Clock) -> list[Block]:
    rows: list[list[Cell]] = [[clock(act.at), act.actor_name, act_text(act), act_said(act)] for act in story.acts]
    return [Heading("What people did"), Grid(("When", "Who", "What", "They said"), rows, (34, 36, 60, 50))] if rows else []
