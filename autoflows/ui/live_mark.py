"""Whether the page follows what happens, in the frame's heading: small while all is well, in a sentence when it is not."""

from __future__ import annotations

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors  # type: ignore[import-untyped]

from autoflows.ui.components.moment import moment
from autoflows.ui.states.base import Base


def live_mark() -> rx.Component:
    """Nothing on a page that does not move by itself, unless its connection is lost. What it says is read out when it changes."""
    liveness = Base.liveness
    since = moment(liveness.since, mode="short")
    return rx.el.div(
        rx.cond(
            has_connection_errors,
            _mark("lost", "Reconnecting…"),
            rx.match(
                liveness.state,
                ("on", _mark("on", "Live")),
                (
                    "away",
                    _mark(
                        "away", "Not live since ", since, f": the news service is away; the page refreshes every {liveness.every} seconds."
                    ),
                ),
                ("over", _mark("over", "Not live since ", since, ": what you may see has changed. Reload the page.")),
                rx.fragment(),
            ),
        ),
        role="status",
        class_name="af-live",
    )


def _mark(kind: str, *said: rx.Component | str) -> rx.Component:
    return rx.el.span(
        rx.el.span(class_name="af-live-dot", aria_hidden="true"), rx.el.span(*said), class_name=f"af-live-mark af-live-{kind}"
    )
