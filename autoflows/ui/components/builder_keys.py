"""The keyboard of the flow builder, its sign of life, and the focus that follows an edit."""

from __future__ import annotations

import reflex as rx

_js = rx.asset("builder_keys.jsx", shared=True)


class BuilderKeys(rx.Component):
    """Draws nothing. Elements with `data-stop` are what the arrow keys walk; `focus_turn` growing moves the focus to `focus`."""

    library = _js.importable_path
    tag = "BuilderKeys"
    focus: rx.Var[str]
    focus_turn: rx.Var[int]
    draft_id: rx.Var[str]
    on_press: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore[valid-type]
    on_beat: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore[valid-type]
    on_leave: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore[valid-type]
