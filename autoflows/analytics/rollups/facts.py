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
    """A span of time in whole microseconds; one that a wrong clock made negative is none.

    By `date_part`, whose floating point is exact to the microsecond for centuries, and many times faster than `extract`.
    """
    return f"greatest(round(date_part('epoch', {span}) * 1000000)::bigint, 0)"


def _bin(moment: str) -> str:
    """The beginning of the quarter of an hour that a moment is in."""
    return f"date_bin('15 minutes', {moment}, '2000-01-01T00:00:00Z')"


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
CROSS JOIN LATERAL (SELECT {FIRST_ATTEMPT} AS took, {SOURCE_LAG} AS lag OFFSET 0) t
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
CASE WHEN result IN ('skipped', 'cancelled') OR action_type NOT IN ({_CONTACTING}) THEN NULL
  WHEN action_type <> 'ai_call' THEN 'message' WHEN result = 'answered' THEN 'answered'
  WHEN result IN ('unknown', 'in_progress') THEN 'open' ELSE 'unanswered' END
"""
_LOG_JOINS = f"""
FROM images x JOIN flow_executions e ON e.id = x.flow_execution_id AND NOT e.is_test_run
CROSS JOIN LATERAL (SELECT COALESCE(e.metadata->>'trigger_source', '') AS source, COALESCE(x.channel_id, {_NOBODY}) AS channel_id,
  {_RESULT} AS result OFFSET 0) r
"""
# First counted by quarter of an hour and all that tells them apart, so that the facts are made of groups, not of every log.
LOG_FACTS = f"""
WITH known AS MATERIALIZED (
  SELECT x.sign::bigint AS sign, x.user_id, x.flow_version_id, r.source, r.channel_id, x.action_type, x.action_order,
    x.attempt = 1 AS is_first, r.result, x.reason, x.cost_amount, x.cost_currency, {_bin("x.started_at")} AS started_at,
    {_bin("e.triggered_at")} AS triggered_at,
    CASE WHEN x.started_at = e.first_attempt_at AND x.answered_at IS NOT NULL AND x.action_type IN ({_CONTACTING})
      THEN {_micros("x.answered_at - x.started_at")} END AS provider
  {_LOG_JOINS}
), made AS (
  SELECT user_id, started_at AS at, flow_version_id, source, channel_id, action_type, result, sum(sign)::bigint AS number
  FROM known GROUP BY 1, 2, 3, 4, 5, 6, 7
), stepped AS (
  SELECT user_id, triggered_at AS at, flow_version_id, source, channel_id, action_type, action_order, is_first, result, reason,
    cost_currency, sum(sign)::bigint AS number, sum(sign * cost_amount)::bigint AS cost, sum(sign * provider)::bigint AS provider
  FROM known GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
)
SELECT user_id, 'attempts' AS measure, at, flow_version_id, source, channel_id, ARRAY[action_type, result] AS labels, number AS amount
FROM made
UNION ALL
SELECT user_id, f.measure, at, CASE WHEN f.is_all THEN {_NOBODY} ELSE flow_version_id END, CASE WHEN f.is_all THEN '' ELSE source END,
  CASE WHEN f.is_all THEN {_NOBODY} ELSE channel_id END, ARRAY[k.kind], number
FROM made CROSS JOIN LATERAL (SELECT {_KIND} AS kind OFFSET 0) k
CROSS JOIN (VALUES ('busy', false), ('busy_all', true)) AS f(measure, is_all) WHERE k.kind IS NOT NULL
UNION ALL
SELECT user_id, 'steps', at, flow_version_id, source, channel_id,
  ARRAY[action_order::text, action_type, CASE WHEN is_first THEN 'first' ELSE 'again' END, result, reason], number FROM stepped
UNION ALL
SELECT user_id, 'cost', at, flow_version_id, source, channel_id, ARRAY[action_type, COALESCE(cost_currency, '')], cost FROM stepped
WHERE cost <> 0
UNION ALL
SELECT user_id, 'time', at, flow_version_id, source, channel_id, '{{provider}}', provider FROM stepped WHERE provider <> 0
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
