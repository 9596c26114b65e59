"""The frame of every page: navigation, account menu, dark mode, heading, and the states a page can be in.

    @page("/dashboard/leads", "Leads", LeadsState, text="Every lead that arrived, and where it stands.", actions=_actions)
    def leads() -> rx.Component:
        return card(...)

The function returns what is shown once the state is loaded; loading, error and no-permission are drawn here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.bell import bell, notice_toast
from autoflows.ui.command_palette import command_palette, palette_button
from autoflows.ui.components.badges import avatar
from autoflows.ui.components.feedback import error_callout, permission_state, table_skeleton
from autoflows.ui.live_mark import live_mark
from autoflows.ui.states.base import Base, may
from autoflows.ui.states.inbox import InboxBadge
from autoflows.ui.states.notifications import BellState
from autoflows.ui.states.shell import ShellState

FLOWS = "/dashboard/auto-engagement"
INBOX = f"{FLOWS}/inbox"
NAVIGATION: tuple[tuple[str, str, str], ...] = (
    ("Flow List", FLOWS, ""),
    ("Execution Logs", f"{FLOWS}/executions", ""),
    ("Inbox", INBOX, ""),
    ("Analytics", f"{FLOWS}/analytics", ""),
)
AFTER: tuple[tuple[str, str, str], ...] = (
    ("Leads", "/dashboard/leads", "inbox"),
    ("Contacts", "/dashboard/contacts", "users"),
    ("Channels", "/dashboard/channels", "plug"),
    ("Templates", "/dashboard/templates", "file-text"),
    ("Settings", "/dashboard/settings", "settings"),
)


def page(
    route: str,
    title: str,
    state: Any,
    *,
    text: str = "",
    heading: Any = None,
    actions: Callable[[], Sequence[rx.Component]] | None = None,
    skeleton: Callable[[], rx.Component] = table_skeleton,
    back: tuple[str, str] | None = None,
    write: Permission | None = None,
    active: str = "",
    shortcuts: Sequence[tuple[str, str]] = (),
    fills_window: bool = False,
) -> Callable[[Callable[[], rx.Component]], Callable[[], rx.Component]]:
    """Make a function a page of the product: adds the frame, and loads `state` (a `PageState`) at every visit.

    `heading` replaces the title shown (a var, for a detail page); `back` is a (label, href) above it; `write` is the permission whose lack
    is explained as "view only"; `active` is the navigation entry to highlight (the route by default); `shortcuts` are the page's own keys
    and what they do, for the list that "?" opens; `fills_window` is for content that scrolls in parts of its own.
    """

    def decorate(content: Callable[[], rx.Component]) -> Callable[[], rx.Component]:
        def framed() -> rx.Component:
            return shell(
                content(),
                title=title if heading is None else heading,
                state=state,
                text=text,
                actions=actions() if actions else (),
                skeleton=skeleton(),
                back=back,
                write=write,
                active=active or route,
                shortcuts=shortcuts,
                fills_window=fills_window,
            )

        framed.__name__ = content.__name__
        rx.page(route=route, title=f"{title} · Autoflows", on_load=[state.load, ShellState.load, BellState.load, InboxBadge.load])(framed)
        return content

    return decorate


def shell(
    content: rx.Component,
    *,
    title: Any,
    state: Any,
    text: str = "",
    actions: Sequence[rx.Component] = (),
    skeleton: rx.Component | None = None,
    back: tuple[str, str] | None = None,
    write: Permission | None = None,
    active: str = "",
    shortcuts: Sequence[tuple[str, str]] = (),
    fills_window: bool = False,
) -> rx.Component:
    """The frame around one page's content. `<main data-ready="true">` says that events work and the page has settled."""
    body = rx.cond(
        state.denied != "",
        permission_state(state.denied),
        rx.cond(
            state.error != "",
            error_callout(state.error, retry=state.load),
            rx.cond(state.loaded, content, skeleton or table_skeleton()),
        ),
    )
    return rx.el.div(
        rx.el.a("Skip to the content", href="#content", class_name="af-skip"),
        rx.el.aside(_sidebar(active, bell("right")), class_name="af-sidebar"),
        rx.el.div(
            _topbar(active),
            _paused_banner(),
            rx.el.main(
                _heading(title, text, actions, back, write, state),
                body,
                id="content",
                tab_index=-1,
                class_name=rx.cond(state.loaded & (state.denied == "") & (state.error == ""), "af-main af-main-whole", "af-main")
                if fills_window
                else "af-main",
                custom_attrs={"data-ready": (state.is_hydrated & state.loaded).to_string()},
            ),
            class_name="af-page",
        ),
        notice_toast(),
        command_palette(shortcuts),
        class_name="af-shell",
        on_mount=state.arrive,
    )


def _heading(
    title: Any, text: str, actions: Sequence[rx.Component], back: tuple[str, str] | None, write: Permission | None, state: Any
) -> rx.Component:
    return rx.el.header(
        rx.el.div(
            *([rx.link(rx.icon("arrow-left", size=14), back[0], href=back[1], class_name="af-back", underline="none")] if back else []),
            rx.el.div(rx.el.h1(title), *([_view_only(write, state)] if write else []), live_mark(), class_name="af-row"),
            *([rx.el.div(text, class_name="af-head-text")] if text else []),
        ),
        rx.cond(state.loaded & (state.denied == ""), rx.el.div(*actions, class_name="af-head-actions"), rx.fragment()),
        class_name="af-head",
    )


def _view_only(write: Permission, state: Any) -> rx.Component:
    reason = f"Your role ({Base.me.role}) can see this page but not change it. An owner or admin can."
    return rx.cond(
        state.loaded & ~may(write),
        rx.tooltip(rx.badge(rx.icon("eye", size=12), "View only", color_scheme="gray", radius="full", aria_label=reason), content=reason),
        rx.fragment(),
    )


def _paused_banner() -> rx.Component:
    return rx.cond(
        ShellState.paused,
        rx.el.div(
            rx.icon("octagon-pause", size=16),
            rx.el.span(
                "The kill switch is on: no call or message leaves this account. ", rx.link("Open settings", href="/dashboard/settings")
            ),
            class_name="af-banner",
            role="status",
        ),
        rx.fragment(),
    )


def _nav_link(label: str, href: str, icon: str, active: str) -> rx.Component:
    current = active == href or (href not in ("/dashboard", FLOWS) and active.startswith(href + "/"))
    current = current or (href == FLOWS and active in (f"{FLOWS}/create", f"{FLOWS}/[id]/edit"))
    return rx.link(
        *([rx.icon(icon, size=17, stroke_width=1.8)] if icon else []),
        label,
        *([_inbox_count()] if href == INBOX else []),
        href=href,
        class_name="af-nav-link",
        underline="none",
        custom_attrs={"aria-current": "page"} if current else {},
        on_click=ShellState.close_drawer,
    )


def _inbox_count() -> rx.Component:
    return rx.cond(
        InboxBadge.count > 0,
        rx.el.span(
            " ",  # so that it is read apart from the entry
            InboxBadge.label,
            rx.el.span(rx.cond(InboxBadge.count == 1, " needs a person", " need a person"), class_name="af-hidden"),
            class_name="af-nav-count",
        ),
        rx.fragment(),
    )


def _navigation(active: str) -> rx.Component:
    return rx.el.nav(
        _nav_link("Dashboard", "/dashboard", "layout-dashboard", active),
        rx.el.div("Campaigns", class_name="af-nav-group"),
        rx.el.div(rx.icon("workflow", size=17, stroke_width=1.8), "Automation Flows", class_name="af-nav-parent"),
        rx.el.div(*(_nav_link(*entry, active) for entry in NAVIGATION), class_name="af-nav-sub"),
        rx.el.div("Workspace", class_name="af-nav-group"),
        *(_nav_link(*entry, active) for entry in AFTER),
        class_name="af-nav",
        aria_label="Main",
    )


def _brand() -> rx.Component:
    return rx.link(rx.image(src="/favicon.svg", alt=""), "Autoflows", href="/dashboard", class_name="af-brand", underline="none")


def colour_mode_button() -> rx.Component:
    """Switch between light and dark; remembered by the browser."""
    return rx.icon_button(
        rx.color_mode_cond(rx.icon("moon", size=16), rx.icon("sun", size=16)),
        aria_label="Switch between light and dark",
        title="Switch between light and dark",
        variant="ghost",
        color_scheme="gray",
        size="2",
        margin="0",
        on_click=rx.toggle_color_mode,
    )


def _account_menu() -> rx.Component:
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.el.button(
                avatar(Base.me.initials),
                rx.el.span(
                    rx.el.div(Base.me.name, class_name="af-account-name"),
                    rx.el.div(Base.me.role, class_name="af-account-role"),
                    style={"minWidth": 0, "flex": 1},
                ),
                rx.icon("chevrons-up-down", size=14, color="var(--gray-10)"),
                class_name="af-account",
                type="button",
                aria_label="Account menu",
            ),
        ),
        rx.dropdown_menu.content(
            rx.el.div(Base.me.email, class_name="af-menu-label"),
            rx.dropdown_menu.separator(),
            rx.dropdown_menu.item(rx.icon("settings", size=15), "Settings", on_click=rx.redirect("/dashboard/settings")),
            rx.dropdown_menu.item(rx.icon("book-open", size=15), "API reference", on_click=rx.redirect("/api/docs", is_external=True)),
            rx.dropdown_menu.item(
                rx.icon("keyboard", size=15),
                "Keyboard shortcuts",
                on_click=rx.call_script("setTimeout(() => window.dispatchEvent(new Event('af-help')), 250)"),
            ),
            rx.dropdown_menu.separator(),
            rx.dropdown_menu.item(
                rx.icon("log-out", size=15), "Sign out", color_scheme="red", on_click=rx.call_script("window.afSignOut()")
            ),
            side="top",
            align="start",
        ),
        modal=False,
    )


def _sidebar(active: str, *beside_brand: rx.Component) -> rx.Component:
    return rx.fragment(
        rx.el.div(_brand(), *beside_brand, class_name="af-sidebar-head"),
        palette_button(),
        _navigation(active),
        rx.el.div(_account_menu(), colour_mode_button(), class_name="af-sidebar-foot"),
    )


def _topbar(active: str) -> rx.Component:
    return rx.el.div(
        rx.dialog.root(
            rx.dialog.trigger(
                rx.icon_button(
                    rx.icon("menu", size=18), aria_label="Open navigation", variant="ghost", color_scheme="gray", size="3", margin="0"
                )
            ),
            rx.dialog.content(
                rx.dialog.title("Navigation", class_name="af-hidden"),
                rx.dialog.description("Pages and account", class_name="af-hidden"),
                _sidebar(active),
                class_name="af-drawer",
            ),
            open=ShellState.drawer_open,
            on_open_change=ShellState.set_drawer_open,
        ),
        _brand(),
        bell("bottom"),
        colour_mode_button(),
        class_name="af-topbar",
    )
