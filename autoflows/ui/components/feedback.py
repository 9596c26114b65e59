"""What a page shows when there is nothing, not yet, an error, or no permission; and the question before something cannot be undone."""

from __future__ import annotations

from typing import Any

import reflex as rx

_NOTE_ICONS = {"red": "circle-alert", "amber": "triangle-alert", "green": "circle-check", "blue": "info", "gray": "info"}


def note(*content: Any, colour: str = "gray", icon: str = "", action: rx.Component | None = None, role: str = "note") -> rx.Component:
    """A sentence in a coloured strip, with at most one thing to do about it."""
    return rx.el.div(
        rx.icon(icon or _NOTE_ICONS[colour], size=16),
        rx.el.div(*content, style={"flex": 1, "minWidth": 0}),
        *([action] if action else []),
        class_name=f"af-note af-note-{colour}",
        role=role,
    )


def error_callout(message: rx.Var[str] | str, retry: Any = None) -> rx.Component:
    """What went wrong, in a sentence, with a way to try again."""
    again = rx.button("Try again", size="1", variant="soft", color_scheme="red", on_click=retry) if retry is not None else None
    return note(message, colour="red", action=again, role="alert")


def empty_state(icon: str, title: str | rx.Var[str], text: str | rx.Var[str], *actions: rx.Component) -> rx.Component:
    """An empty list: what will appear here, and the next step."""
    return rx.el.div(
        rx.el.div(rx.icon(icon, size=20), class_name="af-empty-icon", aria_hidden="true"),
        rx.el.h2(title),
        rx.el.p(text),
        rx.el.div(*actions, class_name="af-row"),
        class_name="af-empty",
    )


def permission_state(reason: rx.Var[str] | str) -> rx.Component:
    """The page is not for this role, and who can help."""
    return rx.el.div(
        empty_state(
            "lock", "You cannot open this page", reason, rx.link(rx.button("Back to the dashboard", variant="soft"), href="/dashboard")
        ),
        class_name="af-card",
    )


def bone(width: str = "100%", height: str = "14px") -> rx.Component:
    """One shimmering bar."""
    return rx.el.div(class_name="af-bone", style={"width": width, "height": height})


def _loading(*children: rx.Component) -> rx.Component:
    return rx.el.div(*children, rx.el.span("Loading", class_name="af-hidden"), class_name="af-stack", role="status")


def table_skeleton(rows: int = 8) -> rx.Component:
    """The shape of a list while it loads."""
    widths = ("34%", "28%", "40%", "22%")
    return _loading(
        rx.el.div(
            *(
                rx.el.div(bone(widths[i % 4]), bone("14%"), bone("10%"), class_name="af-spread", style={"padding": "15px 18px"})
                for i in range(rows)
            ),
            class_name="af-card",
        )
    )


def cards_skeleton(cards: int = 4) -> rx.Component:
    """The shape of a dashboard while it loads."""
    tile = lambda: rx.el.div(bone("50%", "12px"), bone("70%", "24px"), class_name="af-card af-tile af-stack-2")  # noqa: E731
    panel = lambda: rx.el.div(bone("30%"), bone("100%", "120px"), class_name="af-card af-card-body af-stack-2")  # noqa: E731
    return _loading(rx.el.div(*(tile() for _ in range(cards)), class_name="af-tiles"), rx.el.div(panel(), panel(), class_name="af-grid-2"))


def form_skeleton(fields: int = 5) -> rx.Component:
    """The shape of a form while it loads."""
    return _loading(
        rx.el.div(
            *(rx.el.div(bone("140px", "12px"), bone("100%", "34px"), class_name="af-stack-2") for _ in range(fields)),
            class_name="af-card af-card-body af-stack",
        )
    )


def confirm_dialog(
    trigger: rx.Component | None,
    title: str | rx.Var[str],
    text: str | rx.Var[str],
    confirm_label: str | rx.Var[str],
    on_confirm: Any,
    *,
    danger: bool = True,
    extra: rx.Component | None = None,
    **dialog: Any,
) -> rx.Component:
    """Ask before something that cannot be undone or that reaches people. Say the number in `text` ("will call 312 leads").

    Give `trigger=None` with `open=` and `on_open_change=` to open it from state.
    """
    return rx.alert_dialog.root(
        *([rx.alert_dialog.trigger(trigger)] if trigger is not None else []),
        rx.alert_dialog.content(
            rx.alert_dialog.title(title, size="4"),
            rx.alert_dialog.description(text, class_name="af-dialog-text"),
            *([extra] if extra is not None else []),
            rx.el.div(
                rx.alert_dialog.cancel(rx.button("Keep as it is", variant="soft", color_scheme="gray")),
                rx.alert_dialog.action(rx.button(confirm_label, color_scheme="red" if danger else None, on_click=on_confirm)),
                class_name="af-actions",
                style={"marginTop": "18px"},
            ),
            max_width="440px",
            aria_modal="true",  # Radix says so of no dialog, and without it what lies behind seems to be in reach
        ),
        **dialog,
    )
