"""The analytics on a year of action logs: the pace of a rebuild, every endpoint's time, what upkeep costs a burst, and the plans."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.dialects import postgresql

from autoflows.analytics.charts import CHARTS
from autoflows.analytics.period import Period, last_days
from autoflows.analytics.query import BINDS, PLANS, RELATIONS, Scope, values_of
from autoflows.ids import utc_now
from bench.big import INDEXES, QUICKLY, SECONDS
from bench.database import connect
from bench.measure import STEPS, measure_burst, quantiles
from bench.stack import Stack, autoflows, connect_whatsapp, whatsapp_flow

LOGS_EACH = 3
PEOPLE = 100_000
TABLES = ("contacts", "lead_events", "flow_executions", "flow_action_logs")
ROUNDS = 20
ZONES = ("Asia/Kolkata", "America/New_York")
FILLED = "SELECT EXISTS (SELECT 1 FROM auto_engagement_flows WHERE name = 'Bench flow 0')"
OWNER = "SELECT id FROM users WHERE owner_id IS NULL"
# Six flows, the first far busier than the last, each published anew every quarter; most leads come between 9:30 and 19:30 in India.
SEED = """
CREATE UNLOGGED TABLE bench_seed AS
SELECT n, uuidv7() AS execution, uuidv7() AS event, 1 + (n::bigint * 7919 % $2)::int AS person, flow, quarter,
  (ARRAY['IndiaMART', 'TradeIndia', 'Website', 'Upload', 'Expo'])[
    1 + CASE WHEN random() < 0.85 THEN flow % 5 ELSE floor(random() * 5)::int END] AS source,
  day + CASE WHEN random() < 0.85 THEN interval '4 hours' + random() * interval '10 hours' ELSE random() * interval '24 hours' END AS at,
  random() AS luck, exp(ln(2) + 1.6 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS speed, random() AS answer
FROM (
  SELECT n, floor(6 * random() ^ 2)::int AS flow, floor(n::float8 * 4 / ($1::int + 1))::int AS quarter,
    date_trunc('day', now() - interval '364 days') + floor(n::float8 * 364 / ($1::int + 1)) * interval '1 day' AS day
  FROM generate_series(1, $1::int) AS n
) AS n
"""
FLOWS = """
INSERT INTO auto_engagement_flows (id, user_id, name, description, is_enabled, priority, use_custom_business_hours, business_days,
                                   outside_hours, exit_rules, on_unknown, version, created_at, updated_at)
SELECT uuidv7(), $1::uuid, 'Bench flow ' || n, '', false, 100 + n, false, '{1,2,3,4,5,6,7}', 'wait', '{}', 'continue', 4, now(), now()
FROM generate_series(0, 5) AS n
"""
VERSIONS = """
INSERT INTO flow_versions (id, flow_id, version, definition, name, note, created_at)
SELECT uuidv7(), id, n, '{}', '', '', now() - interval '364 days' + (n - 1) * interval '91 days'
FROM auto_engagement_flows, generate_series(1, 4) AS n WHERE user_id = $1 AND priority >= 100
"""
CHANNELS = """
INSERT INTO channels (id, user_id, provider, name, credentials, settings, status, status_detail, webhook_secret, created_at, updated_at)
SELECT uuidv7(), $1::uuid, provider, 'Bench ' || provider, '', '{}', 'disabled', '', 'bench-' || provider, now(), now()
FROM unnest(ARRAY['bolna', 'whatsapp_cloud', 'smtp']) AS provider
"""
CONTACTS = """
INSERT INTO contacts (id, user_id, name, phone, company, lead_source, entry_type, created_at, updated_at)
SELECT uuidv7(), $1::uuid, 'Person ' || n, '+9170' || lpad(n::text, 8, '0'), '', 'Website', 'api', now(), now()
FROM generate_series(1, $2::int) AS n
"""
KNOWN = """
CREATE UNLOGGED TABLE bench_known AS
SELECT s.*, c.id AS contact, v.id AS version, v.flow_id, ch.bolna, ch.whatsapp, ch.smtp,
  CASE WHEN luck < 0.72 THEN 'completed' WHEN luck < 0.84 THEN 'failed' WHEN luck < 0.93 THEN 'skipped' ELSE 'cancelled' END AS status
FROM bench_seed s
JOIN contacts c ON c.user_id = $1 AND c.phone = '+9170' || lpad(s.person::text, 8, '0')
JOIN auto_engagement_flows f ON f.user_id = $1 AND f.priority = 100 + s.flow
JOIN flow_versions v ON v.flow_id = f.id AND v.version = 1 + s.quarter
CROSS JOIN (SELECT (array_agg(id) FILTER (WHERE provider = 'bolna'))[1] AS bolna,
  (array_agg(id) FILTER (WHERE provider = 'whatsapp_cloud'))[1] AS whatsapp, (array_agg(id) FILTER (WHERE provider = 'smtp'))[1] AS smtp
  FROM channels WHERE user_id = $1 AND name LIKE 'Bench %') ch
"""
EVENTS = """
INSERT INTO lead_events (id, user_id, contact_id, lead_source, entry_type, request_hash, payload, received_at, source_created_at,
                         disposition, reason, trace, execution_id, settled_at, due_at)
SELECT event, $1::uuid, contact, source, 'api', '', '{}'::jsonb, at, at - interval '1 second', 'enrolled', '', '[]'::jsonb, execution,
  at, NULL::timestamptz
FROM bench_known
UNION ALL
SELECT uuidv7(), $1::uuid, contact, source, 'api', '', '{}'::jsonb, at, at, CASE WHEN luck < 0.5 THEN 'no_match' ELSE 'cooldown' END, '',
  '[]'::jsonb, NULL::uuid, at,
  NULL FROM bench_known WHERE n % 10 = 0
"""
EXECUTIONS = """
INSERT INTO flow_executions (id, flow_id, flow_version_id, contact_id, user_id, lead_event_id, triggered_at, status, current_action_step,
  completed_at, metadata, is_test_run, due_at, fence, lead_at, first_attempt_at, first_conversation_at, first_channel_id, held_hours,
  held_capacity)
SELECT execution, flow_id, version, contact, $1::uuid, event, at, status, 3, at + speed * interval '3 minutes',
  jsonb_build_object('trigger_source', source), false, NULL, 4, at - interval '1 second',
  CASE WHEN status <> 'skipped' THEN at + speed * interval '1 second' END,
  CASE WHEN status = 'completed' AND answer < 0.4 THEN at + speed * interval '9 seconds' END, CASE WHEN status <> 'skipped' THEN bolna END,
  CASE WHEN luck < 0.05 THEN (speed * 500000)::bigint ELSE 0 END, CASE WHEN answer < 0.1 THEN (speed * 300000)::bigint ELSE 0 END
FROM bench_known
"""
LOGS = """
INSERT INTO flow_action_logs (id, flow_execution_id, user_id, contact_id, flow_version_id, action_type, action_order, attempt, snapshot,
  started_at, answered_at, completed_at, status, channel_id, provider_ref, outcome, message_state, error_code, result_data, gates,
  cost_amount, cost_currency)
SELECT uuidv7(), execution, $1::uuid, contact, version, kind, step, 1, '{"action_order": 1, "action_type": "ai_call", "action_config": {}}',
  started, CASE WHEN NOT skipped THEN started + (0.2 + answer) * interval '1 second' END, started + interval '1 minute',
  CASE WHEN skipped THEN 'skipped' WHEN failed THEN 'failed' ELSE 'success' END,
  CASE WHEN skipped THEN NULL WHEN kind = 'ai_call' THEN bolna WHEN kind = 'email' THEN smtp ELSE whatsapp END,
  CASE WHEN NOT skipped THEN 'ref' || n || '-' || step END,
  CASE WHEN kind = 'ai_call' AND NOT skipped AND NOT failed
    THEN (ARRAY['answered', 'missed', 'missed', 'busy', 'voicemail'])[1 + floor(answer * 5)] END,
  CASE WHEN kind <> 'ai_call' AND NOT skipped AND NOT failed
    THEN (ARRAY['sent', 'delivered', 'read', 'replied'])[1 + floor(answer * 4)] END,
  CASE WHEN failed THEN (ARRAY['131047', 'no_route', '550'])[1 + floor(answer * 3)] END,
  jsonb_build_object('to', n, 'body', 'Hi Person ' || n),
  '[{"gate": "kill_switch", "passed": true}, {"gate": "condition", "passed": false}]',
  CASE WHEN skipped OR failed THEN NULL WHEN kind = 'ai_call' THEN 400 WHEN kind = 'whatsapp_message' THEN 80 ELSE 5 END, 'INR'
FROM (
  SELECT k.*, step, CASE WHEN step = 1 THEN 'ai_call' WHEN step = 2 OR k.flow < 3 THEN 'whatsapp_message' ELSE 'email' END AS kind,
    k.status = 'skipped' OR (step > 1 AND k.answer < 0.2) AS skipped, k.status = 'failed' OR (k.n + step) % 17 = 0 AS failed,
    CASE WHEN step = 1 THEN at + speed * interval '1 second' ELSE at + (step - 1) * interval '47 minutes' END AS started
  FROM bench_known k, generate_series(1, $2::int) AS step
) AS k
"""
MIGHT_RUN = "SELECT tgname, tgrelid::regclass::text AS on_table FROM pg_trigger WHERE tgname LIKE 'rollup\\_%'"


async def seed(stack: Stack, logs: int) -> dict[str, Any]:
    """A year of so many logs for the product's one account, unless a kept home has them; how long it took and how large the tables are."""
    connection, began = await connect(stack), time.monotonic()
    account = await connection.fetchval(OWNER)
    if not await connection.fetchval(FILLED):
        await _fill(connection, account, logs)
    rows = {table: await connection.fetchval(f"SELECT count(*) FROM {table}", timeout=SECONDS) for table in TABLES}
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    await connection.close()
    return {"seed_seconds": round(time.monotonic() - began), "database_gib": round(size / 2**30, 1), "rows": rows, "account": str(account)}


async def _fill(connection: Any, account: UUID, logs: int) -> None:
    await connection.execute(QUICKLY)
    indexes = [row for row in await connection.fetch(INDEXES, list(TABLES)) if row["name"] != "uq_contacts_user_phone"]
    for index in indexes:
        await connection.execute(f'DROP INDEX "{index["name"]}"')
    executions = logs // LOGS_EACH
    for statement, values in (
        (SEED, (executions, PEOPLE)), (FLOWS, (account,)), (VERSIONS, (account,)), (CHANNELS, (account,)), (CONTACTS, (account, PEOPLE)),
        ("ANALYZE", ()), (KNOWN, (account,)), (EVENTS, (account,)), (EXECUTIONS, (account,)), (LOGS, (account, LOGS_EACH)),
        *((index["definition"], ()) for index in indexes),
        ("DROP TABLE bench_seed, bench_known", ()), *((f"VACUUM (ANALYZE) {table}", ()) for table in TABLES), ("CHECKPOINT", ()),
    ):  # fmt: skip
        await connection.execute(statement, *values, timeout=SECONDS)


def rebuild(stack: Stack) -> dict[str, Any]:
    """`autoflows analytics rebuild`, and then `--check`: logs per second of each, and how large the rollups are."""
    figures: dict[str, Any] = {}
    for name, flags in (("rebuild", ()), ("check", ("--check",))):
        said = autoflows(stack.home, "analytics", "rebuild", *flags, seconds=SECONDS)
        found = re.search(r"([\d,]+) logs in ([\d.]+) s \(([\d,]+) logs/s\): (\d+) differences", said)
        assert found is not None, said
        logs, seconds, pace, differences = found.groups()
        figures[name] = {
            "logs": int(logs.replace(",", "")), "seconds": float(seconds), "per_second": int(pace.replace(",", "")),
            "differences": int(differences),
        }  # fmt: skip
    figures["sizes"] = asyncio.run(_sizes(stack))
    return figures


async def _sizes(stack: Stack) -> dict[str, Any]:
    connection = await connect(stack)
    for table in ("rollup_sums", "rollup_spreads"):
        await connection.execute(f"VACUUM (ANALYZE) {table}", timeout=SECONDS)
    sizes = {
        table: {
            "rows": await connection.fetchval(f"SELECT count(*) FROM {table}"),
            "mib": round(await connection.fetchval("SELECT pg_total_relation_size($1::text::regclass)", table) / 2**20),
        }
        for table in ("rollup_sums", "rollup_spreads")
    }
    await connection.close()
    return sizes


async def _names(stack: Stack) -> tuple[str, str]:
    connection = await connect(stack)
    flow = await connection.fetchval("SELECT id FROM auto_engagement_flows WHERE name = 'Bench flow 0'")
    channel = await connection.fetchval("SELECT id FROM channels WHERE name = 'Bench bolna'")
    await connection.close()
    return str(flow), str(channel)


def endpoints(stack: Stack) -> dict[str, dict[str, float]]:
    """Every endpoint's p50 and p95 in milliseconds over HTTP: a month and a year, two zones, each filter."""
    flow, channel = asyncio.run(_names(stack))
    filters: dict[str, dict[str, str]] = {
        "all": {}, "one flow": {"flow_id": flow}, "one version": {"flow_id": flow, "version": "4"}, "one source": {"source": "IndiaMART"},
        "one channel": {"channel_id": channel},
    }  # fmt: skip
    paths = {"overview": "overview", "speed-to-lead": "speed-to-lead", "performance": "performance", "flow": f"flows/{flow}"}
    figures: dict[str, dict[str, float]] = {}
    for days in (30, 366):
        for name, path in paths.items():
            took = {}
            for filter_name, chosen in filters.items():
                for zone in ZONES:
                    took[f"{filter_name}, {zone}"] = _times(stack, path, days, {**chosen, "tz": zone, "figures": "true"})
            worst = max(took, key=lambda label: took[label]["p95"])
            figures[f"{name}, {days} days"] = {**took["all, Asia/Kolkata"], "worst_p95": took[worst]["p95"], "worst": worst}  # type: ignore[dict-item]
        for chart in ("funnel", "peak_times"):
            figures[f"export.csv {chart}, {days} days"] = _times(stack, "export.csv", days, {"chart": chart}, text=True)
        figures[f"export.xlsx, {days} days"] = _times(stack, "export.xlsx", days, {"chart": "success_trend"}, text=True)
    figures["definitions"] = _times(stack, "definitions", 30, {})
    return figures


def _times(stack: Stack, path: str, days: int, query: dict[str, str], *, text: bool = False) -> dict[str, float]:
    period = last_days(days, zone="UTC", now=utc_now())
    asked = urlencode({"from": period.first.isoformat(), "to": period.last.isoformat(), **query})
    took = []
    for number in range(ROUNDS + 2):
        started = time.perf_counter()
        stack.get(f"/api/automation/analytics/{path}?{asked}") if text else stack.api("GET", f"/api/automation/analytics/{path}?{asked}")
        if number >= 2:  # the first ones warm up
            took.append(time.perf_counter() - started)
    found = quantiles(took)
    return {"p50": found["p50"], "p95": found["p95"]}


def upkeep(stack: Stack, others: dict[str, int], port: int, leads: int, rounds: int = 3) -> dict[str, Any]:
    """Bursts with the rollups kept and without them (triggers off, so that there is nothing to fold), in turns: the same hour for both."""
    flow = whatsapp_flow(stack, connect_whatsapp(stack, port), STEPS)
    found: dict[str, list[dict[str, Any]]] = {"with": [], "without": []}
    for _ in range(rounds):
        for name, is_on in (("with", True), ("without", False)):
            asyncio.run(_switch(stack, is_on))
            found[name].append(measure_burst(stack, others, port, leads))
    asyncio.run(_switch(stack, True))
    stack.api("DELETE", f"/api/automation/flows/{flow}")
    said = autoflows(stack.home, "analytics", "rebuild", seconds=SECONDS)
    figures: dict[str, Any] = {"rebuilt": said.strip().splitlines()[-1]}
    for name, runs in found.items():
        figures[name] = {
            "executions_per_second": sorted(run["executions_per_second"] for run in runs)[len(runs) // 2],
            "cpu_ms": sorted(run["cpu_ms"]["all"] for run in runs)[len(runs) // 2],
            "runs": [(run["executions_per_second"], run["cpu_ms"]) for run in runs],
        }
    figures["cpu_more"] = round(figures["with"]["cpu_ms"] / figures["without"]["cpu_ms"] - 1, 4)
    return figures


async def _switch(stack: Stack, is_on: bool) -> None:
    connection = await connect(stack)
    for row in await connection.fetch(MIGHT_RUN):
        await connection.execute(f"ALTER TABLE {row['on_table']} {'ENABLE' if is_on else 'DISABLE'} TRIGGER {row['tgname']}")
    await connection.close()


async def plans(stack: Stack, account: UUID, period: Period) -> dict[str, dict[str, Any]]:
    """Milliseconds and plan of each chart's statement over a year."""
    connection, dialect, found = await connect(stack), postgresql.dialect(), {}  # type: ignore[no-untyped-call]
    await connection.execute(PLANS.replace("true)", "false)"))
    for slug, chart in CHARTS.items():
        sql, used = RELATIONS + chart.sql, []
        for name, value in values_of(Scope(account, period), chart.sql, period.pieces(chart.by)).items():
            if re.search(rf"(?<!:):{name}\b", sql):
                used.append(value)
                sql = re.sub(rf"(?<!:):{name}\b", f"${len(used)}::{BINDS[name].compile(dialect)}", sql)
        plan = [row[0] for row in await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", *used)]
        took = re.search(r"Execution Time: ([\d.]+) ms", "\n".join(plan))
        found[slug] = {"ms": float(took.group(1)) if took else 0.0, "plan": plan}
    await connection.close()
    return found


def rows(results: dict[str, Any]) -> list[tuple[str, str]]:
    """The figures in words."""
    told = [
        (
            "analytics: tables",
            ", ".join(f"{n:,} {t}" for t, n in results["seed"]["rows"].items()) + f"; {results['seed']['database_gib']} GiB",
        )
    ]
    rollups = results.get("rollups", {"sizes": {}})
    for name in [name for name in rollups if name != "sizes"]:
        one = rollups[name]
        told.append(
            (
                f"analytics: {name}",
                f"{one['logs']:,} logs in {one['seconds']} s, {one['per_second']:,} logs/s, {one['differences']} differences",
            )
        )
    told += [(f"analytics: {t}", f"{s['rows']:,} rows, {s['mib']} MiB") for t, s in rollups["sizes"].items()]
    for name, one in results.get("endpoints", {}).items():
        worst = f"; worst filter and zone p95 {one['worst_p95']} ms ({one['worst']})" if "worst" in one else ""
        told.append((f"analytics: {name}", f"p50 {one['p50']}, p95 {one['p95']} ms{worst}"))
    if "upkeep" in results:
        up = results["upkeep"]
        for name in ("with", "without"):
            told.append((f"burst {name} upkeep", f"{up[name]['executions_per_second']} executions/s, {up[name]['cpu_ms']} CPU ms per lead"))
        told.append(("upkeep", f"{100 * up['cpu_more']:.1f} % more CPU per lead"))
    return told
