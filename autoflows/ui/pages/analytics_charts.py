"""Tiles and charts of the analytics pages: each chart with its sentence, its numbers, and the numbers and the picture as files."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.analytics_tiles import FigureTile
from autoflows.ui.components import empty_state
from autoflows.ui.pages.analytics_files import take_picture
from autoflows.ui.states.analytics import AnalyticsState, ChartCard, NumbersRow
from autoflows.ui.states.base import may

FONT = "Inter, ui-sans-serif, system-ui, sans-serif"
FEW_ROWS = 10


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
    colour = rx.cond(tile.good == None, "var(--gray-11)", rx.cond(tile.good.to(bool), "var(--green-11)", "var(--red-11)"))  # noqa: E711 - compiled
    change = rx.cond(
        tile.change != "",
        rx.el.div(rx.el.span(tile.change, style={"color": colour}), " against before", class_name="af-tile-note"),
        rx.fragment(),
    )
    value = rx.cond(tile.href != "", rx.link(tile.value, href=tile.href, underline="hover", color="inherit"), tile.value)
    return rx.el.div(
        rx.el.div(tile.label, class_name="af-tile-label", title=tile.about),
        rx.el.div(value, class_name="af-tile-value"),
        change,
        rx.cond(
            tile.note.length() > 0,
            rx.el.div(rx.foreach(tile.note, lambda part: rx.fragment(leading(part.text, part.href), " ")), class_name="af-tile-note"),
            rx.fragment(),
        ),
        class_name="af-card af-tile",
        key=tile.label,
    )


def tiles(shown: rx.Var[list[FigureTile]]) -> rx.Component:
    """Figures in a row; a link in one leads to what it counts."""
    return rx.cond(shown.length() > 0, rx.el.div(rx.foreach(shown, _tile), class_name="af-tiles"), rx.fragment())


def leading(text: rx.Var[str], href: rx.Var[str]) -> rx.Component:
    """A number, as a link to what it counts where there is a list of it."""
    return rx.cond(href != "", rx.link(text, href=href, underline="always", class_name="af-behind"), text)


def _row(row: rx.Var[NumbersRow]) -> rx.Component:
    return rx.el.tr(rx.foreach(row.cells, lambda cell: rx.el.td(leading(cell.text, cell.href))))


def _numbers(chart: rx.Var[ChartCard]) -> rx.Component:
    table = rx.el.div(
        rx.el.table(
            rx.el.caption(chart.title, class_name="af-hidden"),
            rx.el.thead(rx.el.tr(rx.foreach(chart.columns, lambda c: rx.el.th(c, scope="col")))),
            rx.el.tbody(rx.foreach(chart.rows, _row)),
            class_name="af-numbers",
        ),
        class_name="af-table-wrap af-numbers-wrap",
        tab_index=0,
        role="region",
        aria_label=f"The numbers of {chart.title}",
    )
    is_short = chart.rows.length() < FEW_ROWS
    return rx.el.details(rx.el.summary("The numbers"), table, class_name="af-more", custom_attrs={"open": rx.cond(is_short, True, False)})


def _definition(chart: rx.Var[ChartCard]) -> rx.Component:
    return rx.popover.root(
        rx.popover.trigger(
            rx.icon_button(
                rx.icon("info", size=14), size="1", variant="ghost", color_scheme="gray", aria_label=f"Definition of {chart.title}"
            )
        ),
        rx.popover.content(rx.el.p(chart.definition, class_name="af-flat af-small"), max_width="340px"),
    )


def _files(chart: rx.Var[ChartCard]) -> rx.Component:
    def item(label: str, href: rx.Var[str]) -> rx.Component:
        return rx.dropdown_menu.item(
            rx.el.a(label, href=href, download=True, class_name="af-menu-link", custom_attrs={"reloadDocument": True}), as_child=True
        )

    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.icon_button(
                rx.icon("download", size=14), size="1", variant="ghost", color_scheme="gray", aria_label=f"Download {chart.title}"
            )
        ),
        rx.dropdown_menu.content(
            rx.cond(may(Permission.EXPORT), rx.fragment(item("Numbers as CSV", chart.csv), item("Numbers as Excel", chart.xlsx))),
            rx.dropdown_menu.item("Picture as PNG", on_select=take_picture(chart.slug)),
        ),
        modal=False,
    )


def plot(figure: rx.Var[dict[str, Any]], said: Any, name: Any, **size: str) -> rx.Component:
    """A figure in the page's theme; `said` is its answer, for who cannot see it, `name` what its picture is called. Without a `height` it
    has its own."""
    drawn = rx.plotly.cartesian(
        data=figure.to(go.Figure),
        template=TEMPLATE,
        config={
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "displaylogo": False,
            "responsive": True,
            "toImageButtonOptions": {"filename": name, "scale": 2},
        },
        width="100%",
        **size,
    )
    return rx.el.div(drawn, role="img", aria_label=f"Chart: {said}", class_name="af-plot" if size else "af-plot af-plot-own")


def _drawn(chart: rx.Var[ChartCard]) -> rx.Component:
    return rx.el.div(
        rx.el.p(chart.summary, class_name="af-chart-summary"),
        plot(AnalyticsState.figures[chart.slug], chart.summary, chart.slug, height="300px"),
        rx.cond(
            chart.more.length() > 0,
            rx.el.dl(
                rx.foreach(chart.more, lambda one: rx.el.div(rx.el.dt(one.name), rx.el.dd(leading(one.value, one.href)))),
                class_name="af-percentiles",
            ),
            rx.fragment(),
        ),
        _numbers(chart),
        class_name="af-card-body",
    )


def _chart(chart: rx.Var[ChartCard]) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(rx.el.div(rx.el.h2(chart.title), _definition(chart), class_name="af-chart-title"), rx.el.p(chart.question)),
            rx.cond(chart.total > 0, _files(chart), rx.fragment()),
            class_name="af-card-head",
        ),
        rx.cond(
            chart.total > 0,
            _drawn(chart),
            empty_state("chart-column", "Nothing in this period", "Choose other days or filters, or wait for leads to arrive."),
        ),
        class_name="af-card af-chart",
        custom_attrs={"data-chart": chart.slug},
        aria_label=chart.title,
        key=chart.slug,
    )


def charts() -> rx.Component:
    """All charts of the page."""
    return rx.el.div(rx.foreach(AnalyticsState.charts, _chart), class_name="af-charts")
