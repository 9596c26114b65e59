"""What a page of figures shows, to take along: to print, as files, and each chart as a picture."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.states.base import may

FORMS = {
    "html": ("Print", "printer"),
    "pdf": ("Download as PDF", "file-down"),
    "xlsx": ("Download as Excel", "sheet"),
    "csv": ("Numbers as CSV", "file-spreadsheet"),
    "differences": ("Differences as CSV", "file-spreadsheet"),
}


def report_menu(links: Any, *forms: str, more: tuple[rx.Component, ...] = ()) -> rx.Component:
    """The button at the top of a page, for who may export, while there is something to report. `links` has an address by form."""
    menu = rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.button(rx.icon("file-text", size=15), "Report", rx.icon("chevron-down", size=14), variant="soft", color_scheme="gray")
        ),
        rx.dropdown_menu.content(*(_item(form, links[form]) for form in forms), *more, align="end"),
    )
    return rx.cond(may(Permission.EXPORT) & links.contains("pdf"), menu, rx.fragment())


def _item(form: str, href: Any) -> rx.Component:
    label, icon = FORMS[form]
    where: dict[str, Any] = {"target": "_blank"} if form == "html" else {"download": True}
    link = rx.el.a(
        rx.icon(icon, size=15), label, href=href, class_name="af-menu-link af-row", custom_attrs={"reloadDocument": True}, **where
    )
    return rx.dropdown_menu.item(link, as_child=True)


def take_picture(chart: Any) -> Any:
    """Have the browser keep the picture of a chart, named by its `data-chart`."""
    button = f"[data-chart='${{{chart!s}}}'] .modebar-btn"
    return rx.call_script(rx.Var(f'`document.querySelector("{button}").click()`'))


def picture_button(chart: str, title: str) -> rx.Component:
    """For a chart of which there is nothing to download but its picture."""
    return rx.icon_button(
        rx.icon("image-down", size=14),
        size="1",
        variant="ghost",
        color_scheme="gray",
        aria_label=f"Picture of {title} as PNG",
        title="Picture as PNG",
        on_click=rx.call_script(f"document.querySelector(\"[data-chart='{chart}'] .modebar-btn\").click()"),
    )
