"""The keyboard of the flow builder, its sign of life, and the focus that follows an edit."""

from __future__ import annotations

import reflex as rx

_js = rx.asset("builder_keys.jsx", shared=True)


class BuilderKeys(rx.Component):
    """Draws nothing. Elements with `data-stop` are what the arrow keys walk; `focus_turn` growing moves the focus to `focus`,
    and `rejoined` growing sends again what is typed and may have been lost with the connection.

    The browser asks before the page is closed while `dirty`, or while something typed in a field was not sent yet.
    """

    library = _js.importable_path
    tag = "BuilderKeys"
    focus: rx.Var[str]
    focus_turn: rx.Var[int]
    rejoined: rx.Var[int]
    draft_id: rx.Var[str]
    flow_id: rx.Var[str]
    dirty: rx.Var[bool]
    can_edit: rx.Var[bool]
    on_press: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore[valid-type]
    on_beat: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore[valid-type]
    on_leave: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]  # type: ignore[valid-type]
