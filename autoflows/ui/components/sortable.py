"""A list whose rows are put in order by dragging: mouse, touch, keyboard.

    sortable(
        rx.foreach(State.rows, lambda row: sortable_row(sortable_handle(f"Move {row.name}"), card(row), item_id=row.id)),
        ids=State.ids, labels=State.names, revision=State.order_revision, on_move=State.reorder, class_name="af-flows",
    )

The row moves at once and `on_move` is sent all ids in their new order; what `ids` says afterwards wins. A handler that refuses a move must
grow `revision`, since the ids are then the same as before. One that grows `rejoined` after the connection was lost is sent the last move
again if it had no answer yet. The handler is public: it must check that it was sent exactly the ids it knows.
`on_hover` is sent the order that a drop would give, once the row rests there; `on_cancel` says that there is none. The list is an `<ol>`
and must be a flex column or a grid, for rows are placed by CSS `order`.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

_js = rx.asset("sortable.jsx", shared=True)
_ids = rx.event.passthrough_event_spec(list[str])


class _Sortable(rx.Component):
    """The list, with the order it shows."""

    library = _js.importable_path
    tag = "Sortable"
    lib_dependencies: list[str] = ["@dnd-kit/core@6.3.1", "@dnd-kit/sortable@10.0.0", "@dnd-kit/utilities@3.2.2"]
    ids: rx.Var[list[str]]
    labels: rx.Var[list[str]]
    revision: rx.Var[int]
    rejoined: rx.Var[int]
    disabled: rx.Var[bool]
    on_move: rx.EventHandler[_ids]  # type: ignore[valid-type]  # Reflex reads the spec here
    on_hover: rx.EventHandler[_ids]  # type: ignore[valid-type]  # Reflex reads the spec here
    on_cancel: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore[valid-type]  # Reflex reads the spec here


class _SortableRow(rx.Component):
    """One row."""

    library = _js.importable_path
    tag = "SortableRow"
    item_id: rx.Var[str]


class _SortableHandle(rx.Component):
    """What a row is taken by."""

    library = _js.importable_path
    tag = "SortableHandle"
    label: rx.Var[str]
    disabled: rx.Var[bool]


def sortable(*rows: Any, ids: Any, on_move: Any, **props: Any) -> rx.Component:
    """The list. `labels` are what a screen reader calls the rows, in the order of `ids`."""
    return _Sortable.create(*rows, ids=ids, on_move=on_move, **props)


def sortable_row(*content: Any, item_id: Any, **props: Any) -> rx.Component:
    """A row of the list, an `<li>`; somewhere in it is its `sortable_handle`."""
    return _SortableRow.create(*content, item_id=item_id, key=item_id, **props)


def sortable_handle(label: Any, **props: Any) -> rx.Component:
    """The button that a row is dragged by; `label` says which row it moves."""
    return _SortableHandle.create(rx.icon("grip-vertical", size=16), label=label, **props)
