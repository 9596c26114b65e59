"""Reading the rollups: the rows that a period is made of, filtered, as two relations that every chart's statement may read.

`counted(label, measure, labels, flow_version_id, source, channel_id, amount)` holds sums and `spread(measure, labels, channel_id, bin,
amount)` histograms; what their measures and labels are stands in `rollups/facts.py`. `label` is the day or hour, as the period is cut. A
statement may also name `:account` and `:busy` (the measure `busy`, in the form that is read fastest).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.period import SLOTS, By, Period
from autoflows.domain.errors import FieldError, Invalid, NotFound

FILTERS = """
  AND (:versions IS NULL OR r.flow_version_id = ANY(:versions)) AND (:source IS NULL OR r.source = :source)
  AND (:channel IS NULL OR r.channel_id = :channel)
"""
RELATIONS = f"""
WITH pieces AS NOT MATERIALIZED (
  SELECT * FROM unnest(:spans, :days, :lows, :highs, :labels) AS s(span, starts_on, low, high, label)
), counted AS NOT MATERIALIZED (
  SELECT s.label, r.measure, r.labels, r.flow_version_id, r.source, r.channel_id,
    CASE WHEN s.low = 0 AND s.high = {SLOTS} THEN r.total
      ELSE COALESCE(r.sums[width_bucket(s.high - 1, r.slots)], 0) - COALESCE(r.sums[width_bucket(s.low - 1, r.slots)], 0) END AS amount
  FROM pieces s JOIN rollup_sums r ON r.user_id = :account AND r.span = s.span AND r.starts_on = s.starts_on {FILTERS}
), spread AS NOT MATERIALIZED (
  SELECT r.measure, r.labels, r.channel_id, p.place / {SLOTS} AS bin, p.amount
  FROM pieces s JOIN rollup_spreads r ON r.user_id = :account AND r.span = s.span AND r.starts_on = s.starts_on {FILTERS}
  CROSS JOIN LATERAL unnest(r.places, r.counts) AS p(place, amount)
  WHERE p.place % {SLOTS} >= s.low AND p.place % {SLOTS} < s.high
)
"""
BINDS = (
    sa.bindparam("account", type_=sa.Uuid()),
    sa.bindparam("versions", type_=ARRAY(sa.Uuid())),
    sa.bindparam("source", type_=sa.Text()),
    sa.bindparam("channel", type_=sa.Uuid()),
    sa.bindparam("busy", type_=sa.Text()),
    sa.bindparam("spans", type_=ARRAY(sa.Text())),
    sa.bindparam("days", type_=ARRAY(sa.Date())),
    sa.bindparam("lows", type_=ARRAY(sa.Integer())),
    sa.bindparam("highs", type_=ARRAY(sa.Integer())),
    sa.bindparam("labels", type_=ARRAY(sa.Text())),
)
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

    @property
    def is_open(self) -> bool:
        """Whether nothing is left out."""
        return self == Filter()


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures, of which days, narrowed to what."""

    account_id: UUID
    period: Period
    filter: Filter = Filter()

    def of(self, period: Period) -> Scope:
        """The same for other days."""
        return Scope(self.account_id, period, self.filter)


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


async def read(session: AsyncSession, scope: Scope, sql: str, by: By = "total") -> Sequence[Any]:
    """The rows of one statement over `counted` or `spread`, as mappings."""
    pieces = list(zip(*scope.period.pieces(by), strict=True))
    spans, days, lows, highs, labels = pieces
    values = {
        "account": scope.account_id,
        "versions": list(scope.filter.versions) if scope.filter.versions is not None else None,
        "source": scope.filter.source,
        "channel": scope.filter.channel_id,
        "busy": "busy_all" if scope.filter.is_open else "busy",
        "spans": list(spans),
        "days": list(days),
        "lows": list(lows),
        "highs": list(highs),
        "labels": list(labels),
    }
    statement = sa.text(RELATIONS + sql)
    named = statement.compile().params.keys()
    statement = statement.bindparams(*(bind for bind in BINDS if bind.key in named))
    connection = await session.connection()
    return (await connection.execute(statement, {name: values[name] for name in named})).mappings().all()
