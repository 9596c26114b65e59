"""/dashboard/settings: a module per tab."""

from __future__ import annotations

from autoflows.ui.pages.settings import page

__all__ = ["page"]
