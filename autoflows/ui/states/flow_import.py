"""Making or changing a flow by a file: first what it would do, then doing it."""

from __future__ import annotations

import re
from typing import Any

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import Conflict, Invalid, NotFound
from autoflows.domain.permissions import Permission
from autoflows.domain.yaml_text import MAX_CHARACTERS
from autoflows.services import access, flow_code
from autoflows.services.views.flow_code import FlowImport, FlowImported
from autoflows.ui.flow_row import Finding
from autoflows.ui.states.base import Base, PageState

EDITOR = "/dashboard/auto-engagement"


class Mistake(BaseModel):
    """Something in the file that cannot be used: where, as a pointer and a line, and why."""

    pointer: str
    line: int
    text: str


class ChangeLine(BaseModel):
    """One difference to the present version."""

    kind: str
    message: str


class FlowFileState(PageState, Base):
    """The file's text, and what was found of it. `checked` is the text that `summary` and `changes` are about."""

    text: str = ""
    checked: str = ""
    summary: str = ""
    changes: list[ChangeLine] = []
    findings: list[Finding] = []
    mistakes: list[Mistake] = []
    problem: str = ""
    text_key: int = 0

    async def _load(self) -> None:
        access.check(await self._actor(), Permission.FLOWS_WRITE)

    @rx.event
    async def set_text(self, text: str) -> None:
        """The text as it was typed or pasted, checked at once."""
        await self._take(text)

    @rx.event
    async def read_file(self, text: str, name: str) -> None:
        """The text of a file that was chosen."""
        self.text_key += 1
        await self._take(text)

    async def _take(self, text: Any) -> None:
        if not isinstance(text, str):
            raise Invalid("This value must be text.")
        self._forget()
        if len(text) > MAX_CHARACTERS:
            self.problem = f"This text is too long: at most {MAX_CHARACTERS:,} characters."
            return
        self.text = text
        if text.strip():
            await self._run(dry_run=True)

    def _forget(self) -> None:
        self.checked = self.summary = self.problem = ""
        self.changes, self.findings, self.mistakes = [], [], []

    async def _run(self, *, dry_run: bool) -> FlowImported | None:
        try:
            done = await self._service(flow_code.import_flow, FlowImport(yaml=self.text, dry_run=dry_run))
        except (Invalid, Conflict, NotFound) as error:
            self._forget()
            self.problem = error.detail
            self.mistakes = [_mistake(item.pointer, item.detail) for item in error.errors]
            return None
        if dry_run:
            self.checked = self.text
            what = f"A new flow, “{done.name}”" if done.is_new else f"“{done.name}” as it is now"
            same = "" if done.changes else " Nothing is different."
            self.summary = f"{what}.{same}" if done.is_new else f"Compared with {what}.{same}"
            self.changes = [ChangeLine(kind=c.kind.value, message=c.message) for c in done.changes]
            self.findings = [Finding(severity=p.severity.value, message=p.message) for p in done.problems]
        return done

    @rx.event
    async def bring_in(self) -> Any:
        """Do what the check has said."""
        if self.busy or not self.checked or self.checked != self.text:
            return None
        self.busy = True
        try:
            done = await self._run(dry_run=False)
        finally:
            self.busy = False
        if done is None:
            return None
        self._forget()
        self.text = ""
        said = "It is off until you turn it on." if done.is_new else "The file is its new version."
        return [rx.redirect(f"{EDITOR}/{done.flow_id}/edit"), rx.toast.success(f"“{done.name}” was imported", description=said)]


def _mistake(pointer: str, detail: str) -> Mistake:
    """The line stands at the end of the sentence: `... (line 12)`."""
    found = re.search(r" \(line (\d+)\)$", detail)
    text = detail[: found.start()] if found else detail
    return Mistake(pointer=pointer or "/", line=int(found[1]) if found else 0, text=text[:1].upper() + text[1:])
