"""The inbox: what needs a person by cause, live, and dealing with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from autoflows.domain.causes import InboxKind
from autoflows.domain.errors import AutoflowsError, Conflict, Invalid, NotFound
from autoflows.domain.executions import LogStatus
from autoflows.domain.outcomes import CallOutcome
from autoflows.domain.permissions import Permission
from autoflows.services import channels, execution_control, flows, inbox
from autoflows.services.pages import MAX_LIMIT
from autoflows.services.views.executions import Resolution
from autoflows.services.views.inbox import Dismissal, InboxDone, OfOneCause, Verdict
from autoflows.ui import live
from autoflows.ui.states.base import PAGE_SIZE, Base, ListState, choice_of, id_of, text_of
from autoflows.ui.states.inbox_rows import CauseRow, ItemRow, answers, cause_row, item_row, said

ACTS = ("retry", "dismiss", "resolve")


@dataclass(frozen=True)
class InboxCount:
    """How much needs a person."""

    rights: ClassVar = frozenset({Permission.EXECUTIONS_READ})

    async def read(self, ask: live.Ask, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """The number, and how it is said."""
        found = await ask(inbox.count_inbox)
        number = found.unknown + found.failed
        is_more = max(found.unknown, found.failed) >= inbox.MOST_COUNTED
        return {"count": number, "label": f"{number:,}{'+' if is_more else ''}"}


class InboxBadge(Base):
    """How much needs a person, beside the entry of the navigation; live on every page."""

    live_gap_seconds: ClassVar[float] = 2.0

    count: int = 0
    label: str = ""

    @rx.event
    async def load(self):
        """Count, and go on counting. Roles that may not read executions see no number."""
        try:
            await self._follow(InboxCount(), part=live.INBOX)
        except AutoflowsError:
            self.count, self.label = 0, ""


class InboxState(ListState, Base):
    """One cause is open at a time, and its items are paged. What is dealt with while it is shown stays in its place, and says so."""

    live_gap_seconds: ClassVar[float] = 1.0

    causes: list[CauseRow] = []
    opened: str = ""
    rows: list[ItemRow] = []
    kind: str = ""
    flow: str = ""
    channel: str = ""
    left: bool = False
    newer: bool = False
    flow_names: list[list[str]] = []
    channel_names: list[list[str]] = []
    leaving: str = ""
    leaving_name: str = ""
    act: str = ""
    act_title: str = ""
    act_number: int = 0
    act_answers: list[tuple[str, str]] = []

    _act_cause: str = ""
    _act_until: str = ""
    _shut: bool = False
    _dealt: dict[str, str] = {}

    async def _load(self) -> None:
        live.subscribe(self, live.account_topic((await self._actor()).account_id))
        self.flow_names = [[str(f.id), f.name] for f in (await self._service(flows.list_flows, limit=MAX_LIMIT)).data]
        self.channel_names = [[str(c.id), c.name] for c in await self._service(channels.list_channels)]
        await self._fetch()

    def _filters(self) -> dict[str, Any]:
        return {
            "kind": InboxKind(self.kind) if self.kind else None,
            "flow_id": id_of(self.flow) if self.flow else None,
            "channel_id": id_of(self.channel) if self.channel else None,
        }

    async def _fetch(self) -> None:
        """Everything anew, from the chosen page of the opened cause."""
        self.newer, self._dealt = False, {}
        await self._fetch_causes()
        if self.opened or self.left:
            which = {"dismissed": True} if self.left else {"cause": self.opened}
            page = await self._service(inbox.list_inbox, **self._filters(), **which, limit=PAGE_SIZE, cursor=self._cursor)
            self.rows = [item_row(item) for item in page.data]
            self._show_page(next_cursor=page.next_cursor, has_more=page.has_more)
        else:
            self.rows = []
            self._show_page(next_cursor=None, has_more=False)

    async def _fetch_causes(self) -> None:
        if self.left:
            self.causes, self.opened = [], ""
            return
        self.causes = [cause_row(c) for c in await self._service(inbox.list_causes, **self._filters())]
        if self.opened not in [cause.key for cause in self.causes]:
            self._first_page()
            self.opened = self.causes[0].key if self.causes and not self._shut else ""

    async def _refresh(self) -> None:
        """What is shown keeps its place: only what became of it is new. What came since is offered, not pushed in."""
        before = self.opened
        await self._fetch_causes()
        if self.opened != before:
            return await self._fetch()
        shown = [id_of(row.id) for row in self.rows if not row.gone]
        still: dict[str, ItemRow] = {}
        if shown:
            page = await self._service(inbox.list_inbox, ids=shown, dismissed=self.left, limit=MAX_LIMIT)
            still = {str(item.id): item_row(item) for item in page.data}
        self.rows = [row if row.gone else still.get(row.id) or self._settled(row) for row in self.rows]
        cause = next((c for c in self.causes if c.key == self.opened), None)
        self.newer = cause is not None and self.page_number == 1 and (not self.rows or cause.newest_at > self.rows[0].at)
        return None

    def _settled(self, row: ItemRow) -> ItemRow:
        return row.model_copy(update={"gone": self._dealt.get(row.id, "Dealt with meanwhile")})

    def _close_dialogs(self) -> None:
        self.leaving = self.act = ""

    @rx.event
    async def arrive(self) -> Any:
        """The page was opened by a link: one that names a kind, a flow or a channel shows just those."""
        self.problems = {}
        self._close_dialogs()
        kind, flow, channel = self._param("kind"), self._param("flow"), self._param("channel")
        if not (kind or flow or channel):
            return None
        self.kind = choice_of(kind, InboxKind)
        self.flow, self.channel = str(id_of(flow)) if flow else "", str(id_of(channel)) if channel else ""
        return await self._again()

    async def _again(self) -> Any:
        self.opened, self._shut = "", False
        self._first_page()
        return await self._enter()

    @rx.event
    async def set_kind(self, value: str) -> Any:
        """Only attempts in doubt, only failed runs, or both."""
        self.kind = choice_of(value, InboxKind)
        return await self._again()

    @rx.event
    async def set_flow(self, value: str) -> Any:
        """Only what is of one flow."""
        self.flow = "" if value in ("", "all") else str(id_of(value))
        return await self._again()

    @rx.event
    async def set_channel(self, value: str) -> Any:
        """Only what went by one channel."""
        self.channel = "" if value in ("", "all") else str(id_of(value))
        return await self._again()

    @rx.event
    async def show_left(self, is_left: bool) -> Any:
        """What somebody left as it is, or what is still to be dealt with."""
        self.left = is_left is True
        return await self._again()

    @rx.event
    async def clear_filters(self) -> Any:
        """Back to everything that needs a person."""
        self.kind = self.flow = self.channel = ""
        self.left = False
        return await self._again()

    @rx.event
    async def open_cause(self, key: str) -> Any:
        """Show what has this cause; a second time, close it."""
        key = text_of(key, 200)
        self._shut = key == self.opened
        self.opened = "" if self._shut else key
        self._first_page()
        return await self._enter()

    @rx.event
    async def show_newer(self) -> Any:
        """Show what came since the list was opened."""
        self._first_page()
        return await self._enter()

    @rx.event
    async def resolve(self, log_id: str, status: str, outcome: str) -> Any:
        """Say what became of an attempt in doubt."""
        wanted = id_of(log_id)
        body = Resolution(
            status="success" if choice_of(status, (LogStatus.SUCCESS, LogStatus.FAILED)) == LogStatus.SUCCESS else "failed",
            outcome=CallOutcome(choice_of(outcome, CallOutcome)) if outcome else None,
        )
        words = said(LogStatus(body.status), body.outcome)
        try:
            await self._service(execution_control.resolve_attempt, wanted, body)
        except (Conflict, NotFound) as error:
            await self._refresh()
            return rx.toast.info("It is known by now", description=error.detail)
        self._dealt = {**self._dealt, str(wanted): f"You said: {words[:1].lower()}{words[1:]}"}
        await self._refresh()
        return rx.toast.success("Noted", description="It decides what follows, and nothing is sent again.")

    @rx.event
    async def retry(self, execution_id: str) -> Any:
        """Run a failed execution again from what failed."""
        wanted = id_of(execution_id)
        try:
            await self._service(execution_control.retry_execution, wanted)
        except (Conflict, NotFound) as error:
            await self._refresh()
            return rx.toast.info("Not tried again", description=error.detail, duration=8000)
        self._dealt = {**self._dealt, str(wanted): "You had it tried again"}
        await self._refresh()
        return rx.toast.success("It runs again", description="From what failed; nothing that was sent is sent again.")

    @rx.event
    async def ask_leave(self, execution_id: str) -> None:
        """Ask why a failed execution is left as it is."""
        wanted = str(id_of(execution_id))
        self.leaving_name = next((row.name for row in self.rows if row.id == wanted), "")
        self.leaving = wanted

    @rx.event
    async def close_leave(self, is_open: bool) -> None:
        """The question was left."""
        if not is_open:
            self.leaving = ""

    @rx.event
    async def leave(self, form: dict[str, Any]) -> Any:
        """Leave it as it is."""
        wanted, note = id_of(self.leaving), text_of(form.get("note") or "", 500)
        self.leaving = ""
        done = await self._call(inbox.dismiss, Dismissal(execution_ids=[wanted], note=note))
        if done.done:
            self._dealt = {**self._dealt, str(wanted): "You left it as it is"}
        await self._refresh()
        if done.done:
            return rx.toast.success("Left as it is", description="It needs nobody any more. It can still be tried again.")
        return rx.toast.info("It was dealt with already", description=done.why)

    @rx.event
    async def ask_all(self, act: str, key: str) -> Any:
        """Count what has this cause now, and ask."""
        act, key = choice_of(act, ACTS), text_of(key, 200)
        cause = next((c for c in self.causes if c.key == key), None)
        if cause is None:
            raise NotFound("Nothing of this cause is left.")
        found = await self._act(act, key, {"dry_run": True})
        if not found.left:
            await self._refresh()
            return rx.toast.info("Nothing of it is left", description="Somebody was quicker.")
        self._act_cause, self._act_until = key, found.as_of.isoformat()
        self.act, self.act_title, self.act_number, self.act_answers = act, cause.title, found.left, answers(cause.is_call)
        return None

    @rx.event
    async def close_act(self, is_open: bool) -> None:
        """The question was left."""
        if not is_open:
            self.act = ""

    @rx.event
    async def do_all(self, form: dict[str, Any]) -> Any:
        """Do it with as many as were counted."""
        act = choice_of(self.act, ACTS)
        body: dict[str, Any] = {"to": self._act_until}
        self.act = ""
        if act in ("dismiss", "resolve"):
            body["note"] = text_of(form.get("note") or "", 500)
        if act == "resolve":
            status, _, outcome = choice_of(form.get("answer"), [value for value, _ in self.act_answers]).partition(":")
            body |= {"status": status, "outcome": outcome or None}
        done = await self._act(act, self._act_cause, body)
        await self._fetch()
        told = {"retry": "run again", "dismiss": "left as they are", "resolve": "noted"}[act]
        rest = [f"{done.refused:,} could not be: {done.why}"] if done.refused else []
        rest += [f"{done.left:,} are left for another time: ask for them again."] if done.left else []
        return rx.toast.success(f"{done.done:,} {told}", description=" ".join(rest), duration=8000 if rest else 4000)

    async def _act(self, act: str, key: str, body: dict[str, Any]) -> InboxDone:
        common = {"cause": key, "flow_id": self.flow or None, **body}
        if act == "retry":
            return await self._call(inbox.retry_all, OfOneCause.model_validate(common))
        if act == "dismiss":
            return await self._call(inbox.dismiss, Dismissal.model_validate(common))
        if act == "resolve":
            return await self._call(inbox.resolve_all, Verdict.model_validate({"status": "failed", **common}))
        raise Invalid("This is not one of the choices.")
