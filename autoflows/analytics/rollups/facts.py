"""What is counted: the facts that one execution, one attempt and one lead contribute, in SQL over images of their rows.

The same statement reads images of changes (`sign` -1 and +1) and, when all is made anew, the rows themselves (`sign` +1). It tells of each
image what kind it is of (`KIND`, `Raw.kind`), in which quarters of an hour something was, and how much. Each `Fact` says which of these
amounts it adds up, at which of the times, under which labels; times are microseconds and money is minor units, so that sums are exact. From
another row only that may be taken which never changes there: of an execution `triggered_at`, `is_test_run`, its source and a first attempt
that was made; of a lead event `received_at`.

| measure | at | labels | amount |
|---|---|---|---|
| executions | triggered_at | status, `contacted`, `conversed` | 1 |
| speed | triggered_at, if attempted | band of the first attempt, `held` | 1 |
| leads | received_at | disposition, and of an enrolled one `contacted` or its execution's status | 1 |
| time | triggered_at | what the time went into (`PARTS`), or `duration` | microseconds |
| cost | triggered_at | action type, currency | minor units |
| steps | triggered_at | action order, action type, `first` or `again`, result, reason | 1 |
| calls | started_at, of calls | result | 1 |
| busy | started_at | a call `answered`, `unanswered` or `open` (out, or in doubt), or a `message`; none that was not made | 1 |

and as spreads: `first_attempt`, `first_conversation` (since the lead's own time) and `duration`, of executions; `response` of attempts.
"""

from __future__ import annotations

from dataclasses import dataclass

from autoflows.domain.percentiles import BIN_OF_MICROS
from autoflows.domain.speed import EDGES
from autoflows.models.execution import REASON, RESULT
from autoflows.models.rollup import GRAINS, NOBODY

PARTS = ("source", "queue", "hours", "capacity", "wait", "provider")
"""Where the time to the first attempt goes, in the order in which it passes."""
CONTACTING = ("ai_call", "whatsapp_message", "email", "sms")
SLOTS = 96
FINE = "steps"
"""The measure that is kept in the grain `each` alone: it has the most rows by far, and pages ask for it of one flow."""
KIND = ("user_id", "flow_version_id", "source", "channel_id")
"""What tells images of every table apart, and is part of the key of a figure."""

_NOBODY = f"'{NOBODY}'::uuid"
_CONTACTING = ", ".join(f"'{name}'" for name in CONTACTING)
_EDGES = "ARRAY[" + ", ".join(f"{edge * 1_000_000}" for edge in EDGES) + "]::bigint[]"


@dataclass(frozen=True, slots=True)
class Fact:
    """A measure that images contribute to: at one of their times, one of their amounts, under labels (SQL) made of their kind."""

    measure: str
    at: str
    amount: str
    labels: str
    where: str = "true"
    """Which kinds do, in SQL."""

    def key(self) -> tuple[str, str, str, str]:
        """Flow version, source, channel and labels of a kind `k`, in SQL."""
        return "k.flow_version_id", "k.source", "k.channel_id", self.labels


def grains(row: str) -> str:
    """A query of the grains that keep a row's measure, and what each keeps of its flow version, source and channel."""
    nothing = {"flow_version_id": _NOBODY, "source": "''", "channel_id": _NOBODY}
    kept = ", ".join(
        f"('{grain}', {', '.join(f'{row}.{name}' if name in columns else none for name, none in nothing.items())})"
        for grain, columns in GRAINS.items()
    )
    return f"SELECT * FROM (VALUES {kept}) AS v(grain, {', '.join(nothing)}) WHERE grain = 'each' OR {row}.measure <> '{FINE}'"


@dataclass(frozen=True, slots=True)
class Raw:
    """One table that figures come from: the table of its changes, its rows as images, and what images contribute."""

    table: str
    changes: str
    rows: str
    time: str
    told: str
    """Of each image: its kind, its times as quarters of an hour since 1970, its amounts (with their sign), and the bins of values."""
    kind: tuple[str, ...]
    sums: tuple[Fact, ...]
    spreads: tuple[Fact, ...] = ()
    """Of these, `amount` is the bin of the value."""


def _micros(span: str) -> str:
    """A span of time in whole microseconds; one that a wrong clock made negative is none.

    By `date_part`, whose floating point is exact to the microsecond for centuries, and many times faster than `extract`.
    """
    return f"greatest(round(date_part('epoch', {span}) * 1000000)::bigint, 0)"


def _quarter(moment: str) -> str:
    """The quarter of an hour that a moment is in, counted from 1970. All zones of today are whole quarters from UTC, so that local hours
    and days are made of them."""
    return f"floor(date_part('epoch', {moment}) / 900)::int"


FIRST_ATTEMPT = _micros("x.first_attempt_at - x.lead_at")
SOURCE_LAG = f"LEAST(COALESCE({_micros('v.received_at - x.lead_at')}, 0), t.took)"

EXECUTION_ROWS = """
SELECT 1::smallint AS sign, user_id, flow_version_id, lead_event_id, COALESCE(metadata->>'trigger_source', '') AS source, status::text,
  triggered_at, completed_at, lead_at, first_attempt_at, first_conversation_at, first_channel_id, held_hours, held_capacity, held_wait
FROM flow_executions WHERE user_id = $1 AND triggered_at >= $2 AND triggered_at < $3 AND NOT is_test_run
"""
EXECUTIONS_TOLD = f"""
SELECT x.user_id, x.flow_version_id, x.source, COALESCE(x.first_channel_id, {_NOBODY}) AS channel_id, x.status,
  CASE WHEN x.first_attempt_at IS NULL THEN '' ELSE width_bucket(t.took, {_EDGES})::text END AS band,
  CASE WHEN x.held_hours > 0 OR x.held_wait > 0 THEN 'held' ELSE '' END AS held,
  CASE WHEN x.first_conversation_at IS NULL THEN '' ELSE 'conversed' END AS conversed,
  {_quarter("x.triggered_at")} AS triggered, {_quarter("v.received_at")} AS received,
  x.sign::bigint AS number, x.sign * d.took AS duration, x.sign * l.lag AS lag,
  CASE WHEN t.took IS NOT NULL THEN x.sign * x.held_hours END AS hours,
  CASE WHEN t.took IS NOT NULL THEN x.sign * x.held_capacity END AS capacity,
  CASE WHEN t.took IS NOT NULL THEN x.sign * x.held_wait END AS wait,
  x.sign * CASE WHEN t.took IS NOT NULL THEN greatest(t.took - l.lag - x.held_hours - x.held_capacity - x.held_wait, 0) END AS queue,
  {BIN_OF_MICROS.format("t.took")} AS attempt_bin, {BIN_OF_MICROS.format("c.took")} AS conversation_bin,
  {BIN_OF_MICROS.format("d.took")} AS duration_bin
FROM images x LEFT JOIN lead_events v ON v.id = x.lead_event_id
CROSS JOIN LATERAL (SELECT CASE WHEN x.first_attempt_at IS NOT NULL THEN {FIRST_ATTEMPT} END AS took OFFSET 0) t
CROSS JOIN LATERAL (SELECT CASE WHEN t.took IS NOT NULL THEN {SOURCE_LAG} END AS lag OFFSET 0) l
CROSS JOIN LATERAL (
  SELECT CASE WHEN x.first_conversation_at IS NOT NULL THEN {_micros("x.first_conversation_at - x.lead_at")} END AS took OFFSET 0) c
CROSS JOIN LATERAL (SELECT CASE WHEN x.completed_at IS NOT NULL THEN {_micros("x.completed_at - x.triggered_at")} END AS took OFFSET 0) d
"""
_CONTACTED = "CASE WHEN k.band <> '' THEN 'contacted' ELSE '' END"
EXECUTIONS = Raw(
    "flow_executions", "changed_executions", EXECUTION_ROWS, "triggered_at", EXECUTIONS_TOLD,
    (*KIND, "status", "band", "held", "conversed"),
    sums=(
        Fact("executions", "triggered", "number", f"ARRAY[k.status, {_CONTACTED}, k.conversed]"),
        Fact("speed", "triggered", "number", "ARRAY[k.band, k.held]", "k.band <> ''"),
        Fact("leads", "received", "number", "ARRAY['enrolled', CASE WHEN k.band <> '' THEN 'contacted' ELSE k.status END]"),
        Fact("time", "triggered", "duration", "'{duration}'::text[]"),
        Fact("time", "triggered", "lag", "'{source}'::text[]"),
        *(Fact("time", "triggered", part, f"'{{{part}}}'::text[]") for part in ("hours", "capacity", "wait", "queue")),
    ),
    spreads=(
        Fact("first_attempt", "triggered", "attempt_bin", "'{}'::text[]"),
        Fact("first_conversation", "triggered", "conversation_bin", "'{}'::text[]"),
        Fact("duration", "triggered", "duration_bin", "'{}'::text[]"),
    ),
)  # fmt: skip

LOG_ROWS = f"""
SELECT 1::smallint AS sign, user_id, flow_execution_id, flow_version_id, channel_id, action_type::text, action_order, attempt, started_at,
  answered_at, status::text, outcome::text, message_state::text, cost_amount, cost_currency::text,
  {REASON.format(log="flow_action_logs")} AS reason
FROM flow_action_logs WHERE user_id = $1 AND started_at >= $2 AND started_at < $3
"""
LOGS_TOLD = f"""
SELECT x.user_id, x.flow_version_id, COALESCE(e.metadata->>'trigger_source', '') AS source, COALESCE(x.channel_id, {_NOBODY}) AS channel_id,
  x.action_type, x.action_order, x.attempt = 1 AS is_first, {RESULT.format(log="x")} AS result, x.reason,
  COALESCE(x.cost_currency, '') AS currency,
  {_quarter("x.started_at")} AS started, {_quarter("e.triggered_at")} AS triggered,
  x.sign::bigint AS number, x.sign * x.cost_amount AS cost,
  CASE WHEN x.started_at = e.first_attempt_at THEN x.sign * a.took END AS provider, {BIN_OF_MICROS.format("a.took")} AS response_bin
FROM images x JOIN flow_executions e ON e.id = x.flow_execution_id AND NOT e.is_test_run
CROSS JOIN LATERAL (SELECT CASE WHEN x.answered_at IS NOT NULL AND x.action_type IN ({_CONTACTING})
  THEN {_micros("x.answered_at - x.started_at")} END AS took OFFSET 0) a
"""
_IS_BUSY = f"k.result NOT IN ('skipped', 'cancelled') AND k.action_type IN ({_CONTACTING})"
_BUSY = """ARRAY[CASE WHEN k.action_type <> 'ai_call' THEN 'message' WHEN k.result = 'answered' THEN 'answered'
  WHEN k.result IN ('unknown', 'in_progress') THEN 'open' ELSE 'unanswered' END]"""
_STEP = "ARRAY[k.action_order::text, k.action_type, CASE WHEN k.is_first THEN 'first' ELSE 'again' END, k.result, k.reason]"
LOGS = Raw(
    "flow_action_logs", "changed_action_logs", LOG_ROWS, "started_at", LOGS_TOLD,
    (*KIND, "action_type", "action_order", "is_first", "result", "reason", "currency"),
    sums=(
        Fact("calls", "started", "number", "ARRAY[k.result]", "k.action_type = 'ai_call'"),
        Fact("busy", "started", "number", _BUSY, _IS_BUSY),
        Fact("steps", "triggered", "number", _STEP),
        Fact("cost", "triggered", "cost", "ARRAY[k.action_type, k.currency]"),
        Fact("time", "triggered", "provider", "'{provider}'::text[]"),
    ),
    spreads=(Fact("response", "started", "response_bin", "ARRAY[k.action_type]"),),
)  # fmt: skip

LEAD_ROWS = """
SELECT 1::smallint AS sign, user_id, lead_source::text AS source, disposition::text, received_at
FROM lead_events WHERE user_id = $1 AND received_at >= $2 AND received_at < $3 AND disposition <> 'enrolled'
"""
LEADS_TOLD = f"""
SELECT x.user_id, {_NOBODY} AS flow_version_id, x.source, {_NOBODY} AS channel_id, x.disposition, {_quarter("x.received_at")} AS received,
  x.sign::bigint AS number
FROM images x
"""
LEADS = Raw(
    "lead_events", "changed_lead_events", LEAD_ROWS, "received_at", LEADS_TOLD, (*KIND, "disposition"),
    sums=(Fact("leads", "received", "number", "ARRAY[k.disposition, '']"),),
)  # fmt: skip

RAWS = (EXECUTIONS, LOGS, LEADS)
