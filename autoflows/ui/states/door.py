"""The sign-in and set-up pages: each sends on whoever is at the wrong door."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.errors import NotSignedIn
from autoflows.models.database import open_session
from autoflows.services import auth
from autoflows.ui.states.base import Base


class DoorState(Base):
    """Before anyone is signed in. Holds nothing."""

    at_the_door: bool = False

    @rx.event
    async def arrive_to_sign_in(self):
        """Send on to the set-up if nobody can sign in yet, or home if this browser is signed in."""
        async with open_session() as session:
            if await auth.setup_needed(session):
                return rx.redirect("/setup")
        return await self._home_if_signed_in()

    @rx.event
    async def arrive_to_set_up(self):
        """Send on to the sign-in once there is an owner."""
        async with open_session() as session:
            if not await auth.setup_needed(session):
                return rx.redirect("/login")
        self.at_the_door = True
        return None

    async def _home_if_signed_in(self):
        try:
            await self._actor()
        except NotSignedIn:
            self.at_the_door = True
            return None
        return rx.redirect("/dashboard")
