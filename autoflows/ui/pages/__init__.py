"""Pages: one module per page. Importing this package adds every page."""

from __future__ import annotations

from autoflows.ui.pages import channels, contacts, dashboard, door, leads, settings, templates

__all__ = ["channels", "contacts", "dashboard", "door", "leads", "settings", "templates"]
