"""What a person does to an execution: cancels it, has what failed tried again, and says what became of an attempt nobody told about."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.errors import AutoflowsError, Conflict, NotFound
from autoflows.domain.evidence import NAMED_BY_PERSON
from autoflows.domain.executions import LogStatus
from autoflows.domain.outcomes import CallOutcome
from autoflows.services import execution_control, executions
from autoflows.services.views.executions import Resolution
from autoflows.ui.execution_words import Retry, cancelled_in_words
from autoflows.ui.states.base import PageState, id_of, text_of
from autoflows.ui.timeline import StepView

ENDINGS = {
    CallOutcome.ANSWERED: "They answered",
    CallOutcome.VOICEMAIL: "It went to voicemail",
    CallOutcome.MISSED: "It rang, and nobody answered",
    CallOutcome.BUSY: "The line was busy",
    CallOutcome.FAILED: "It was never placed",
}
"""How a call ended, as a person says it."""


class ExecutionAmend(PageState, mixin=True):
    """`cancelling` says what a cancel would do just now, `again` from where a retry goes on; both are kept true by `_refresh`."""

    steps: list[StepView] = []
    cancelling: str = ""
    again: Retry = Retry()
    cancel_open: bool = False
    resolving: str = ""
    resolving_call: bool = False
    reached: bool = True
    outcomes: list[tuple[str, str]] = []

    _execution_id: str = ""

    @rx.event
    async def ask_resolve(self, log_id: str, reached: bool) -> None:
        """Ask how one knows what became of an attempt nobody told about."""
        wanted = str(id_of(log_id))
        attempt = next((a for step in self.steps for a in step.attempts if a.id == wanted), None)
        if attempt is None:
            raise NotFound("This attempt is not there any more. Reload the page.")
        self.problems = {}
        self.resolving, self.resolving_call, self.reached = wanted, attempt.is_call, reached is True
        status = LogStatus.SUCCESS if self.reached else LogStatus.FAILED
        self.outcomes = [(outcome.value, ENDINGS[outcome]) for outcome in NAMED_BY_PERSON[status]] if attempt.is_call else []

    @rx.event
    async def close_resolve(self, is_open: bool) -> None:
        """The question was left."""
        if not is_open:
            self.resolving = ""

    @rx.event
    async def resolve(self, form: dict[str, Any]) -> Any:
        """Record what a person knows of the attempt that was asked about."""
        if not self.resolving:
            return None
        log_id = id_of(self.resolving)
        status = LogStatus.SUCCESS if self.reached else LogStatus.FAILED
        outcome = text_of(form.get("outcome") or "", 20) or None
        with self._problems_of():
            said = Resolution.model_validate({"status": status.value, "outcome": outcome, "note": text_of(form.get("note") or "", 1000)})
            try:
                await self._service(execution_control.resolve_attempt, log_id, said)
            except Conflict as error:  # somebody else, or the provider, was quicker
                self.resolving = ""
                await self._refresh()
                return rx.toast.info("It is known by now", description=error.detail)
            self.resolving = ""
            await self._refresh()
            return rx.toast.success("Noted", description="It decides what follows, and nothing is sent again.")
        return None

    @rx.event
    async def retry(self) -> Any:
        """Run the failed execution again from what failed."""
        try:
            await self._service(execution_control.retry_execution, id_of(self._execution_id))
        except Conflict as error:
            await self._refresh()
            return rx.toast.error("Not tried again", description=error.detail, duration=8000)
        await self._refresh()
        return rx.toast.success("It runs again", description="From what failed; nothing that was sent is sent again.")

    @rx.event
    async def set_cancel_open(self, is_open: bool) -> None:
        """Open or close the question, with what a cancel does as things stand now."""
        self.cancel_open = bool(is_open)
        if self.cancel_open:
            await self._refresh()

    @rx.event
    async def cancel(self, form: dict[str, Any]) -> Any:
        """Stop the execution; what was sent stays sent."""
        execution_id, reason = id_of(self._execution_id), text_of(form.get("reason") or "", 255)
        try:
            await self._service(execution_control.cancel_execution, execution_id, reason)
        except Conflict as error:  # it ended, or somebody else was quicker, while the question was open
            await self._refresh()
            return rx.toast.info("It was over already", description=error.detail, duration=8000)
        except AutoflowsError:
            await self._refresh()
            raise
        finally:
            self.cancel_open = False
        await self._refresh()
        return rx.toast.success("Cancelled", description=cancelled_in_words(await self._service(executions.list_logs, execution_id)))
