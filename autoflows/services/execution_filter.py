"""A filter of executions as conditions on their table: the same for lists, counts, exports and what is done to many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from autoflows.ids import utc_now
from autoflows.models import ActionLog, Execution
from autoflows.models import execution as table
from autoflows.services.access import Actor, AsyncSession, open_to
from autoflows.services.contacts import clean
from autoflows.services.execution_facts import facts_asked
from autoflows.services.pages import among
from autoflows.services.person_search import find_people
from autoflows.services.views.executions import A_STEP, ExecutionFilter, Stage

# As the indexes have them, so that PostgreSQL knows them again whatever the values of a statement are.
WAITS: Any = sa.literal_column(f"({table.WAITS})", sa.Boolean)
ACTS: Any = sa.literal_column(f"({table.ACTS})", sa.Boolean)
TEST_RUN: Any = col(Execution.is_test_run)
RUNNING: Any = col(Execution.status) == sa.literal_column("'running'")
UNKNOWN: Any = col(ActionLog.status) == sa.literal_column("'unknown'")
LEAD_SOURCE: Any = sa.literal_column(f"({table.LEAD_SOURCE})", sa.Text)
"""Where the lead came from; `manual` for those enrolled by hand."""
FEW = 2_000
"""Up to so many executions in doubt are looked up by their ids."""
FEW_ROWS = 10_000
"""Up to so many executions that one condition leaves are all read, whatever the others are."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The conditions an execution must meet. `few`: they name so few that these are read first and sorted then."""

    plain: list[sa.ColumnElement[bool]]
    few: bool = False
    person: sa.ColumnElement[bool] | None = None
    """Where too many people fit a search: asked of each execution by itself, so that counting soon gets dear."""

    @property
    def tests(self) -> list[sa.ColumnElement[bool]]:
        """All of them."""
        return self.plain if self.person is None else [*self.plain, self.person]


@open_to("services")
async def choose(actor: Actor, session: AsyncSession, wanted: ExecutionFilter) -> Chosen:
    """What an execution of the actor's account must meet to be among those wanted."""
    mine = col(Execution.user_id) == actor.account_id
    indexed = _indexed(wanted)
    tests = [mine, *indexed]
    if wanted.is_test_run is False:
        tests.append(~TEST_RUN)
    if wanted.stage is not None:
        tests.append(WAITS if wanted.stage is Stage.WAITING else ACTS)
    few, person = len(tests) > 2 and await _any_few(session, mine, indexed), None
    if wanted.needs_person is not None:
        doubted, are_few = await in_doubt(actor, session)
        few = few or (are_few and wanted.needs_person)
        tests.append(doubted if wanted.needs_person else ~doubted)
    tests += await facts_asked(actor, session, wanted)
    if search := clean(wanted.search):
        people = await find_people(actor, session, search)
        own = people.own(col(Execution.contact_id))
        if few or people.ids is not None:
            few = True
            tests.append(own)
        else:
            person = own
    return Chosen(tests, few, person)


def _indexed(wanted: ExecutionFilter) -> list[sa.ColumnElement[bool]]:
    """The conditions that have an index of their own."""
    tests: list[sa.ColumnElement[bool]] = []
    columns: tuple[tuple[Any, Any], ...] = (
        (Execution.flow_id, wanted.flow_id),
        (Execution.contact_id, wanted.contact_id),
        (Execution.status, wanted.status),
        (Execution.last_outcome, wanted.outcome),
    )
    tests += [col(column) == value for column, value in columns if value is not None]
    if wanted.is_test_run:
        tests.append(TEST_RUN)
    if wanted.lead_source is not None:
        tests.append(sa.func.lower(LEAD_SOURCE) == clean(wanted.lead_source).lower())
    if wanted.waiting_rule is not None:
        held_by, waits = col(Execution.waiting_rule), col(Execution.waiting_until).is_not(None)
        rule = sa.and_(held_by.is_(None), waits) if wanted.waiting_rule == A_STEP else held_by == wanted.waiting_rule
        tests.append(sa.and_(RUNNING, rule))
    bounds = []
    if wanted.since is not None:
        bounds.append(col(Execution.triggered_at) >= wanted.since)
    if wanted.until is not None:
        bounds.append(col(Execution.triggered_at) < wanted.until)
    if wanted.within_hours is not None:
        bounds.append(col(Execution.triggered_at) >= utc_now() - timedelta(hours=wanted.within_hours))
    return [*tests, sa.and_(*bounds)] if bounds else tests


async def _any_few(session: AsyncSession, mine: sa.ColumnElement[bool], tests: list[sa.ColumnElement[bool]]) -> bool:
    """Whether one of the conditions alone leaves few. PostgreSQL takes conditions for independent; where they exclude each other it would
    read a whole account in the list's order to find nothing."""
    if not tests:
        return False
    counts = []
    for test in tests:
        some = sa.select(sa.literal(1)).select_from(Execution).where(mine, test).limit(FEW_ROWS + 1).subquery()
        counts.append(sa.select(sa.func.count()).select_from(some).scalar_subquery())
    row: Sequence[int] = (await session.exec(sa.select(*counts))).one()  # type: ignore[call-overload]
    return min(row) <= FEW_ROWS


def for_audit(wanted: ExecutionFilter) -> dict[str, Any]:
    """The filter for the audit log, which keeps no names and addresses."""
    said = wanted.model_dump(mode="json", include=set(ExecutionFilter.model_fields), exclude_defaults=True)
    return said | ({"search": "…"} if wanted.search else {})


@open_to("services")
async def in_doubt(actor: Actor, session: AsyncSession) -> tuple[sa.ColumnElement[bool], bool]:
    """Executions with an attempt of which nobody told what became of it, and whether they are few."""
    doubted = sa.select(col(ActionLog.flow_execution_id)).where(col(ActionLog.user_id) == actor.account_id, UNKNOWN)
    ids = {row[0] for row in (await session.exec(doubted.limit(FEW + 1))).all()}  # type: ignore[call-overload]
    are_few = len(ids) <= FEW
    return among(col(Execution.id), ids) if are_few else col(Execution.id).in_(doubted), are_few
