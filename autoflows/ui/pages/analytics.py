"""/dashboard/auto-engagement/analytics: what happened in a period, in figures."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import cards_skeleton, empty_state
from autoflows.ui.components.zones import zone_list
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.analytics import AnalyticsState, ChartCard, FigureTile
from autoflows.ui.states.base import may

FONT = "Inter, ui-sans-serif, system-ui, sans-serif"


def _template(ink: str, grid: str, panel: str) -> dict[str, Any]:
    """The ink and grid of one colour mode; figures bring none of their own."""
    axis = {"gridcolor": grid, "linecolor": grid, "tickcolor": grid, "automargin": True}
    return {
        "layout": {
            "font": {"family": FONT, "size": 12, "color": ink},
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"bgcolor": panel, "bordercolor": grid, "font": {"family": FONT, "size": 12, "color": ink}},
        }
    }


TEMPLATE = rx.color_mode_cond(
    light=rx.Var.create(_template("#60646c", "#e3e4e9", "#ffffff")), dark=rx.Var.create(_template("#b0b4ba", "#33363c", "#1a1b1f"))
).to(go.layout.Template)


def _tile(tile: rx.Var[FigureTile]) -> rx.Component:
    colour = rx.cond(tile.good.to(bool), "var(--green-11)", "var(--red-11)")
    change = rx.cond(
        tile.change != "",
        rx.el.span(tile.change, style={"color": rx.cond(tile.good == None, "var(--gray-11)", colour)}),  # noqa: E711 - compiled
        rx.fragment(),
    )
    return rx.el.div(
        rx.el.div(tile.label, class_name="af-tile-label"),
        rx.el.div(tile.value, class_name="af-tile-value"),
        rx.el.div(change, rx.cond(tile.change != "", " against the period before", ""), class_name="af-tile-note"),
        class_name="af-card af-tile",
    )


def _numbers(chart: rx.Var[ChartCard]) -> rx.Component:
    table = rx.el.div(
        rx.el.table(
            rx.el.caption(chart.title, class_name="af-hidden"),
            rx.el.thead(rx.el.tr(rx.foreach(chart.columns, lambda c: rx.el.th(c, scope="col")))),
            rx.el.tbody(
                rx.foreach(chart.rows, lambda row: rx.el.tr(rx.foreach(row, rx.el.td))),
            ),
            class_name="af-numbers",
        ),
        class_name="af-table-wrap af-numbers-wrap",
    )
    return rx.el.details(
        rx.el.summary("The numbers"), table, class_name="af-more", custom_attrs={"open": rx.cond(chart.rows.length() < 10, True, False)}
    )


def _chart(chart: rx.Var[ChartCard]) -> rx.Component:
    plot = rx.plotly.basic(
        data=AnalyticsState.figures[chart.slug].to(go.Figure),
        template=TEMPLATE,
        config={"displayModeBar": False, "responsive": True},
        width="100%",
        height="300px",
    )
    return rx.el.section(
        rx.el.div(
            rx.el.div(rx.el.h2(chart.title), rx.el.p(chart.question)),
            rx.cond(
                may(Permission.EXPORT) & (chart.total > 0),
                rx.button(
                    rx.icon("download", size=14),
                    "CSV",
                    size="1",
                    variant="soft",
                    color_scheme="gray",
                    aria_label=f"Download {chart.title} as CSV",
                    on_click=AnalyticsState.export(chart.slug),
                ),
                rx.fragment(),
            ),
            class_name="af-card-head",
        ),
        rx.cond(
            chart.total > 0,
            rx.el.div(
                rx.el.p(chart.summary, class_name="af-chart-summary"),
                rx.el.div(plot, role="img", aria_label=f"Chart: {chart.summary}", class_name="af-plot"),
                rx.cond(
                    chart.more.length() > 0,
                    rx.el.dl(
                        rx.foreach(chart.more, lambda pair: rx.el.div(rx.el.dt(pair[0]), rx.el.dd(pair[1]))), class_name="af-percentiles"
                    ),
                    rx.fragment(),
                ),
                _numbers(chart),
                class_name="af-card-body",
            ),
            empty_state("chart-column", "Nothing in this period", "Choose other days, or wait for leads to arrive."),
        ),
        class_name="af-card af-chart",
        custom_attrs={"data-chart": chart.slug},
        key=chart.slug,
    )


def _wrong(name: str) -> rx.Component:
    problem = AnalyticsState.problems[name]
    return rx.cond(problem, rx.el.div(problem, class_name="af-field-error", role="alert"), rx.fragment())


def _day(which: str, label: str, value: rx.Var[str], name: str) -> rx.Component:
    return rx.el.div(
        rx.input(type="date", value=value, on_change=lambda v: AnalyticsState.set_day(which, v), aria_label=label),
        _wrong(name),
    )


def _period() -> rx.Component:
    return rx.el.div(
        rx.segmented_control.root(
            rx.segmented_control.item("7 days", value="7"),
            rx.segmented_control.item("30 days", value="30"),
            rx.segmented_control.item("90 days", value="90"),
            rx.segmented_control.item("Custom", value="own"),
            value=AnalyticsState.span,
            on_change=AnalyticsState.set_span,
            size="2",
            aria_label="Period",
        ),
        _day("first", "From day", AnalyticsState.first_day, "from"),
        _day("last", "To day", AnalyticsState.last_day, "to"),
        rx.el.div(
            rx.input(
                value=AnalyticsState.zone,
                on_change=AnalyticsState.set_zone,
                aria_label="Time zone of the days",
                custom_attrs={"list": "zones"},
                width="190px",
            ),
            _wrong("tz"),
        ),
        zone_list(),
        class_name="af-row af-period",
        role="group",
        aria_label="Period and time zone",
    )


@page(
    f"{FLOWS}/analytics",
    "Analytics",
    AnalyticsState,
    text="Figures of executions begun in the period. Test runs are never counted.",
    skeleton=cards_skeleton,
)
def analytics() -> rx.Component:
    """The page."""
    return rx.el.div(
        _period(),
        rx.el.div(rx.foreach(AnalyticsState.tiles, _tile), class_name="af-tiles"),
        rx.el.div(rx.foreach(AnalyticsState.charts, _chart), class_name="af-charts"),
        class_name="af-stack",
    )
