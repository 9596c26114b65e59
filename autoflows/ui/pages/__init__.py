"""Pages: one module per page. Importing this package adds every page."""

from __future__ import annotations

from autoflows.ui.pages import door, leads

__all__ = ["door", "leads"]
