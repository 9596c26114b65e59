"""/dashboard/auto-engagement/analytics/compare: what differs between flows, times, and before and after a change."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.compare_rows import DifferenceRow, Number, SideRow
from autoflows.ui.components import cards_skeleton, empty_state, note, tag
from autoflows.ui.components.picker import Picker
from autoflows.ui.flow_rows import Option
from autoflows.ui.pages.analytics_charts import leading, plot
from autoflows.ui.pages.analytics_files import picture_button, report_menu
from autoflows.ui.pages.analytics_views import HERE, beside_field, view_tabs, wrong
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.compare import ComparisonState
from autoflows.ui.states.compare_wanted import KINDS, LENGTHS, MOST_FLOWS, SPANS

WANTED = ComparisonState.wanted


def _choose(name: str) -> Any:
    return lambda value: ComparisonState.choose(name, value)


def _segments(name: str, label: str, choices: dict[str, str], value: rx.Var[str]) -> rx.Component:
    items = (rx.segmented_control.item(said, value=choice) for choice, said in choices.items())
    return rx.el.div(
        rx.segmented_control.root(*items, value=value, on_change=_choose(name), size="2", aria_label=label), class_name="af-spans"
    )


def _day(name: str, label: str, value: rx.Var[str], problem: str) -> rx.Component:
    return rx.el.div(rx.input(type="date", value=value, on_change=_choose(name), aria_label=label), wrong(ComparisonState, problem))


def _select(name: str, label: str, choices: Any, value: rx.Var[str]) -> rx.Component:
    items = (
        [rx.foreach(choices, lambda one: rx.select.item(one[1], value=one[0]))]
        if isinstance(choices, rx.Var)
        else [rx.select.item(said, value=choice) for choice, said in choices.items()]
    )
    return rx.select.root(
        rx.select.trigger(aria_label=label, variant="surface"),
        rx.select.content(*items, position="popper"),
        value=value,
        on_change=_choose(name),
    )


def _flow(name: str, label: str, none: Any, value: rx.Var[str], options: rx.Var[list[Option]]) -> rx.Component:
    return rx.el.div(
        Picker.create(label=label, value=value, options=options, none=none, on_choose=_choose(name)),
        wrong(ComparisonState, name),
        class_name="af-filter-flow",
    )


def _row(*children: rx.Component, label: str) -> rx.Component:
    return rx.el.div(*children, class_name="af-row af-period", role="group", aria_label=label)


def _span() -> tuple[rx.Component, ...]:
    return (
        _segments("span", "Period", SPANS, WANTED.span),
        _day("first", "From day", ComparisonState.first_day, "from"),
        beside_field("to"),
        _day("last", "To day", ComparisonState.last_day, "to"),
    )


def _periods() -> rx.Component:
    return _row(
        _flow("flow", "Flow", "All flows", WANTED.flow, ComparisonState.flow_options),
        beside_field("against"),
        _day("against_first", "Other period, from day", ComparisonState.against_first_day, "against_from"),
        beside_field("to"),
        _day("against_last", "Other period, to day", ComparisonState.against_last_day, "against_to"),
        label="Flow and the other period",
    )


def _chip(flow: rx.Var[Option]) -> rx.Component:
    remove = rx.icon_button(
        rx.icon("x", size=12),
        size="1",
        variant="ghost",
        color_scheme="gray",
        margin="0",
        aria_label=f"Take {flow.label} out",
        on_click=ComparisonState.remove_flow(flow.value),
    )
    return rx.el.li(flow.label, rx.cond(ComparisonState.chosen_flows.length() > 2, remove, rx.el.span(" ")), class_name="af-flow-chip")


def _flows() -> rx.Component:
    add = Picker.create(
        label="Add a flow",
        value="",
        options=ComparisonState.more_flows,
        none="Add a flow",
        on_choose=lambda value: rx.cond(value == "none", rx.noop(), ComparisonState.add_flow(value)),
    )
    return _row(
        rx.el.ul(rx.foreach(ComparisonState.chosen_flows, _chip), class_name="af-chips af-bare", aria_label="Flows compared"),
        rx.cond(
            (ComparisonState.chosen_flows.length() < MOST_FLOWS) & (ComparisonState.more_flows.length() > 0),
            rx.el.div(add, class_name="af-filter-flow"),
            rx.fragment(),
        ),
        wrong(ComparisonState, "flow_id"),
        label="Flows",
    )


def _control() -> rx.Component:
    """What is taken off: what changed for another flow, or for all others, in the same days."""
    return rx.cond(
        WANTED.flow != "",
        _flow("control", "Control", "Control: all other flows", WANTED.control, ComparisonState.control_options),
        rx.fragment(),
    )


def _around() -> rx.Component:
    is_version = WANTED.kind == "version"
    return _row(
        _flow("flow", "Flow", rx.cond(is_version, "Choose a flow", "All flows"), WANTED.flow, ComparisonState.flow_options),
        rx.cond(
            is_version,
            rx.cond(
                ComparisonState.version_options.length() > 0,
                _select("version", "Version", ComparisonState.version_options, WANTED.version),
                rx.fragment(),
            ),
            _day("on", "The day of the change", WANTED.on, "on"),
        ),
        beside_field("with"),
        _select("days", "Days before and after", LENGTHS, WANTED.days),
        beside_field("before and after"),
        _control(),
        wrong(ComparisonState, "control_flow_id"),
        label="Change",
    )


def _controls() -> rx.Component:
    """What several kinds have stays where it is when another kind is chosen: a click at that moment is not lost."""
    in_periods = (WANTED.kind == "periods") | (WANTED.kind == "flows")
    return rx.el.div(
        _segments("kind", "What to compare", KINDS, WANTED.kind),
        rx.cond(in_periods, _row(*_span(), label="Period"), rx.fragment()),
        rx.match(WANTED.kind, ("flows", _flows()), ("periods", _periods()), _around()),
        class_name="af-stack",
    )


def _verdict() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Verdict", class_name="af-hidden"),
        rx.el.div(
            rx.icon(rx.cond(ComparisonState.is_clear, "scale", "hourglass"), size=18, color="var(--accent-11)"),
            rx.el.p(ComparisonState.verdict, class_name="af-verdict-text", role="status"),
            class_name="af-verdict-row",
        ),
        rx.el.p(ComparisonState.note, class_name="af-muted af-small af-flat", style={"marginTop": "8px"}),
        class_name="af-card af-card-body",
    )


def _chart(name: str, title: str, question: str, said: rx.Var[str]) -> rx.Component:
    card = rx.el.section(
        rx.el.div(rx.el.div(rx.el.h2(title), rx.el.p(question)), picture_button(name, title), class_name="af-card-head"),
        rx.el.div(plot(ComparisonState.figures[name], said, f"compare_{name}"), class_name="af-card-body"),
        class_name="af-card af-chart",
        custom_attrs={"data-chart": name},
        aria_label=title,
    )
    return rx.cond(ComparisonState.figures.contains(name), card, rx.fragment())


def _number(number: rx.Var[Number]) -> rx.Component:
    return rx.el.td(
        leading(number.text, number.href), rx.cond(number.beside != "", rx.el.span(number.beside, class_name="af-beside"), rx.fragment())
    )


def _side(row: rx.Var[SideRow]) -> rx.Component:
    return rx.el.tr(rx.el.th(row.name, scope="row"), rx.foreach(row.numbers, _number), key=row.name)


def numbers_table(label: str, heads: list[rx.Component], body: rx.Component) -> rx.Component:
    """A table of numbers that scrolls by itself where there is no room."""
    return rx.el.div(
        rx.el.table(
            rx.el.caption(label, class_name="af-hidden"), rx.el.thead(rx.el.tr(*heads)), rx.el.tbody(body), class_name="af-numbers af-sides"
        ),
        class_name="af-table-wrap",
        tab_index=0,
        role="region",
        aria_label=label,
    )


def _sides() -> rx.Component:
    heads = [rx.el.th("", scope="col"), rx.foreach(ComparisonState.columns, lambda name: rx.el.th(name, scope="col"))]
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h2("What is compared"),
                rx.el.p("Counts lead to what they count. In brackets: where the rate surely lies, 95 %."),
            ),
            class_name="af-card-head",
        ),
        rx.el.div(
            numbers_table("What is compared", heads, rx.foreach(ComparisonState.rows, _side)),
            rx.cond(
                ComparisonState.capped,
                note("There are more executions than are looked at; these figures are of the newest.", colour="amber"),
                rx.fragment(),
            ),
            class_name="af-card-body",
        ),
        class_name="af-card",
        aria_label="What is compared",
    )


def _difference(row: rx.Var[DifferenceRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.name, scope="row"),
        rx.el.td(row.side),
        rx.el.td(row.difference),
        rx.el.td(row.interval),
        rx.el.td(rx.cond(row.is_clear, tag("Clear", "green"), tag("Not clear"))),
        key=row.key,
    )


def _differences() -> rx.Component:
    heads = [rx.el.th(said, scope="col") for said in ("Figure", "Side", "Difference", "95 % interval", "Verdict")]
    table = numbers_table("Differences", heads, rx.foreach(ComparisonState.differences, _difference))
    return rx.cond(
        ComparisonState.differences.length() > 0,
        rx.el.section(
            rx.el.div(
                rx.el.div(rx.el.h2("Differences"), rx.el.p("Of rates in points; of times as a ratio. Against the first side.")),
                class_name="af-card-head",
            ),
            rx.el.div(table, class_name="af-card-body"),
            class_name="af-card",
            aria_label="Differences",
        ),
        rx.fragment(),
    )


def _found() -> rx.Component:
    return rx.el.div(
        _verdict(),
        rx.fragment(
            _chart("rates", "Differences in rates", "Where an interval leaves the dashed line out, chance is no explanation.",
                   ComparisonState.rates_text),
            _chart("speeds", "Time to the first attempt", "How many times as long it takes; 1 is no difference.",
                   ComparisonState.speeds_text),
        ),
        _sides(),
        _differences(),
        class_name="af-stack",
    )  # fmt: skip


def _gap() -> rx.Component:
    return rx.el.div(
        empty_state(
            "scale", "Nothing to compare yet", ComparisonState.gap, rx.link(rx.button("See the flows", variant="soft"), href=FLOWS)
        ),
        class_name="af-card",
    )


@page(
    f"{HERE}/compare",
    "Compare",
    ComparisonState,
    text="Flows, times, and before and after a change: what differs, and how sure that is. The address of this page can be shared.",
    actions=lambda: (report_menu(ComparisonState.report_links, "html", "pdf", "xlsx", "csv", "differences"),),
    skeleton=cards_skeleton,
    active=HERE,
)
def compare() -> rx.Component:
    """The page."""
    return rx.el.div(
        view_tabs(current=f"{HERE}/compare"),
        _controls(),
        wrong(ComparisonState, ""),
        rx.cond(
            ComparisonState.unknown != "",
            note("The link asked for something that is not here: ", ComparisonState.unknown, colour="amber", icon="link"),
            rx.fragment(),
        ),
        rx.cond(ComparisonState.gap != "", _gap(), rx.cond(ComparisonState.verdict != "", _found(), rx.fragment())),
        class_name="af-stack",
    )
