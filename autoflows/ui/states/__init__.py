"""Reflex states: one per page, on `base.PageState`. A handler validates, calls one service function, and holds what it answers."""
