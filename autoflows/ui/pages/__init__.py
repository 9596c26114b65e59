"""Pages: one module per page. Importing this package adds every page."""

from __future__ import annotations

from autoflows.ui.pages import analytics, door, execution, executions, flow_form, flow_list, leads

__all__ = ["analytics", "door", "execution", "executions", "flow_form", "flow_list", "leads"]
