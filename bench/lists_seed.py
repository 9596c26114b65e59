"""One account with a million executions, their people and five million attempts, by SQL alone, in the mix that a list meets: rare and
common values, sleepers, queues, and what needs a person."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from bench.big import INDEXES, QUICKLY, SECONDS

TABLES = ("contacts", "flow_executions", "flow_action_logs")
FLOWS = ("Website enquiries", "IndiaMART first call", "TradeIndia first call", "Reactivation", "Webinar follow-up", "Trade fair")
FIRST = "Asha Ravi Meera Arjun Priya Vikram Sunita Rahul Anita Sanjay Kavita Deepak Neha Amit Pooja Manish Rekha Suresh Divya Nikhil"
LAST = "Patel Sharma Nair Iyer Reddy Gupta Singh Kaur Das Mehta Joshi Rao Pillai Verma Bose Chopra Kulkarni Shetty Menon Banerjee"
SOURCES = ("Website", "IndiaMART", "TradeIndia", "Upload", "JustDial", "Facebook", "Referral", "manual")
FLOW = """
INSERT INTO auto_engagement_flows (id, user_id, name, description, is_enabled, priority, use_custom_business_hours, business_days,
                                   outside_hours, exit_rules, on_unknown, version, created_at, updated_at)
VALUES ($1, $2, $3, '', false, $4, false, '{1,2,3,4,5,6,7}', 'wait', '{}', 'continue', 1, now(), now())
"""
VERSION = "INSERT INTO flow_versions (id, flow_id, version, definition, name, note, created_at) VALUES ($1, $2, 1, $3, '', '', now())"
# `r` is a fixed pseudo-random number from 0 to 9999 of each row, so that every run meets the same mix.
SEED = """
CREATE UNLOGGED TABLE bench_seed AS
SELECT n, now() - interval '300 days' + n * (interval '300 days' / $1) AS at, uuidv7() AS contact, uuidv7() AS id,
       (hashint4(n)::bigint + 2147483648) % 10000 AS r, (hashint4(n + 77)::bigint + 2147483648) % 10000 AS r2
FROM generate_series(1, $1::int) AS n
"""
CONTACTS = """
INSERT INTO contacts (id, user_id, name, phone, email, company, lead_source, entry_type, created_at, updated_at)
SELECT contact, $1, ($2::text[])[1 + r % 20] || ' ' || ($3::text[])[1 + r2 % 20], '+9170' || lpad(n::text, 8, '0'),
       'person' || n || '@example.com', 'Company ' || n % 5000, 'Website', 'api', at, at FROM bench_seed
"""
# 12 % run: most of them sleep, some wait in queues, a few act. The others are over: completed, failed, skipped or cancelled.
EXECUTIONS = """
INSERT INTO flow_executions (id, flow_id, flow_version_id, contact_id, user_id, triggered_at, status, current_action_step, completed_at,
                             metadata, is_test_run, bulk, due_at, fence, lead_at, first_attempt_at, waiting_reason, waiting_until,
                             waiting_rule, parked_on, parked_at, last_outcome, error_message, cause)
SELECT id, ($1::uuid[])[which], ($2::uuid[])[which], contact, $3, at, status, 3, CASE WHEN status <> 'running' THEN at + life END,
       jsonb_build_object('trigger_source', CASE WHEN n % 20000 = 0 THEN 'Rare fair' ELSE ($4::text[])[1 + least(r2 % 11, 7)] END,
                          'matched_conditions', '[]'::jsonb),
       r2 >= 9900, false, CASE WHEN status = 'running' THEN COALESCE(wake, now() + interval '1 day') END, 4, at,
       CASE WHEN status <> 'skipped' THEN at + speed END,
       CASE WHEN status = 'running' THEN CASE WHEN rule IS NULL AND wake IS NULL THEN 'Waiting for the outcome' ELSE 'Waiting' END END,
       CASE WHEN rule IS DISTINCT FROM 'kill_switch' THEN wake END, rule,
       CASE rule WHEN 'concurrency' THEN 'lines:' || $3::uuid::text WHEN 'kill_switch' THEN 'account:' || $3::uuid::text END,
       CASE WHEN rule IN ('concurrency', 'kill_switch') THEN at END,
       CASE WHEN status = 'skipped' OR r2 % 5 = 0 THEN NULL WHEN r2 % 1000 = 1 THEN 'voicemail'
            ELSE (ARRAY['answered', 'missed', 'answered', 'missed', 'busy'])[1 + r2 % 5] END,
       CASE WHEN status = 'failed' THEN 'No contact attempt succeeded' END,
       CASE WHEN status = 'failed' THEN
            'whatsapp_message|' || (ARRAY['account||190', 'transient||503', 'lead||550', 'account||535'])[1 + r2 % 4] ||
            CASE WHEN r2 % 100 = 0 THEN '-' || r2 / 100 ELSE '' END END
FROM (
  SELECT *, CASE WHEN status = 'running' AND r % 100 <> 7 THEN now() + interval '1 minute' + (n::bigint * 7919 % 2592000) * interval '1 s'
            END AS wake,
         CASE WHEN status <> 'running' OR r % 100 = 7 THEN NULL
              ELSE (ARRAY[NULL, NULL, NULL, 'flow_hours', 'flow_hours', 'legal_hours', 'concurrency', 'kill_switch'])[1 + r % 8] END AS rule
  FROM (
    SELECT *, CASE WHEN r < 1200 THEN 'running' WHEN r < 8000 THEN 'completed' WHEN r < 8800 THEN 'failed' WHEN r < 9600 THEN 'skipped'
              ELSE 'cancelled' END AS status,
           CASE WHEN r2 < 5000 THEN 1 WHEN r2 < 7500 THEN 2 WHEN r2 < 9000 THEN 3 WHEN r2 < 9900 THEN 4 WHEN r2 < 9999 THEN 5 ELSE 6
           END AS which,
           (300 + r * r2 % 900000) * interval '1 millisecond' AS speed, (60 + r * 7) * interval '1 second' AS life
    FROM bench_seed
  ) AS a
) AS b
"""
LOGS = """
INSERT INTO flow_action_logs (id, flow_execution_id, user_id, contact_id, flow_version_id, action_type, action_order, attempt, snapshot,
                              started_at, answered_at, completed_at, status, message_state, outcome, error_class, error_code, result_data,
                              gates)
SELECT uuidv7(), e.id, $1, contact, flow_version_id, CASE step WHEN 1 THEN 'ai_call' ELSE 'whatsapp_message' END, step, 1, $2::jsonb, at,
       at, at, CASE WHEN step = 1 AND n % 2500 = 0 THEN 'unknown' WHEN is_last THEN 'failed' ELSE 'success' END,
       CASE WHEN step > 1 AND NOT is_last THEN 'sent' END, CASE WHEN step = 1 THEN 'missed' END,
       CASE WHEN is_last THEN split_part(cause, '|', 2) END, CASE WHEN is_last THEN split_part(cause, '|', 4) END,
       jsonb_build_object('channel', 'WhatsApp', 'to', n, 'body', 'Hi'), '[{"rule": "hours", "passed": true}]'
FROM bench_seed JOIN flow_executions e ON e.id = bench_seed.id CROSS JOIN generate_series(1, $3::int) AS step
CROSS JOIN LATERAL (SELECT step = $3 AND e.status = 'failed' AS is_last) AS l
"""
STEP = {"action_order": 1, "action_type": "wait", "action_config": {"duration_minutes": 10}}
LOGS_EACH = 5


async def seed(connection: Any, account: UUID, amount: int, ids: list[UUID], versions: list[UUID]) -> dict[str, Any]:
    """So many executions of six flows in one account, whose tables are empty; how long it took and how large they are."""
    began = time.monotonic()
    await connection.execute(QUICKLY)
    for number, name in enumerate(FLOWS):
        await connection.execute(FLOW, ids[number], account, name, number + 1)
        actions = [{**STEP, "id": str(versions[number]), "action_order": order} for order in range(1, LOGS_EACH + 1)]
        await connection.execute(VERSION, versions[number], ids[number], {"name": name, "conditions": [], "actions": actions})
    indexes = await connection.fetch(INDEXES, list(TABLES))
    for index in indexes:
        await connection.execute(f'DROP INDEX "{index["name"]}"')
    for statement, values in (
        (SEED, (amount,)),
        (CONTACTS, (account, FIRST.split(), LAST.split())),
        (EXECUTIONS, (ids, versions, account, list(SOURCES))),
        (LOGS, (account, STEP, LOGS_EACH)),
        *((index["definition"], ()) for index in indexes),
        ("DROP TABLE bench_seed", ()),
        *((f"VACUUM (ANALYZE) {table}", ()) for table in TABLES),
        ("CHECKPOINT", ()),
    ):
        await connection.execute(statement, *values, timeout=SECONDS)
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    rows = {table: await connection.fetchval(f"SELECT count(*) FROM {table}", timeout=SECONDS) for table in TABLES}
    return {"seed_seconds": round(time.monotonic() - began), "database_gib": round(size / 2**30, 1), "rows": rows}
