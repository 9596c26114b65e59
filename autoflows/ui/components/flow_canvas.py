"""React Flow, wrapped once: a picture of boxes and arrows to zoom and pan, with a minimap. Its parent needs a height."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.components.component import NoSSRComponent

FITTED = 5
READABLE = 0.75
"""At first the first boxes are seen, never smaller than that, so that their words can be read. The controls show all."""


class _Library(NoSSRComponent):
    library = "@xyflow/react@12.12.1"


class _ReactFlow(_Library):
    """The picture; nothing in it can be moved or connected."""

    tag = "ReactFlow"
    nodes: rx.Var[list[dict[str, Any]]]
    edges: rx.Var[list[dict[str, Any]]]
    fit_view: rx.Var[bool]
    fit_view_options: rx.Var[dict[str, Any]]
    nodes_draggable: rx.Var[bool]
    nodes_connectable: rx.Var[bool]
    nodes_focusable: rx.Var[bool]
    edges_focusable: rx.Var[bool]
    color_mode: rx.Var[str]
    min_zoom: rx.Var[float]
    on_node_click: rx.EventHandler[lambda event, node: [node.id]]  # type: ignore[valid-type]

    def add_imports(self) -> Any:
        """Its looks."""
        return {"": "@xyflow/react/dist/style.css"}


class _Background(_Library):
    tag = "Background"


class _Controls(_Library):
    tag = "Controls"
    show_interactive: rx.Var[bool]


class _MiniMap(_Library):
    tag = "MiniMap"
    pannable: rx.Var[bool]
    zoomable: rx.Var[bool]
    position: rx.Var[str]


def flow_canvas(nodes: Any, edges: Any, on_node_click: Any) -> rx.Component:
    """A read-only flowchart."""
    return _ReactFlow.create(
        _Background.create(),
        _Controls.create(show_interactive=False),
        _MiniMap.create(pannable=True, zoomable=True, position="top-right"),
        nodes=nodes,
        edges=edges,
        fit_view=True,
        fit_view_options={"nodes": nodes[:FITTED], "minZoom": READABLE, "maxZoom": 1},
        nodes_draggable=False,
        nodes_connectable=False,
        nodes_focusable=True,
        edges_focusable=False,
        min_zoom=0.1,
        color_mode=rx.color_mode,
        on_node_click=on_node_click,
    )
