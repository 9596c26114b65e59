"""The flow builder: palette, canvas and panel, a file for each part."""

from __future__ import annotations

from autoflows.ui.pages.flow_builder import page

__all__ = ["page"]
