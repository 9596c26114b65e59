"""Adding facts to the rollups in one statement: read what is there for their keys, add, write back; sums of nothing are left out."""

from __future__ import annotations

from dataclasses import dataclass

from autoflows.analytics.rollups.facts import SLOTS, Fact, Raw, grains

KEY = "user_id, grain, measure, span, starts_on, flow_version_id, source, channel_id, labels"
EPOCH = "DATE '1970-01-01'"


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table of rollups: its arrays of places and of amounts, and whether the amounts run up over the places of a row.

    A place is a quarter of an hour of the UTC day, 0 to 95; in a row of a month it is 0. In a spread it is `bin * 96`, and in its rows of
    quarters that and the quarter.
    """

    table: str
    places: str
    amounts: str
    is_running: bool

    @property
    def columns(self) -> str:
        """All but the key."""
        return f"{'total, ' if self.is_running else ''}{self.places}, {self.amounts}"

    def taken_apart(self, rows: str) -> str:
        """A query of the key, place and amount of each place of these rows (an SQL relation with the table's columns)."""
        own = "amount - lag(amount, 1, 0::bigint) OVER (ORDER BY place)" if self.is_running else "amount"
        places = f"SELECT place, {own} AS amount FROM unnest({self.places}, {self.amounts}) AS u(place, amount)"
        return f"SELECT {KEY}, old.place, old.amount FROM {rows} CROSS JOIN LATERAL ({places}) AS old"

    def put_together(self, found: str) -> str:
        """A query of rows as this table has them, of a query of keys, places and amounts; what adds up to nothing is left out."""
        shown = "add_up(amount) OVER (ORDER BY place)" if self.is_running else "amount"
        total = "total, " if self.is_running else ""
        return f"""
SELECT {KEY}, {total}added_places, added_amounts
FROM (SELECT {KEY}, array_agg(place) AS all_places, array_agg(amount) AS all_amounts FROM ({found}) AS found GROUP BY {KEY}) AS grouped
CROSS JOIN LATERAL (
  SELECT add_up(amount) AS total, array_agg(place ORDER BY place) AS added_places, array_agg(shown ORDER BY place) AS added_amounts
  FROM (SELECT place, amount, {shown} AS shown FROM (
    SELECT place, add_up(amount) AS amount FROM unnest(all_places, all_amounts) AS u(place, amount)
    GROUP BY place HAVING add_up(amount) <> 0
  ) AS summed) AS run
) AS added WHERE added_places IS NOT NULL"""


SUMS = Rollup("rollup_sums", "slots", "sums", is_running=True)
SPREADS = Rollup("rollup_spreads", "places", "counts", is_running=False)


def _listed(fact: Fact, rollup: Rollup) -> str:
    """A fact as a row of VALUES."""
    number, place = (fact.amount, "0") if rollup.is_running else ("number", f"{fact.amount} * {SLOTS}")
    where = fact.at if fact.where == "true" else f"CASE WHEN {fact.where} THEN {fact.at} END"
    return f"('{fact.measure}', {where}, {', '.join(fact.key())}, {place}, {number})"


def _merge(name: str, rollup: Rollup, facts: tuple[Fact, ...]) -> str:
    """CTEs that add what is told of images to a table; the last one, `name`, is the INSERT."""
    listed = ",\n    ".join(_listed(fact, rollup) for fact in facts)
    whole = f"place - place % {SLOTS}"
    quarters = f"""
  UNION ALL
  SELECT user_id, 'each', measure, 'quarter', day, flow_version_id, source, channel_id, labels, place, amount FROM {name}_facts"""
    return f"""
{name}_facts AS MATERIALIZED (
  SELECT user_id, measure, {EPOCH} + quarter / {SLOTS} AS day, flow_version_id, source, channel_id, labels,
    bin_place + quarter % {SLOTS} AS place, add_up(amount) AS amount
  FROM (SELECT k.user_id, f.* FROM told k CROSS JOIN LATERAL (VALUES
    {listed}
  ) AS f(measure, quarter, flow_version_id, source, channel_id, labels, bin_place, amount)) AS found
  WHERE quarter IS NOT NULL AND bin_place IS NOT NULL AND amount <> 0 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING add_up(amount) <> 0
), {name}_days AS MATERIALIZED (
  SELECT user_id, g.grain, measure, day, g.flow_version_id, g.source, g.channel_id, labels,
    {"place" if rollup.is_running else whole} AS place, add_up(amount) AS amount
  FROM {name}_facts AS f CROSS JOIN LATERAL ({grains("f")}) AS g GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 HAVING add_up(amount) <> 0
), {name}_new AS MATERIALIZED (
  SELECT user_id, grain, measure, 'day' AS span, day AS starts_on, flow_version_id, source, channel_id, labels, place, amount
  FROM {name}_days
  UNION ALL
  SELECT user_id, grain, measure, 'month', date_trunc('month', day)::date, flow_version_id, source, channel_id, labels, {whole},
    add_up(amount)
  FROM {name}_days GROUP BY 1, 2, 3, 5, 6, 7, 8, 9, 10 HAVING add_up(amount) <> 0{"" if rollup.is_running else quarters}
), {name}_old AS (
  DELETE FROM {rollup.table} WHERE ({KEY}) IN (SELECT {KEY} FROM {name}_new) RETURNING {KEY}, {rollup.places}, {rollup.amounts}
), {name} AS (
  INSERT INTO {rollup.table} ({KEY}, {rollup.columns})
  {rollup.put_together(f"SELECT {KEY}, place, amount FROM {name}_new UNION ALL {rollup.taken_apart(f'{name}_old')}")}
  RETURNING 1
)"""


def statement(raw: Raw, images: str) -> str:
    """One statement that takes images (`images` is a query) and adds what they contribute; it gives how many images there were."""
    parts = [_merge("added_sums", SUMS, raw.sums)]
    if raw.spreads:
        parts.append(_merge("added_spreads", SPREADS, raw.spreads))
    merged = ",".join(parts)
    return f"WITH images AS MATERIALIZED ({images}), told AS MATERIALIZED ({raw.told}), {merged} SELECT count(*) FROM images"
