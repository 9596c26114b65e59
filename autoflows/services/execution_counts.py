"""How many executions there are, what is due next, and what there is to choose from: the figures around the list.

None of them is counted over a whole account: where there are many, counting stops, and the answer says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col

from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.models import Execution
from autoflows.models import execution as table
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.execution_filter import ACTS, WAITS, Chosen, choose, in_doubt
from autoflows.services.views.executions import (
    A_STEP,
    WAITING_RULES,
    DueBucket,
    ExecutionChoices,
    ExecutionFilter,
    Forecast,
    StatusCounts,
)
from autoflows.services.views.masking import shown

COUNTED_TO = 10_000
"""Of each status, where an index tells the numbers; of all together, the newest, where rows are looked at. More is said as 'or more'."""
BY_INDEX = {"since", "until", "is_test_run", "waiting_rule"}
"""Filters whose numbers an index tells."""
LOOKED_AT = 2_000
"""Of how many executions, the newest, the person is looked at to count those that fit a search for very many people."""
MOST_NEW = 100
AHEAD, STEP = timedelta(hours=1), timedelta(minutes=10)
COUNTED_DUE = 2_000
"""Of one rule in one bucket."""
MOST_SOURCES = 200

DUE = f"""
SELECT rule, bucket, due FROM unnest(CAST(:rules AS text[])) AS rule CROSS JOIN generate_series(0, :buckets - 1) AS bucket
CROSS JOIN LATERAL (SELECT :since + bucket * CAST(:step AS interval) AS starts) AS begins
CROSS JOIN LATERAL (
  SELECT count(*) AS due FROM (
    (SELECT 1 FROM flow_executions WHERE user_id = :account AND {table.WAITS} AND waiting_rule = rule
     AND waiting_until >= starts AND waiting_until < starts + CAST(:step AS interval) LIMIT :most)
    UNION ALL
    (SELECT 1 FROM flow_executions WHERE rule = :a_step AND user_id = :account AND {table.WAITS} AND waiting_rule IS NULL
     AND waiting_until >= starts AND waiting_until < starts + CAST(:step AS interval) LIMIT :most)
  ) AS those
) AS counted WHERE due > 0
"""  # noqa: S608
# From one source to the next in the index, not through all of its executions.
SOURCES = f"""
WITH RECURSIVE found AS (
  (SELECT lower({table.LEAD_SOURCE}) AS source FROM flow_executions WHERE user_id = :account
   ORDER BY lower({table.LEAD_SOURCE}) LIMIT 1)
  UNION ALL
  SELECT (SELECT lower({table.LEAD_SOURCE}) FROM flow_executions WHERE user_id = :account AND lower({table.LEAD_SOURCE}) > found.source
          ORDER BY lower({table.LEAD_SOURCE}) LIMIT 1)
  FROM found WHERE found.source IS NOT NULL
)
SELECT (SELECT {table.LEAD_SOURCE} FROM flow_executions WHERE user_id = :account AND lower({table.LEAD_SOURCE}) = found.source
        ORDER BY triggered_at DESC LIMIT 1)
FROM found WHERE found.source <> '' LIMIT :most
"""  # noqa: S608
HOLDING = f"""
SELECT rule FROM unnest(CAST(:rules AS text[])) AS rule
WHERE EXISTS (SELECT 1 FROM flow_executions WHERE user_id = :account AND {table.WAITS} AND waiting_rule = rule)
  OR rule = :a_step AND EXISTS (SELECT 1 FROM flow_executions WHERE user_id = :account AND {table.WAITS} AND waiting_rule IS NULL)
"""  # noqa: S608


@requires(Permission.EXECUTIONS_READ)
async def count_by_status(actor: Actor, session: AsyncSession, wanted: ExecutionFilter) -> StatusCounts:
    """How many of those that fit have each status, act, wait, and need a person; large numbers are not counted to their end.

    The filter's own status, stage and `needs_person` are left out, so that the numbers beside the choices do not change with the choice.
    """
    rest = wanted.model_copy(update={"status": None, "stage": None, "needs_person": None})
    chosen = await choose(actor, session, rest)
    doubted, _ = await in_doubt(actor, session)
    wants: dict[str, Any] = {status.value: col(Execution.status) == sa.literal_column(f"'{status}'") for status in ExecutionStatus}
    wants |= {"active": ACTS, "waiting": WAITS, "needs_person": doubted}
    if not rest.is_test_run and all(getattr(rest, name) in (None, "") for name in set(ExecutionFilter.model_fields) - BY_INDEX):
        row = (await session.exec(sa.select(*(_up_to(COUNTED_TO + 1, *chosen.tests, want) for want in wants.values())))).one()  # type: ignore[call-overload]
        capped = [name for name, number in zip(wants, row, strict=True) if number > COUNTED_TO]
    else:
        *row, looked_at = (await session.exec(_one_pass(chosen, wants))).one()  # type: ignore[call-overload]
        capped = list(wants) if looked_at >= _reach(chosen) else []
    found: dict[str, int] = {name: min(number, COUNTED_TO) for name, number in zip(wants, row, strict=True)}
    by_status = {status.value: found[status] for status in ExecutionStatus}
    return StatusCounts(
        total=sum(by_status.values()),
        by_status=by_status,
        active=found["active"],
        waiting=found["waiting"],
        needs_person=found["needs_person"],
        capped=[*capped, *(["total"] if set(by_status) & set(capped) else [])],
    )


def _reach(chosen: Chosen) -> int:
    return COUNTED_TO if chosen.person is None else LOOKED_AT


def _one_pass(chosen: Chosen, wants: dict[str, Any]) -> sa.Select[*tuple[Any, ...]]:
    """The query of one row: a number for each want among the newest that fit, and last how many were looked at."""
    flags = [sa.case((want, True), else_=False).label(f"want_{number}") for number, want in enumerate(wants.values())]
    person: Any = sa.literal_column("true", sa.Boolean) if chosen.person is None else chosen.person
    rows = sa.select(*flags, person.label("fits")).where(*chosen.plain)
    if not chosen.few:
        rows = rows.order_by(*(key.desc() for key in _KEYS))
    newest = rows.limit(_reach(chosen)).subquery()
    count = sa.func.count()
    counted: sa.Select[*tuple[Any, ...]] = sa.select(*(count.filter(newest.c.fits, newest.c[flag.name]) for flag in flags), count)
    return counted


@requires(Permission.EXECUTIONS_READ)
async def count_newer(actor: Actor, session: AsyncSession, wanted: ExecutionFilter, seen: tuple[datetime, UUID]) -> int:
    """How many that fit were triggered after the one with this `triggered_at` and id; `MOST_NEW` means so many or more."""
    chosen = await choose(actor, session, wanted)
    last = sa.tuple_(*(sa.literal(value, key.type) for value, key in zip(seen, _KEYS, strict=True)))
    statement = sa.select(_up_to(MOST_NEW, *chosen.tests, sa.tuple_(*_KEYS) > last))
    return int((await session.exec(statement)).one()[0])  # type: ignore[call-overload]


@requires(Permission.EXECUTIONS_READ)
async def forecast(actor: Actor, session: AsyncSession) -> Forecast:
    """What goes on in the next hour, in steps of ten minutes and by the rule that holds it."""
    since, number = utc_now(), AHEAD // STEP
    due = sa.text(DUE).bindparams(
        sa.bindparam("rules", list(WAITING_RULES), ARRAY(sa.Text)),
        sa.bindparam("since", since, sa.DateTime(timezone=True)),
        sa.bindparam("step", STEP, sa.Interval),
        sa.bindparam("account", actor.account_id, sa.Uuid()),
        buckets=number,
        a_step=A_STEP,
        most=COUNTED_DUE + 1,
    )
    rows = (await session.exec(due)).all()  # type: ignore[call-overload]
    buckets: list[dict[str, int]] = [{} for _ in range(number)]
    for rule, bucket, found in rows:
        buckets[bucket][rule] = min(found, COUNTED_DUE)
    by_rule = {rule: total for rule in WAITING_RULES if (total := sum(found.get(rule, 0) for found in buckets))}
    return Forecast(
        since=since,
        until=since + AHEAD,
        total=sum(by_rule.values()),
        by_rule=by_rule,
        buckets=[DueBucket(at=since + n * STEP, due=sum(found.values()), by_rule=found) for n, found in enumerate(buckets)],
        capped=any(found > COUNTED_DUE for _, _, found in rows),
    )


@requires(Permission.EXECUTIONS_READ)
async def choices(actor: Actor, session: AsyncSession) -> ExecutionChoices:
    """The sources of the account's leads, and the rules that hold executions now."""
    account = sa.bindparam("account", actor.account_id, sa.Uuid())
    sources = sa.text(SOURCES).bindparams(account, most=MOST_SOURCES)
    rules = sa.text(HOLDING).bindparams(account, sa.bindparam("rules", list(WAITING_RULES), ARRAY(sa.Text)), a_step=A_STEP)
    names = [row[0] for row in (await session.exec(sources)).all()]  # type: ignore[call-overload]
    holding = {row[0] for row in (await session.exec(rules)).all()}  # type: ignore[call-overload]
    view = ExecutionChoices(lead_sources=sorted(names, key=str.casefold), waiting_rules=[r for r in WAITING_RULES if r in holding])
    return shown(view, pii=actor.may(Permission.PII_READ))


_KEYS: tuple[Any, ...] = (col(Execution.triggered_at), col(Execution.id))


def _up_to(limit: int, *tests: Any) -> sa.ScalarSelect[int]:
    """The number of executions that meet these, at most `limit`."""
    some = sa.select(sa.literal(1)).select_from(Execution).where(*tests).limit(limit).subquery()
    return sa.select(sa.func.count()).select_from(some).scalar_subquery()
