"""The do-not-contact list, as a tab of the settings."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.suppressions import CHANNELS, SuppressionReason
from autoflows.services import suppressions
from autoflows.services.views.suppressions import SuppressionCreate, SuppressionView
from autoflows.ui.states.base import PAGE_SIZE, Base, ListState, choice_of, id_of, text_of

MAX_SHOWN = 20
"""How many refused lines of a pasted list are named; mending them first is enough to see the pattern."""


class SuppressionsState(ListState, Base):
    """Who must not be contacted, newest first."""

    rows: list[SuppressionView] = []
    channel: str = ""
    reason: str = ""
    form_open: bool = False
    many_open: bool = False
    refused: list[str] = []

    def _close_dialogs(self) -> None:
        self.form_open = self.many_open = False
        self.refused = []

    async def _load(self) -> None:
        page = await self._service(
            suppressions.list_suppressions,
            search=self.search,
            channel=self.channel,
            reason=self.reason,
            limit=PAGE_SIZE,
            cursor=self._cursor,
        )
        self.rows = page.data
        self._show_page(next_cursor=page.next_cursor, has_more=page.has_more)

    @rx.event
    async def show_channel(self, channel: str):
        """Only what is closed for this channel; an empty text shows all."""
        self.channel = choice_of(channel, ("everything", *CHANNELS[1:]), default="").replace("everything", "all")
        self._first_page()
        return await self._enter()

    @rx.event
    async def show_reason(self, reason: str):
        """Only what was closed for this reason; an empty text shows all."""
        self.reason = choice_of(reason, SuppressionReason)
        self._first_page()
        return await self._enter()

    def _show_all(self) -> None:
        self.search = self.channel = self.reason = ""
        self._first_page()

    @rx.event
    async def clear_filters(self):
        """Back to the whole list."""
        self._show_all()
        return await self._enter()

    @rx.event
    def set_form_open(self, is_open: bool):
        """Open the form empty, or close it."""
        self.form_open = is_open is True
        self.problems = {}

    @rx.event
    def set_many_open(self, is_open: bool):
        """Open the form for a list, or close it."""
        self.many_open = is_open is True
        self.problems, self.refused = {}, []

    @rx.event
    async def save(self, form: dict[str, Any]):
        """Close an address."""
        values = {name: text_of(form.get(name) or "", 1000) for name in ("address", "detail")}
        with self._problems_of():
            new = SuppressionCreate.model_validate({**values, "channel": choice_of(form.get("channel"), CHANNELS, default="all")})
            await self._service(suppressions.add_suppression, new)
            self.form_open = False
            self._show_all()
            await self._load()
            return rx.toast.success("Nobody will be contacted at this address", description="What waited for this person was ended.")
        return None

    @rx.event
    async def save_many(self, form: dict[str, Any]):
        """Close the addresses of a pasted list; those that cannot be read are named."""
        self.refused = []
        with self._problems_of():
            items = suppressions.parse_csv(text_of(form.get("addresses") or "", 200_000))
            if not items:
                raise Invalid("The list is empty.", errors=[FieldError("/addresses", "paste at least one phone number or e-mail address")])
            done = await self._service(suppressions.add_suppressions, items)
            wrong = [(items[result.index]["address"], result.error) for result in done.results if result.error]
            self.refused = [f"{address[:60] or 'Empty address'}: {error.detail}" for address, error in wrong[:MAX_SHOWN]]
            self.many_open = bool(self.refused)
            self._show_all()
            await self._load()
            return rx.toast.success(
                f"{done.added:,} added", description=f"{done.known:,} were on the list, {done.refused:,} cannot be used."
            )
        return None

    @rx.event
    async def remove(self, suppression_id: str):
        """Open an address again."""
        await self._service(suppressions.remove_suppression, id_of(suppression_id))
        await self._load()
        return rx.toast.success("Removed from the list", description="Flows may contact this address again. Nothing starts by it.")
