"""Adding facts to the rollups in one statement: read what is there for their keys, add, write back; sums of nothing are left out."""

from __future__ import annotations

from dataclasses import dataclass

from autoflows.analytics.rollups import facts

KEY = "user_id, measure, span, starts_on, flow_version_id, source, channel_id, labels"
SLOT = "(floor(date_part('epoch', at) / 900)::bigint % 96)::int"
"""The quarter of an hour of the UTC day. All zones of today are whole quarters from UTC, so that local hours and days are made of them."""
DAY = "(at AT TIME ZONE 'UTC')::date"
SLOTS = 96


@dataclass(frozen=True, slots=True)
class Raw:
    """One table that figures come from: the table of its changes, its rows as images, and what they contribute."""

    table: str
    changes: str
    rows: str
    time: str
    sums: str
    spreads: str | None = None


RAWS = (
    Raw("flow_executions", "changed_executions", facts.EXECUTION_ROWS, "triggered_at", facts.EXECUTION_FACTS, facts.EXECUTION_VALUES),
    Raw("flow_action_logs", "changed_action_logs", facts.LOG_ROWS, "started_at", facts.LOG_FACTS, facts.LOG_VALUES),
    Raw("lead_events", "changed_lead_events", facts.LEAD_ROWS, "received_at", facts.LEAD_FACTS),
)


def _merge(name: str, into: str, source: str, place: str, month_place: str, columns: tuple[str, str]) -> str:
    """CTEs that add `source`'s facts to the table `into`; the last one, `name`, is the INSERT."""
    places, sums = columns
    is_running = sums == "sums"  # sums run up over their slots; counts of a spread stand for themselves
    before = f"old.amount - lag(old.amount, 1, 0::bigint) OVER (PARTITION BY {KEY} ORDER BY old.place)" if is_running else "old.amount"
    shown = "sum(amount) OVER (ORDER BY place)" if is_running else "amount"
    total = "total, " if is_running else ""
    return f"""
{name}_facts AS MATERIALIZED (
  SELECT user_id, measure, {DAY} AS day, flow_version_id, source, channel_id, labels, {place} AS place, sum(amount)::bigint AS amount
  FROM ({source}) AS found GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(amount) <> 0
), {name}_new AS MATERIALIZED (
  SELECT user_id, measure, 'day' AS span, day AS starts_on, flow_version_id, source, channel_id, labels, place, amount FROM {name}_facts
  UNION ALL
  SELECT user_id, measure, 'month', date_trunc('month', day)::date, flow_version_id, source, channel_id, labels, {month_place},
    sum(amount)::bigint
  FROM {name}_facts GROUP BY 1, 2, 4, 5, 6, 7, 8, 9 HAVING sum(amount) <> 0
), {name}_old AS (
  DELETE FROM {into} WHERE ({KEY}) IN (SELECT {KEY} FROM {name}_new) RETURNING {KEY}, {places}, {sums}
), {name}_all AS (
  SELECT {KEY}, place, amount FROM {name}_new
  UNION ALL SELECT {KEY}, old.place, {before} FROM {name}_old CROSS JOIN LATERAL unnest({places}, {sums}) AS old(place, amount)
), {name}_rows AS (
  SELECT {KEY}, array_agg(place) AS all_places, array_agg(amount) AS amounts FROM {name}_all GROUP BY {KEY}
), {name} AS (
  INSERT INTO {into} ({KEY}, {total}{places}, {sums})
  SELECT {KEY}, {total}added_places, added_sums FROM {name}_rows CROSS JOIN LATERAL (
    SELECT sum(amount)::bigint AS total, array_agg(place ORDER BY place) AS added_places, array_agg(shown ORDER BY place) AS added_sums
    FROM (SELECT place, amount, {shown} AS shown FROM (
      SELECT place, sum(amount)::bigint AS amount FROM unnest(all_places, amounts) AS u(place, amount)
      GROUP BY place HAVING sum(amount) <> 0
    ) AS summed) AS run
  ) AS added WHERE added_places IS NOT NULL RETURNING 1
)"""


def statement(raw: Raw, images: str, sums: str = "rollup_sums", spreads: str = "rollup_spreads") -> str:
    """One statement that takes images (`images` is a query) and adds what they contribute; it gives how many images there were."""
    parts = [_merge("added_sums", sums, raw.sums, SLOT, "0", ("slots", "sums"))]
    if raw.spreads is not None:
        binned = f"SELECT *, {facts.BIN} AS bin FROM ({raw.spreads}) AS measured"
        parts.append(_merge("added_spreads", spreads, binned, f"bin * {SLOTS} + {SLOT}", f"place - place % {SLOTS}", ("places", "counts")))
    return f"WITH images AS MATERIALIZED ({images}), {','.join(parts)} SELECT count(*) FROM images"
