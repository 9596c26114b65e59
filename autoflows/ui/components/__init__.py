"""Pieces shared by pages. None knows a page or a service."""

from __future__ import annotations

from autoflows.ui.components.badges import avatar, priority_badge, severity_icon, status_badge, tag
from autoflows.ui.components.feedback import (
    bone,
    cards_skeleton,
    confirm_dialog,
    empty_state,
    error_callout,
    form_skeleton,
    note,
    permission_state,
    table_skeleton,
)
from autoflows.ui.components.fields import area_field, copy_field, field, save_bar, select_field, switch_field, text_field
from autoflows.ui.components.moment import duration_text, moment
from autoflows.ui.components.panels import card, facts, tile
from autoflows.ui.components.tables import Column, data_table, filter_select, pager, search_box

__all__ = [
    "Column",
    "area_field",
    "avatar",
    "bone",
    "card",
    "cards_skeleton",
    "confirm_dialog",
    "copy_field",
    "data_table",
    "duration_text",
    "empty_state",
    "error_callout",
    "facts",
    "field",
    "filter_select",
    "form_skeleton",
    "moment",
    "note",
    "pager",
    "permission_state",
    "priority_badge",
    "save_bar",
    "search_box",
    "select_field",
    "severity_icon",
    "status_badge",
    "switch_field",
    "table_skeleton",
    "tag",
    "text_field",
    "tile",
]
