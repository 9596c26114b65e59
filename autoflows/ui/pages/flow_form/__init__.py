"""Create and edit a flow: one form for both, a section per file."""

from __future__ import annotations

from autoflows.ui.pages.flow_form import page

__all__ = ["page"]
