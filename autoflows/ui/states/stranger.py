"""A tab's state must not outlive its session.

The token of a browser tab travels in URLs and is kept by Reflex after the tab is closed: whoever presents it again is sent what the tab
held. So before every event, the session cookie of the connection is compared with the one the tab's data was loaded for.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.middleware import Middleware
from reflex.state import StateUpdate

from autoflows.ui.states.base import Base, session_mark, session_token

_HYDRATE = (".hydrate", ".hydrate_and_load")
"""The events that hand out a tab's whole state; for them, and only for them, all of it is in memory and can be emptied."""


class StrangerGuard(Middleware):
    """Empties a tab's state when an event comes with another session cookie than the one the state was filled with."""

    async def preprocess(self, app: rx.App, state: Any, event: Any) -> StateUpdate | None:
        """Runs before every event's handler."""
        base = await state.get_state(Base)
        mark, kept = session_mark(session_token(state.router.headers.cookie)), base._mark
        if mark != kept:
            state._get_root_state().reset()
            base._mark = mark if event.name.endswith(_HYDRATE) else kept
        return None
