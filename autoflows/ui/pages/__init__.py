"""Pages: one module per page. Importing this package adds every page."""

from __future__ import annotations

from autoflows.ui.pages import (
    analytics,
    channels,
    compare,
    contact,
    contacts,
    dashboard,
    door,
    execution,
    executions,
    experiments,
    flow_builder,
    flow_gallery,
    flow_import,
    flow_list,
    inbox,
    leads,
    notifications,
    settings,
    templates,
)

__all__ = [
    "analytics",
    "channels",
    "compare",
    "contact",
    "contacts",
    "dashboard",
    "door",
    "execution",
    "executions",
    "experiments",
    "flow_builder",
    "flow_gallery",
    "flow_import",
    "flow_list",
    "inbox",
    "leads",
    "notifications",
    "settings",
    "templates",
]
