"""The settings page: its tabs."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import form_skeleton
from autoflows.ui.components.in_sight import keep_in_sight
from autoflows.ui.pages.settings.account import account_tab
from autoflows.ui.pages.settings.hours import hours_tab
from autoflows.ui.pages.settings.profile import profile_tab
from autoflows.ui.pages.settings.suppressions import suppressions_tab
from autoflows.ui.pages.settings.team import team_tab
from autoflows.ui.pages.settings.tokens import tokens_tab
from autoflows.ui.shell import page
from autoflows.ui.states.settings import SettingsState


@page(
    "/dashboard/settings",
    "Settings",
    SettingsState,
    text="The rules over all flows, and who may change them.",
    skeleton=form_skeleton,
    write=Permission.SETTINGS_WRITE,
)
def settings() -> rx.Component:
    """The tabs."""
    return rx.fragment(
        rx.el.div(
            rx.tabs.root(
                rx.tabs.list(
                    rx.foreach(
                        SettingsState.tabs, lambda tab: rx.tabs.trigger(tab[1], value=tab[0], custom_attrs={"aria-controls": "content"})
                    )
                ),
                value=SettingsState.tab,
                on_change=SettingsState.show,
            ),
            class_name="af-tabbar",
            on_mount=keep_in_sight(".af-tabbar"),
        ),
        rx.match(
            SettingsState.tab,
            ("account", account_tab()),
            ("hours", hours_tab()),
            ("team", team_tab()),
            ("do-not-contact", suppressions_tab()),
            ("tokens", tokens_tab()),
            profile_tab(),
        ),
    )
