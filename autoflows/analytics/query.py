"""Reading the rollups: the rows that a period is made of, filtered, as two relations that every chart's statement may read.

`counted(label, measure, labels, flow_version_id, source, channel_id, amount)` holds sums and `spread(label, measure, labels, channel_id,
bin, amount)` histograms; what their measures and labels are stands in `rollups/facts.py`. `label` is the day or hour, as the period is cut.
Of flow version, source and channel a statement has what it names; the others are added up already. It may name `:account`, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.period import SLOTS, By, Period, Pieces, pieces_of
from autoflows.analytics.rollups.facts import FINE
from autoflows.domain.errors import FieldError, Invalid, NotFound
from autoflows.models.rollup import GRAINS

FILTERS = """
  AND (:versions IS NULL OR r.flow_version_id = ANY(:versions)) AND (:source IS NULL OR r.source = :source)
  AND (:channel IS NULL OR r.channel_id = :channel)
"""
# A day of which something is left out is read from the rows that tell the quarters of its values.
RELATIONS = f"""
WITH cuts AS NOT MATERIALIZED (
  SELECT * FROM unnest(:shapes, :lows, :highs, :labels) AS c(shape, low, high, label)
), pieces AS NOT MATERIALIZED (
  SELECT * FROM unnest(:spans, :days, :cut_as, :wholes) AS s(span, starts_on, shape, is_whole)
), counted AS NOT MATERIALIZED (
  SELECT c.label, r.measure, r.labels, r.flow_version_id, r.source, r.channel_id,
    CASE WHEN c.high = {SLOTS} THEN r.total ELSE COALESCE(r.sums[width_bucket(c.high - 1, r.slots)], 0) END
      - CASE WHEN c.low = 0 THEN 0 ELSE COALESCE(r.sums[width_bucket(c.low - 1, r.slots)], 0) END AS amount
  FROM pieces s JOIN rollup_sums r ON r.user_id = :account AND r.grain = :grain AND r.span = s.span AND r.starts_on = s.starts_on {FILTERS}
  JOIN cuts c ON c.shape = s.shape
), spread AS NOT MATERIALIZED (
  SELECT c.label, r.measure, r.labels, r.channel_id, p.place / {SLOTS} AS bin, p.amount
  FROM pieces s JOIN rollup_spreads r ON r.user_id = :account AND r.grain = CASE WHEN s.is_whole THEN :grain ELSE 'each' END
    AND r.span = CASE WHEN s.is_whole THEN s.span ELSE 'quarter' END AND r.starts_on = s.starts_on {FILTERS}
  JOIN cuts c ON c.shape = s.shape
  CROSS JOIN LATERAL unnest(r.places, r.counts) AS p(place, amount)
  WHERE p.place % {SLOTS} >= c.low AND p.place % {SLOTS} < c.high
)
"""
BINDS: dict[str, sa.types.TypeEngine[Any]] = {
    "account": sa.Uuid(),
    "grain": sa.Text(),
    "versions": ARRAY(sa.Uuid()),
    "source": sa.Text(),
    "channel": sa.Uuid(),
    "shapes": ARRAY(sa.Integer()),
    "lows": ARRAY(sa.Integer()),
    "highs": ARRAY(sa.Integer()),
    "labels": ARRAY(sa.Text()),
    "spans": ARRAY(sa.Text()),
    "days": ARRAY(sa.Date()),
    "cut_as": ARRAY(sa.Integer()),
    "wholes": ARRAY(sa.Boolean()),
}
# Each statement for its own pieces: a plan for any would be made for ten of them, and a year by days has hundreds. Sums by hashing: what
# comes out of arrays is taken for a handful of rows, which would be sorted, by the rules of a language, on disk.
PLANS = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_sort', 'off', true),
  set_config('work_mem', '32MB', true)
"""
VERSIONS = """
SELECT v.id FROM flow_versions v JOIN auto_engagement_flows f ON f.id = v.flow_id
WHERE f.user_id = :account AND f.id = :flow AND (CAST(:version AS int) IS NULL OR v.version = :version)
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the figures are narrowed to: versions of flows, a lead source, a channel; None is everything."""

    versions: tuple[UUID, ...] | None = None
    source: str | None = None
    channel_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures, of which days, narrowed to what."""

    account_id: UUID
    period: Period
    filter: Filter = Filter()


async def filter_of(
    session: AsyncSession, account_id: UUID, flow_id: UUID | None, version: int | None, source: str | None, channel_id: UUID | None
) -> Filter:
    """The filter that a request names. Raises NotFound for a flow or version there is none of, Invalid for a version without its flow."""
    if flow_id is None:
        if version is not None:
            raise Invalid("A version is one of a flow.", errors=[FieldError("/query/version", "name the flow, too")])
        return Filter(None, source, channel_id)
    connection = await session.connection()
    rows = await connection.execute(sa.text(VERSIONS), {"account": account_id, "flow": flow_id, "version": version})
    versions = tuple(row.id for row in rows)
    if not versions:
        raise NotFound(f"There is no flow with the id {flow_id}" + (f" that has a version {version}." if version else "."))
    return Filter(versions, source, channel_id)


async def plan_well(session: AsyncSession) -> None:
    """Have the statements of this transaction planned for what they read, which PostgreSQL cannot guess."""
    await (await session.connection()).execute(sa.text(PLANS))


async def read(session: AsyncSession, scope: Scope, sql: str, by: By = "total") -> Sequence[Any]:
    """The rows of one statement over `counted` or `spread`, as mappings."""
    return await _rows(session, scope, sql, scope.period.pieces(by))


async def read_each(session: AsyncSession, scope: Scope, sql: str, periods: Mapping[str, Period]) -> Sequence[Any]:
    """The same for several periods in one statement, whose `label` is a period's name."""
    return await _rows(session, scope, sql, pieces_of(periods))


async def _rows(session: AsyncSession, scope: Scope, sql: str, pieces: Pieces) -> Sequence[Any]:
    statement, named = _statement(sql)
    values = values_of(scope, sql, pieces)
    connection = await session.connection()
    return (await connection.execute(statement, {name: values[name] for name in named})).mappings().all()


@lru_cache(maxsize=100)
def _statement(sql: str) -> tuple[sa.TextClause, list[str]]:
    statement = sa.text(RELATIONS + sql)
    named = list(statement.compile().params)
    return statement.bindparams(*(sa.bindparam(name, type_=BINDS[name]) for name in named)), named


def values_of(scope: Scope, sql: str, pieces: Pieces) -> dict[str, Any]:
    """What the names in the relations and in a statement over them stand for."""
    shapes, cuts = zip(*pieces.cuts, strict=True)
    lows, highs, labels = zip(*cuts, strict=True)
    spans, days, cut_as, wholes = zip(*pieces.pieces, strict=True)
    lists = {
        "shapes": shapes,
        "lows": lows,
        "highs": highs,
        "labels": labels,
        "spans": spans,
        "days": days,
        "cut_as": cut_as,
        "wholes": wholes,
    }
    return {
        "account": scope.account_id,
        "grain": _grain(scope.filter, sql),
        "versions": list(scope.filter.versions) if scope.filter.versions is not None else None,
        "source": scope.filter.source,
        "channel": scope.filter.channel_id,
        **{name: list(values) for name, values in lists.items()},
    }


def _grain(chosen: Filter, sql: str) -> str:
    """The coarsest rows that tell apart what the filter and the statement do."""
    if f"'{FINE}'" in sql:
        return "each"
    filtered = {"flow_version_id": chosen.versions, "source": chosen.source, "channel_id": chosen.channel_id}
    told = {column for column, value in filtered.items() if value is not None or re.search(rf"\b{column}\b", sql)}
    return next(grain for grain, columns in GRAINS.items() if told == set(columns)) if len(told) <= 1 else "each"
