"""Doing something to many executions: which are chosen, the number first, then the work with its progress, and what came of it in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import reflex as rx
from pydantic import BaseModel, ValidationError

from autoflows.domain.errors import Conflict, Forbidden, Invalid, NotFound
from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.permissions import Permission
from autoflows.services import execution_control
from autoflows.services.validation import invalid
from autoflows.services.views.executions import CancelMany, ExecutionFilter, RetryMany
from autoflows.ui.states.base import choice_of, id_of, ids_of, text_of
from autoflows.ui.states.executions_table import ExecutionTable
from autoflows.ui.states.executions_wanted import SIZES

CANCEL, RETRY = "cancel", "retry"
ACTS_ON = {CANCEL: ExecutionStatus.RUNNING, RETRY: ExecutionStatus.FAILED}
TELL_EVERY = 5
"""Of those that are done one by one; each telling is a message to the browser."""


class Question(BaseModel):
    """What is about to be done: to how many (`said` as people write it) of how many, and how far it is."""

    kind: str
    number: int
    said: str
    of: str
    by_filter: bool
    done: int = 0


@dataclass(slots=True)
class Tally:
    """What came of it so far; `refused` counts the others by the reason."""

    done: int = 0
    left: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class ExecutionBulk(ExecutionTable, mixin=True):
    """The question that is asked before, and what came of the work."""

    bulk: Question | None = None
    bulk_text: str = ""
    bulk_notes: list[str] = []

    @rx.var
    def page_chosen(self) -> bool:
        """Whether every row shown is ticked."""
        return bool(self.rows) and (self.all_chosen or len(self.chosen) == len(self.rows))

    def _close_bulk(self) -> None:
        self.bulk, self.bulk_text, self.bulk_notes = None, "", []
        self._choose_none()

    @rx.event
    async def tick(self, execution_id: str, on: bool) -> None:
        """Choose a row, or not any more."""
        wanted = str(id_of(execution_id))
        if wanted not in {row.id for row in self.rows}:
            raise Invalid("This execution is not on the page any more.")
        before = [row.id for row in self.rows] if self.all_chosen else self.chosen
        rest = [chosen for chosen in before if chosen != wanted]
        self.chosen, self.all_chosen = [*rest, wanted] if on is True else rest, False
        await self._catch_up()

    @rx.event
    async def tick_page(self, on: bool) -> None:
        """Choose every row shown, or none."""
        self.chosen, self.all_chosen = [row.id for row in self.rows] if on is True else [], False
        await self._catch_up()

    @rx.event
    def choose_all_fitting(self) -> None:
        """Choose everything that fits the filters, shown or not."""
        self.chosen, self.all_chosen = [row.id for row in self.rows], True

    @rx.event
    async def ask_bulk(self, kind: str) -> None:
        """Say how many it would be, before anything is done."""
        kind = choice_of(kind, ACTS_ON)
        if not kind or not (self.chosen or self.all_chosen):
            raise Invalid("Choose some executions first.")
        if not (await self._actor()).may(Permission.EXECUTIONS_WRITE):
            raise Forbidden("Your role may look at executions but not change them. An owner or admin can.")
        self.bulk_text, self.bulk_notes = "", []
        if self.all_chosen:
            number, of = await self._number(kind), ""
        else:
            number = sum(row.id in self.chosen and row.status == ACTS_ON[kind] for row in self.rows)
            of = str(len(self.chosen))
        self.bulk = Question(kind=kind, number=number, said=f"{number:,}", of=of, by_filter=self.all_chosen)

    async def _number(self, kind: str) -> int:
        wanted = self._filter()
        if wanted.status not in (None, ACTS_ON[kind]) or (kind == RETRY and wanted.stage):
            return 0
        if kind == CANCEL:
            return (await self._call(execution_control.cancel_many, _body(CancelMany, wanted, dry_run=True))).left
        return (await self._call(execution_control.retry_many, _body(RetryMany, wanted, dry_run=True))).left

    @rx.event
    def close_bulk(self, is_open: bool) -> None:
        """Leave them as they are."""
        if not is_open and not self.busy:
            self.bulk = None

    @rx.event
    def dismiss_bulk(self) -> None:
        """What came of it was read."""
        self.bulk_text, self.bulk_notes = "", []

    @rx.event
    async def run_bulk(self, form: dict[str, Any]) -> AsyncIterator[Any]:
        """Do what was asked about."""
        question = self.bulk
        if question is None or self.busy:
            return
        reason = text_of((form.get("bulk-reason") if isinstance(form, dict) else "") or "", 500)
        tally = Tally(left=question.number)
        self.busy = True
        yield
        try:
            work = self._all_fitting(question.kind, reason) if question.by_filter else self._one_by_one(question.kind, reason)
            async for tally in work:
                self.bulk = question.model_copy(update={"done": tally.done + tally.refused.total()})
                yield
        finally:
            self.busy, self.bulk = False, None
            self.bulk_text, self.bulk_notes = told(question.kind, tally)
            self._choose_none()
            await self._show(before=self.rows)

    async def _one_by_one(self, kind: str, reason: str) -> AsyncIterator[Tally]:
        tally = Tally()
        wanted = ids_of([row.id for row in self.rows if row.id in self.chosen and row.status == ACTS_ON[kind]], max(SIZES))
        for number, execution_id in enumerate(wanted, 1):
            try:
                await self._one(kind, execution_id, reason)
                tally.done += 1
            except Conflict as error:
                tally.refused[ENDED if kind == CANCEL else error.detail] += 1
            except NotFound:
                tally.refused[GONE] += 1
            if number % TELL_EVERY == 0 or number == len(wanted):
                yield tally

    async def _one(self, kind: str, execution_id: UUID, reason: str) -> None:
        if kind == CANCEL:
            await self._service(execution_control.cancel_execution, execution_id, reason)
        else:
            await self._service(execution_control.retry_execution, execution_id)

    async def _all_fitting(self, kind: str, reason: str) -> AsyncIterator[Tally]:
        """One request does what it can in some seconds, so there may be several."""
        tally, wanted = Tally(), self._filter()
        while True:
            if kind == CANCEL:
                cancelled = await self._call(execution_control.cancel_many, _body(CancelMany, wanted, reason=reason))
                moved, tally.left = cancelled.cancelled, cancelled.left
            else:
                retried = await self._call(execution_control.retry_many, _body(RetryMany, wanted))
                moved, tally.left = retried.retried, retried.left
                tally.refused = Counter(
                    {one.reason: one.number for one in retried.skipped}
                )  # they fit again the next time, so they are not added up
            tally.done += moved
            yield tally
            if not tally.left or not moved:
                return


ENDED, GONE = "had ended already", "is not there any more"


def _body(kind: type[Any], wanted: ExecutionFilter, **more: Any) -> Any:
    """What the service is asked to do. Raises Invalid for everything of an account at once."""
    try:
        return kind.model_validate(wanted.model_dump(exclude_none=True) | more)
    except ValidationError as error:
        raise invalid(error) from None


def told(kind: str, tally: Tally) -> tuple[str, list[str]]:
    """What came of it: a sentence, and the reasons of those that were refused if they need more words than that."""
    said = [f"{tally.done:,} {'cancelled' if kind == CANCEL else 'tried again'}"]
    notes = []
    for reason, number in tally.refused.most_common():
        if reason in (ENDED, GONE):
            said.append(f"{number:,} {reason}")
        else:
            notes.append(f"{number:,} not tried again: {reason}")
    if tally.left:
        said.append(f"{tally.left:,} left")
    return ", ".join(said) + ".", notes
