"""A tab's state must not outlive its session.

The token of a browser tab travels in URLs and is kept by Reflex after the tab is closed: whoever presents it again is sent what the tab
held. So before a tab is given its state, the session cookie of the connection is compared with the one the data was loaded for.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.middleware import Middleware
from reflex.state import StateUpdate
from reflex_base.event import get_hydrate_event

from autoflows.ui.states.base import Base, session_mark, session_token


class StrangerGuard(Middleware):
    """Empties a tab's state when it is asked for with another session cookie than the one it was loaded with."""

    async def preprocess(self, app: rx.App, state: Any, event: Any) -> StateUpdate | None:
        """Runs before every event; only the one that hands out the whole state matters."""
        if event.name == get_hydrate_event(state):
            base = await state.get_state(Base)
            mark = session_mark(session_token(state.router.headers.cookie))
            if base._mark != mark:
                state.reset()
                base._mark = mark
        return None
