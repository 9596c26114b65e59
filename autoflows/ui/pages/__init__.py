"""Pages: one module per page. Importing this package adds every page."""

from __future__ import annotations

from autoflows.ui.pages import channels, contacts, door, leads, templates

__all__ = ["channels", "contacts", "door", "leads", "templates"]
