"""The web process, put together: pages, REST app, live hub. Started by `embedded/web.py`; nothing else imports this module."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator

import reflex as rx
from reflex.config import get_config

from autoflows import logs
from autoflows.api.app import create_api
from autoflows.embedded.web import SOURCE
from autoflows.engine.pool import close_pool
from autoflows.engine.watch import watch_for_ever
from autoflows.models.database import dispose_engine
from autoflows.services.after_commit import settle
from autoflows.services.health import count_workers
from autoflows.settings import SettingsError, get_settings
from autoflows.ui import hub, pages, theme
from autoflows.ui.edge import PublicEdge
from autoflows.ui.states.base import on_error
from autoflows.ui.states.stranger import StrangerGuard

__all__ = ["app", "pages"]


@contextlib.asynccontextmanager
async def _connections() -> AsyncIterator[None]:
    """Close what this process opened, when it ends."""
    # What there is by now stays: without looking through it, the collector stops everything for a tenth of the time.
    gc.collect()
    gc.freeze()
    yield
    await settle()
    await close_pool()
    await dispose_engine()


async def _live_hub() -> None:
    await hub.run(app)


async def _watch() -> None:
    """Here too, so that the team is told even when no worker is left."""
    await watch_for_ever(get_settings().watch_seconds, count_workers)


def _make_app() -> rx.App:
    return rx.App(
        api_transformer=[create_api(), PublicEdge],
        stylesheets=theme.STYLESHEETS,
        head_components=[
            rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
            rx.el.meta(name="color-scheme", content="light dark"),
            rx.script(src="/session.js"),
        ],
        html_lang="en",
        toaster=rx.toast.provider(position="bottom-right", close_button=True, rich_colors=True),
        backend_exception_handler=on_error,
    )


logs.configure()
# Reflex reads `rxconfig.py` from the working directory, and without one it would let every site open the event socket.
with contextlib.chdir(SOURCE):
    app = _make_app()
if get_config().app_name != "autoflows":
    raise SettingsError(f"rxconfig.py is missing from {SOURCE}: this installation is not complete.")
app.app_wraps.pop((5, "Overlay"))  # Reflex's own words for a lost connection; ours are in the frame's heading
app.add_middleware(StrangerGuard(), index=0)
app.register_lifespan_task(_connections)
app.register_lifespan_task(_live_hub)
app.register_lifespan_task(_watch)
