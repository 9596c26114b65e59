"""What is counted: the facts that one execution, one attempt and one lead contribute, in SQL over images of their rows.

The same statement reads images of changes (`sign` -1 and +1) and, when all is made anew, the rows themselves (`sign` +1). A fact is
`(user_id, measure, at, flow_version_id, source, channel_id, labels, amount)`; times are microseconds and money is minor units, so that
sums are exact. From another row a fact may only take what never changes there: of an execution `triggered_at`, `is_test_run`, its source
and a first attempt that was made; of a lead event `received_at`.

| measure | at | labels | amount |
|---|---|---|---|
| executions | triggered_at | status, band of the first attempt, `held`, `conversed` | 1 |
| leads | received_at | disposition, and of an enrolled one `contacted` or its execution's status | 1 |
| time | triggered_at | what the time went into (`PARTS`), or `duration` | microseconds |
| cost | triggered_at | action type, currency | minor units |
| steps | triggered_at | action order, action type, `first` or `again`, result, reason | 1 |
| attempts | started_at | action type, result | 1 |
| busy | started_at | a call `answered`, `unanswered` or `open` (out, or in doubt), or a `message`; none that was not made | 1 |
| busy_all | the same whatever the flow, source and channel | | |

and as spreads: `first_attempt`, `first_conversation` (since the lead's own time) and `duration`, of executions; `response` of attempts.
"""

from __future__ import annotations

from autoflows.domain.percentiles import BIN_OF_MICROS
from autoflows.domain.speed import EDGES
from autoflows.models.rollup import NOBODY

PARTS = ("source", "queue", "hours", "capacity", "wait", "provider")
"""Where the time to the first attempt goes, in the order in which it passes."""
CONTACTING = ("ai_call", "whatsapp_message", "email", "sms")

_NOBODY = f"'{NOBODY}'::uuid"
_CONTACTING = ", ".join(f"'{name}'" for name in CONTACTING)
_EDGES = "ARRAY[" + ", ".join(f"{edge * 1_000_000}" for edge in EDGES) + "]::bigint[]"


def _micros(span: str) -> str:
    """A span of time in whole microseconds; one that a wrong clock made negative is none."""
    return f"greatest((extract(epoch FROM {span}) * 1000000)::bigint, 0)"


FIRST_ATTEMPT = _micros("x.first_attempt_at - x.lead_at")
SOURCE_LAG = f"LEAST(COALESCE({_micros('v.received_at - x.lead_at')}, 0), {FIRST_ATTEMPT})"

EXECUTION_ROWS = """
SELECT 1::smallint AS sign, user_id, flow_version_id, lead_event_id, COALESCE(metadata->>'trigger_source', '') AS source, status::text,
  triggered_at, completed_at, lead_at, first_attempt_at, first_conversation_at, first_channel_id, held_hours, held_capacity, held_wait
FROM flow_executions WHERE user_id = $1 AND triggered_at >= $2 AND triggered_at < $3 AND NOT is_test_run
"""
EXECUTION_FACTS = f"""
SELECT x.user_id, f.measure, f.at, x.flow_version_id, x.source, COALESCE(x.first_channel_id, {_NOBODY}) AS channel_id, f.labels,
  x.sign * f.amount AS amount
FROM images x LEFT JOIN lead_events v ON v.id = x.lead_event_id
CROSS JOIN LATERAL (SELECT {FIRST_ATTEMPT} AS took, {SOURCE_LAG} AS lag) t
CROSS JOIN LATERAL (VALUES
  ('executions', x.triggered_at, ARRAY[x.status,
    CASE WHEN x.first_attempt_at IS NULL THEN '' ELSE width_bucket(t.took, {_EDGES})::text END,
    CASE WHEN x.held_hours > 0 OR x.held_wait > 0 THEN 'held' ELSE '' END,
    CASE WHEN x.first_conversation_at IS NULL THEN '' ELSE 'conversed' END], 1::bigint),
  ('leads', v.received_at, ARRAY['enrolled', CASE WHEN x.first_attempt_at IS NOT NULL THEN 'contacted' ELSE x.status END], 1),
  ('time', CASE WHEN x.completed_at IS NOT NULL THEN x.triggered_at END, '{{duration}}', {_micros("x.completed_at - x.triggered_at")}),
  ('time', CASE WHEN x.first_attempt_at IS NOT NULL THEN x.triggered_at END, '{{source}}', t.lag),
  ('time', CASE WHEN x.first_attempt_at IS NOT NULL THEN x.triggered_at END, '{{hours}}', x.held_hours),
  ('time', CASE WHEN x.first_attempt_at IS NOT NULL THEN x.triggered_at END, '{{capacity}}', x.held_capacity),
  ('time', CASE WHEN x.first_attempt_at IS NOT NULL THEN x.triggered_at END, '{{wait}}', x.held_wait),
  ('time', CASE WHEN x.first_attempt_at IS NOT NULL THEN x.triggered_at END, '{{queue}}',
    greatest(t.took - t.lag - x.held_hours - x.held_capacity - x.held_wait, 0))
) AS f(measure, at, labels, amount) WHERE f.at IS NOT NULL AND f.amount <> 0
"""
EXECUTION_VALUES = f"""
SELECT x.user_id, f.measure, x.triggered_at AS at, x.flow_version_id, x.source, COALESCE(x.first_channel_id, {_NOBODY}) AS channel_id,
  '{{}}'::text[] AS labels, f.micros, x.sign::bigint AS amount
FROM images x CROSS JOIN LATERAL (VALUES
  ('first_attempt', CASE WHEN x.first_attempt_at IS NOT NULL THEN {FIRST_ATTEMPT} END),
  ('first_conversation', CASE WHEN x.first_conversation_at IS NOT NULL THEN {_micros("x.first_conversation_at - x.lead_at")} END),
  ('duration', CASE WHEN x.completed_at IS NOT NULL THEN {_micros("x.completed_at - x.triggered_at")} END)
) AS f(measure, micros) WHERE f.micros IS NOT NULL
"""

LOG_ROWS = """
SELECT 1::smallint AS sign, user_id, flow_execution_id, flow_version_id, channel_id, action_type::text, action_order, attempt, started_at,
  answered_at, status::text, outcome::text, message_state::text, cost_amount, cost_currency::text,
  CASE status WHEN 'skipped' THEN COALESCE(gates->-1->>'gate', '') WHEN 'failed' THEN COALESCE(error_code, error_class, '') ELSE '' END
    AS reason
FROM flow_action_logs WHERE user_id = $1 AND started_at >= $2 AND started_at < $3
"""
# A refused call carries no outcome: it failed. A message is as far as its provider said it got.
_RESULT = """
CASE WHEN x.action_type = 'ai_call' AND x.outcome IS NOT NULL THEN x.outcome
  WHEN x.status IN ('skipped', 'cancelled', 'failed', 'unknown') THEN x.status WHEN x.status IN ('pending', 'running') THEN 'in_progress'
  WHEN x.action_type = 'ai_call' THEN 'unknown' WHEN x.message_state IS NOT NULL THEN x.message_state
  WHEN x.action_type IN ('whatsapp_message', 'email', 'sms') THEN 'sent' ELSE 'done' END
"""
_KIND = f"""
CASE WHEN r.result IN ('skipped', 'cancelled') OR x.action_type NOT IN ({_CONTACTING}) THEN NULL
  WHEN x.action_type <> 'ai_call' THEN 'message' WHEN r.result = 'answered' THEN 'answered'
  WHEN r.result IN ('unknown', 'in_progress') THEN 'open' ELSE 'unanswered' END
"""
_LOG_JOINS = f"""
FROM images x JOIN flow_executions e ON e.id = x.flow_execution_id AND NOT e.is_test_run
CROSS JOIN LATERAL (SELECT COALESCE(e.metadata->>'trigger_source', '') AS source, COALESCE(x.channel_id, {_NOBODY}) AS channel_id,
  {_RESULT} AS result) r
"""
LOG_FACTS = f"""
SELECT x.user_id, f.measure, f.at, CASE WHEN f.measure = 'busy_all' THEN {_NOBODY} ELSE x.flow_version_id END AS flow_version_id,
  CASE WHEN f.measure = 'busy_all' THEN '' ELSE r.source END AS source,
  CASE WHEN f.measure = 'busy_all' THEN {_NOBODY} ELSE r.channel_id END AS channel_id, f.labels, x.sign * f.amount AS amount
{_LOG_JOINS} CROSS JOIN LATERAL (SELECT {_KIND} AS kind) k
CROSS JOIN LATERAL (VALUES
  ('attempts', x.started_at, ARRAY[x.action_type, r.result], 1::bigint),
  ('busy', CASE WHEN k.kind IS NOT NULL THEN x.started_at END, ARRAY[k.kind], 1),
  ('busy_all', CASE WHEN k.kind IS NOT NULL THEN x.started_at END, ARRAY[k.kind], 1),
  ('steps', e.triggered_at, ARRAY[x.action_order::text, x.action_type, CASE x.attempt WHEN 1 THEN 'first' ELSE 'again' END, r.result,
    x.reason], 1),
  ('cost', CASE WHEN x.cost_amount <> 0 THEN e.triggered_at END, ARRAY[x.action_type, COALESCE(x.cost_currency, '')], x.cost_amount),
  ('time', CASE WHEN x.started_at = e.first_attempt_at AND x.answered_at IS NOT NULL AND x.action_type IN ({_CONTACTING})
    THEN e.triggered_at END, '{{provider}}', {_micros("x.answered_at - x.started_at")})
) AS f(measure, at, labels, amount) WHERE f.at IS NOT NULL AND f.amount <> 0
"""
LOG_VALUES = f"""
SELECT x.user_id, 'response' AS measure, x.started_at AS at, x.flow_version_id, r.source, r.channel_id, ARRAY[x.action_type] AS labels,
  {_micros("x.answered_at - x.started_at")} AS micros, x.sign::bigint AS amount
{_LOG_JOINS} WHERE x.answered_at IS NOT NULL AND x.action_type IN ({_CONTACTING})
"""

LEAD_ROWS = """
SELECT 1::smallint AS sign, user_id, lead_source::text AS source, disposition::text, received_at
FROM lead_events WHERE user_id = $1 AND received_at >= $2 AND received_at < $3 AND disposition <> 'enrolled'
"""
LEAD_FACTS = f"""
SELECT x.user_id, 'leads' AS measure, x.received_at AS at, {_NOBODY} AS flow_version_id, x.source, {_NOBODY} AS channel_id,
  ARRAY[x.disposition, ''] AS labels, x.sign::bigint AS amount
FROM images x
"""
BIN = BIN_OF_MICROS.format("micros")
