"""The signed-in person's own details."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.errors import FieldError, Invalid
from autoflows.services import auth
from autoflows.services.views.auth import MeUpdate
from autoflows.ui.states.base import Base, PageState, me_of, text_of


class ProfileState(PageState, Base):
    """Name, time zone and password."""

    revision: int = 0

    async def _load(self) -> None:
        self.revision += 1

    async def _change(self, changes: MeUpdate) -> None:
        await self._service(auth.update_me, changes, self._token())
        self.me = me_of(await self._actor())
        self.revision += 1

    @rx.event
    async def save(self, form: dict[str, Any]):
        """Name and time zone; every time on every page is shown in it."""
        with self._problems_of():
            await self._change(MeUpdate(name=text_of(form.get("name") or "", 400), timezone=text_of(form.get("timezone") or "", 100)))
            return rx.toast.success("Saved")
        return None

    @rx.event
    async def change_password(self, form: dict[str, Any]):
        """A new password ends the other sessions of this person."""
        with self._problems_of():
            new, again = form.get("password"), form.get("again")
            if new != again:
                raise Invalid("The passwords differ.", errors=[FieldError("/again", "differs from the new password")])
            await self._change(MeUpdate.model_validate({"password": new, "current_password": form.get("current_password")}))
            return rx.toast.success("Password changed", description="Your other sessions are signed out.")
        return None
