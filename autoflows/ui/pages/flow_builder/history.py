"""The drawer of versions: by day and author, each to look at or to have back as a draft."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import moment
from autoflows.ui.components.sheet import sheet
from autoflows.ui.states.base import may
from autoflows.ui.states.flow_builder import FlowBuilder
from autoflows.ui.states.flow_versions import VersionDay, VersionRow


def history_sheet() -> rx.Component:
    """The drawer."""
    return sheet(
        "Version history",
        rx.el.div(
            rx.cond(FlowBuilder.authors.length() > 1, _authors(), rx.fragment()),
            rx.foreach(FlowBuilder.history, _day),
            class_name="af-stack",
        ),
        is_open=FlowBuilder.history_open,
        on_open_change=FlowBuilder.set_history_open,
    )


def _authors() -> rx.Component:
    return rx.select.root(
        rx.select.trigger(aria_label="Published by", width="100%"),
        rx.select.content(
            rx.select.item("Published by anybody", value="all"),
            rx.foreach(FlowBuilder.authors, lambda name: rx.select.item(name, value=name)),
            position="popper",
        ),
        value=rx.cond(FlowBuilder.author == "", "all", FlowBuilder.author),
        on_change=FlowBuilder.by_author,
    )


def _day(day: rx.Var[VersionDay]) -> rx.Component:
    return rx.el.section(
        rx.el.h3(day.day, class_name="af-subhead"), rx.el.ul(rx.foreach(day.versions, _version), class_name="af-fb-versions")
    )


def _version(row: rx.Var[VersionRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.strong(f"{row.version}. {row.name}"),
                rx.cond(row.is_current, rx.badge("Published", color_scheme="green", radius="full"), rx.fragment()),
                class_name="af-row",
            ),
            rx.cond(row.note != "", rx.el.p(row.note, class_name="af-flat"), rx.fragment()),
            rx.el.span(moment(row.at, "short"), rx.cond(row.by != "", f" · {row.by}", ""), class_name="af-help"),
        ),
        rx.el.div(
            rx.button(
                "View",
                type="button",
                size="1",
                variant="soft",
                color_scheme="gray",
                aria_label=f"View version {row.version}",
                on_click=FlowBuilder.view_version(row.version),
            ),
            rx.cond(
                may(Permission.FLOWS_WRITE) & (FlowBuilder.holder == ""),
                rx.button(
                    "Restore as draft",
                    type="button",
                    size="1",
                    variant="soft",
                    aria_label=f"Restore version {row.version} as draft",
                    on_click=FlowBuilder.restore(row.version),
                ),
                rx.fragment(),
            ),
            class_name="af-row",
        ),
    )
