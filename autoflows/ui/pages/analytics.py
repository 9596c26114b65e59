"""/dashboard/auto-engagement/analytics: what happened in a period, in figures."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components import cards_skeleton, empty_state, filter_select, moment, note
from autoflows.ui.components.picker import Picker
from autoflows.ui.components.zones import zone_list
from autoflows.ui.pages.analytics_charts import charts, tiles
from autoflows.ui.pages.analytics_reports import figures_menu
from autoflows.ui.pages.analytics_views import beside_field, view_tabs, wrong
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.analytics import AnalyticsState
from autoflows.ui.states.analytics_wanted import SPANS, VIEWS

WANTED = AnalyticsState.wanted


def _choose(name: str) -> Any:
    return lambda value: AnalyticsState.choose(name, value)


def _views() -> rx.Component:
    def view(value: str, label: str) -> rx.Component:
        return rx.el.button(
            label,
            type="button",
            class_name="af-status-tab",
            custom_attrs={"aria-current": rx.cond(WANTED.view == value, "page", "false")},
            on_click=AnalyticsState.choose("view", value),
        )

    return view_tabs(*(view(value, label) for value, label in VIEWS.items()))


def _day(name: str, label: str, value: rx.Var[str], problem: str) -> rx.Component:
    return rx.el.div(rx.input(type="date", value=value, on_change=_choose(name), aria_label=label), wrong(AnalyticsState, problem))


def _period() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.segmented_control.root(
                *(rx.segmented_control.item(label, value=value) for value, label in SPANS.items()),
                value=WANTED.span,
                on_change=_choose("span"),
                size="2",
                aria_label="Period",
            ),
            class_name="af-spans",
        ),
        _day("first", "From day", AnalyticsState.first_day, "from"),
        beside_field("to"),
        _day("last", "To day", AnalyticsState.last_day, "to"),
        beside_field("in"),
        rx.el.div(
            rx.debounce_input(
                rx.input(
                    value=AnalyticsState.zone,
                    on_change=_choose("zone"),
                    aria_label="Time zone of the days",
                    custom_attrs={"list": "zones"},
                    width="170px",
                ),
                debounce_timeout=600,
            ),
            wrong(AnalyticsState, "tz"),
        ),
        zone_list(),
        class_name="af-row af-period",
        role="group",
        aria_label="Period and time zone",
    )


def _filters() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            Picker.create(
                label="Filter by flow",
                value=WANTED.flow,
                options=AnalyticsState.flow_options,
                none=rx.cond(WANTED.view == "flow", "Choose a flow", "Flow: all"),
                on_choose=_choose("flow"),
            ),
            class_name="af-filter-flow",
        ),
        rx.cond(
            AnalyticsState.version_options.length() > 1,
            filter_select("Version", WANTED.version, AnalyticsState.version_options, _choose("version")),
            rx.fragment(),
        ),
        filter_select("Source", WANTED.source, AnalyticsState.source_options, _choose("source")),
        filter_select("Channel", WANTED.channel, AnalyticsState.channel_options, _choose("channel")),
        rx.cond(
            AnalyticsState.narrowed,
            rx.button("Clear filters", variant="ghost", on_click=AnalyticsState.clear_filters),
            rx.fragment(),
        ),
        class_name="af-row af-period",
        role="group",
        aria_label="Filters",
    )


def _promise() -> rx.Component:
    promise = AnalyticsState.promise
    return rx.cond(
        promise,
        note(
            rx.el.strong(promise.sentence),
            rx.el.div(promise.detail),
            colour=rx.match(promise.is_met, (True, "green"), (False, "red"), "gray"),
            icon="target",
            action=rx.link("Change the target", href="/dashboard/settings", class_name="af-small"),
        ),
        rx.fragment(),
    )


def _bottleneck() -> rx.Component:
    return rx.cond(AnalyticsState.bottleneck != "", note(AnalyticsState.bottleneck, colour="amber", icon="hourglass"), rx.fragment())


def _published() -> rx.Component:
    return rx.cond(
        AnalyticsState.published.length() > 0,
        rx.el.section(
            rx.el.h2("Published in these days", class_name="af-published-title"),
            rx.el.ul(
                rx.foreach(
                    AnalyticsState.published,
                    lambda each: rx.el.li(rx.link(each.title, href=each.href, underline="always"), " ", moment(each.at), key=each.title),
                ),
                class_name="af-published",
            ),
            class_name="af-card af-card-body",
        ),
        rx.fragment(),
    )


def _shown() -> rx.Component:
    return rx.el.div(
        _promise(),
        _bottleneck(),
        tiles(AnalyticsState.spans),
        tiles(AnalyticsState.tiles),
        charts(),
        _published(),
        class_name="af-stack",
        id="figures",
    )


@page(
    f"{FLOWS}/analytics",
    "Analytics",
    AnalyticsState,
    text="Live figures of leads that came in and executions that began in the period. Test runs are never counted.",
    actions=lambda: (figures_menu(),),
    skeleton=cards_skeleton,
)
def analytics() -> rx.Component:
    """The page."""
    no_flow = empty_state(
        "workflow",
        "There is no flow yet",
        "As soon as a flow is published and takes leads, its figures are here.",
        rx.link(rx.button("See the flows", variant="soft"), href=FLOWS),
    )
    return rx.el.div(
        _views(),
        _period(),
        _filters(),
        rx.cond(
            AnalyticsState.unknown != "",
            note("The link asked for something that is not here: ", AnalyticsState.unknown, colour="amber", icon="link"),
            rx.fragment(),
        ),
        rx.cond(AnalyticsState.needs_flow, no_flow, _shown()),
        rx.el.p(AnalyticsState.days_text, class_name="af-muted af-small af-flat"),
        class_name="af-stack",
    )
