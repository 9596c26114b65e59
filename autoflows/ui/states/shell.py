"""The frame's own state: the drawer of a phone, and whether the account's kill switch is on."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.errors import Forbidden, NotSignedIn
from autoflows.services import settings
from autoflows.ui.states.base import Base


class ShellState(Base):
    """Held once per tab, whichever page is open."""

    drawer_open: bool = False
    paused: bool = False

    @rx.event
    async def load(self):
        """Look whether contacts are held; the page itself answers for the sign-in. Roles that may not read settings see no banner."""
        try:
            self.paused = (await self._service(settings.get_settings)).kill_switch
        except (Forbidden, NotSignedIn):
            self.paused = False

    @rx.event
    def set_drawer_open(self, is_open: bool):
        """Open or close the navigation on a phone."""
        self.drawer_open = bool(is_open)

    @rx.event
    def close_drawer(self):
        """A page was chosen."""
        self.drawer_open = False
