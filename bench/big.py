"""Tables as large as years make them: sleeping and finished executions with their people, lead events and logs, by SQL alone."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from bench.database import connect
from bench.stack import Stack

LOGS_PER_FINISHED = 2
SECONDS = 3600.0
"""For one statement."""
TABLES = ("contacts", "lead_events", "flow_executions", "flow_action_logs")
# Only this run's own database: no triggers, so that foreign keys are not looked up for rows that are made to fit.
QUICKLY = "SET session_replication_role = replica; SET maintenance_work_mem = '512MB'; SET synchronous_commit = off; SET work_mem = '256MB'"
VERSION = """
SELECT v.id, f.user_id, v.definition -> 'actions' -> 0 AS step FROM flow_versions v
JOIN auto_engagement_flows f ON f.id = v.flow_id AND f.version = v.version WHERE f.id = $1
"""
SEED = """
CREATE UNLOGGED TABLE bench_seed AS
SELECT n, now() - interval '300 days' + n * interval '20 seconds' AS at, uuidv7() AS contact, uuidv7() AS done_event, uuidv7() AS done,
       uuidv7() AS sleeping_event, uuidv7() AS sleeping
FROM generate_series(1, $1::int) AS n
"""
CONTACTS = """
INSERT INTO contacts (id, user_id, name, phone, company, lead_source, entry_type, created_at, updated_at)
SELECT contact, $1, 'Person ' || n, '+9170' || lpad(n::text, 8, '0'), 'Company ' || n % 1000, 'Website', 'api', at, at FROM bench_seed
"""
EVENTS = """
INSERT INTO lead_events (id, user_id, contact_id, lead_source, entry_type, external_id, request_hash, payload, received_at, disposition,
                         reason, trace, execution_id, settled_at, due_at)
SELECT id, $1, contact, 'Website', 'api', n || kind, md5(n::text), jsonb_build_object('name', 'Person ' || n, 'phone', n), at, 'enrolled',
       '', jsonb_build_array(jsonb_build_object('flow_id', $2::text, 'matched', true, 'name', 'Any lead')), execution, at, NULL
FROM (SELECT n, at, contact, done_event AS id, done AS execution, 'a' AS kind FROM bench_seed
      UNION ALL SELECT n, at + interval '1 day', contact, sleeping_event, sleeping, 'b' FROM bench_seed) AS both_kinds
"""
FINISHED = """
INSERT INTO flow_executions (id, flow_id, flow_version_id, contact_id, user_id, lead_event_id, triggered_at, status, current_action_step,
                             completed_at, metadata, is_test_run, due_at, fence, lead_at, first_attempt_at)
SELECT done, $1, $2, contact, $3, done_event, at, 'completed', 3, at + interval '1 minute', '{"trigger_source": "Website"}', false, NULL, 4,
       at, at + interval '1 second' FROM bench_seed
"""
SLEEPING = """
INSERT INTO flow_executions (id, flow_id, flow_version_id, contact_id, user_id, lead_event_id, triggered_at, status, current_action_step,
                             metadata, is_test_run, due_at, fence, lead_at, waiting_reason, waiting_until)
SELECT sleeping, $1, $2, contact, $3, sleeping_event, at + interval '1 day', 'running', 2, '{"trigger_source": "Website"}', false, wake, 2,
       at, 'Waiting', wake
FROM (SELECT *, now() + interval '1 day' + (n::bigint * 7919 % 2592000) * interval '1 second' AS wake FROM bench_seed) AS s
"""
LOGS = """
INSERT INTO flow_action_logs (id, flow_execution_id, user_id, contact_id, flow_version_id, action_type, action_order, attempt, snapshot,
                              started_at, answered_at, completed_at, status, channel_id, provider_ref, message_state, result_data, gates)
SELECT uuidv7(), execution, $1, contact, $5, 'whatsapp_message', step, 1, $2::jsonb, at, at, at, 'success', $3,
       'wamid.' || n || kind || step, 'sent', jsonb_build_object('channel', 'WhatsApp', 'to', n, 'body', 'Hi Person ' || n),
       '[{"rule": "hours", "passed": true}]'
FROM (SELECT n, at, contact, done AS execution, 'a' AS kind, step FROM bench_seed, generate_series(1, $4::int) AS step
      UNION ALL SELECT n, at, contact, sleeping, 'b', 1 FROM bench_seed) AS both_kinds
"""
# All but what the workers look into each second, and what constraints own.
INDEXES = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY($1::text[]::regclass[]) AND c.relname NOT LIKE '%\\_due'
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
"""


# What `POST /api/contacts/bulk` leaves behind for an upload, at once.
UPLOAD = """
WITH people AS (
  INSERT INTO contacts (id, user_id, name, phone, company, lead_source, entry_type, created_at, updated_at)
  SELECT uuidv7(), $1, 'Upload ' || n, '+9160' || lpad(n::text, 8, '0'), '', 'Upload', 'upload', now(), now()
  FROM generate_series(1, $2::int) AS n RETURNING id, phone
)
INSERT INTO lead_events (id, user_id, contact_id, lead_source, entry_type, external_id, request_hash, payload, received_at, disposition,
                         reason, trace, due_at, bulk)
SELECT uuidv7(), $1, id, 'Upload', 'upload', phone, md5(phone), '{}', now(), 'queued', '', '[]', now(), true FROM people
"""
WAITING = "SELECT count(*) FROM lead_events WHERE disposition = 'queued' AND bulk"
OWNER = "SELECT id FROM users WHERE owner_id IS NULL"


async def upload(stack: Stack, amount: int) -> None:
    """So many uploaded leads that wait to be matched, from one moment to the next."""
    connection = await connect(stack)
    await connection.execute(UPLOAD, await connection.fetchval(OWNER), amount, timeout=SECONDS)
    await connection.close()


async def waiting(stack: Stack) -> int:
    """How many uploaded leads still wait to be matched."""
    connection = await connect(stack)
    found: int = await connection.fetchval(WAITING)
    await connection.close()
    return found


async def seed(stack: Stack, amount: int, flow: str, channel: str) -> dict[str, Any]:
    """So many sleeping and so many finished executions of a flow; how long it took and how large the database is then."""
    began = time.monotonic()
    connection = await connect(stack)
    await connection.execute(QUICKLY)
    flow_id, channel_id = UUID(flow), UUID(channel)
    version = await connection.fetchrow(VERSION, flow_id)
    indexes = await connection.fetch(INDEXES, list(TABLES))
    for index in indexes:
        await connection.execute(f'DROP INDEX "{index["name"]}"')
    account = version["user_id"]
    for statement, values in (
        (SEED, (amount,)),
        (CONTACTS, (account,)),
        (EVENTS, (account, flow)),
        (FINISHED, (flow_id, version["id"], account)),
        (SLEEPING, (flow_id, version["id"], account)),
        (LOGS, (account, version["step"], channel_id, LOGS_PER_FINISHED, version["id"])),
        *((index["definition"], ()) for index in indexes),
        ("DROP TABLE bench_seed", ()),
        *((f"VACUUM (ANALYZE) {table}", ()) for table in TABLES),
        ("CHECKPOINT", ()),
    ):
        await connection.execute(statement, *values, timeout=SECONDS)
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    rows = {table: await connection.fetchval(f"SELECT count(*) FROM {table}", timeout=SECONDS) for table in TABLES}
    await connection.close()
    return {"seed_seconds": round(time.monotonic() - began), "database_gib": round(size / 2**30, 1), "rows": rows, "account": str(account)}
