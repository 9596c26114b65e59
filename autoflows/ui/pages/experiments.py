"""/dashboard/auto-engagement/analytics/experiments: the splits of the account's flows, and how their arms fare."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.compare_rows import Number
from autoflows.ui.components import cards_skeleton, empty_state, facts, moment, note, tag
from autoflows.ui.experiment_rows import ArmRow, ExperimentCard
from autoflows.ui.pages.analytics_charts import leading, plot
from autoflows.ui.pages.analytics_files import picture_button, report_menu
from autoflows.ui.pages.analytics_views import HERE, view_tabs
from autoflows.ui.pages.compare import numbers_table
from autoflows.ui.pages.experiment_keep import keep_buttons, keep_dialog
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.base import may
from autoflows.ui.states.experiments import EFFECTS, ExperimentsState

ROUTE = f"{HERE}/experiments"
SHOWN = ExperimentsState.shown


def _running(card: rx.Var[ExperimentCard]) -> rx.Component:
    return rx.cond(card.is_running, tag("Running", "green"), tag("The flow is off"))


def _card(card: rx.Var[ExperimentCard]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h2(rx.link(card.name, href=f"{ROUTE}?split={card.id}", underline="hover", color="inherit")),
                rx.el.p(card.flow_name),
            ),
            _running(card),
            class_name="af-card-head",
        ),
        rx.el.div(
            rx.el.p(card.summary, class_name="af-flat"),
            facts(
                ("Arms", card.leaders),
                ("Leads", card.people),
                ("Success", card.goal),
                ("Since", moment(card.since, "full")),
            ),
            class_name="af-card-body af-stack-2",
        ),
        class_name="af-card",
        key=card.id,
    )


def _nothing() -> rx.Component:
    start = rx.cond(
        may(Permission.FLOWS_WRITE),
        rx.link(rx.button("Choose a flow to split", variant="soft"), href=FLOWS),
        rx.el.span("An owner or admin can add a split.", class_name="af-muted"),
    )
    return rx.el.div(
        empty_state(
            "split",
            "No experiment yet",
            "Add a split step to a flow in the builder: leads are divided among its arms by chance, and how each arm fares, with how sure "
            "that is, appears here. An arm can be a hold-out that gets no contact. Give the flow a goal, so that success is counted by it.",
            start,
        ),
        class_name="af-card",
    )


def _list() -> rx.Component:
    cards = rx.el.ul(rx.foreach(ExperimentsState.cards, _card), class_name="af-grid-2 af-bare", aria_label="Experiments")
    return rx.cond(ExperimentsState.cards.length() > 0, cards, _nothing())


def _effect() -> rx.Component:
    return rx.el.label(
        "Smallest difference worth finding",
        rx.select.root(
            rx.select.trigger(aria_label="Smallest difference worth finding", variant="surface"),
            rx.select.content(*(rx.select.item(said, value=value) for value, said in EFFECTS.items()), position="popper"),
            value=ExperimentsState.effect,
            on_change=ExperimentsState.choose_effect,
        ),
        class_name="af-labelled",
    )


def _head() -> rx.Component:
    edit = rx.link(rx.button(rx.icon("pencil", size=14), "Change the split", variant="soft"), href=f"{FLOWS}/{SHOWN.flow_id}/edit")
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.div(rx.el.h2(SHOWN.name), _running(SHOWN), class_name="af-row"),
                rx.el.p(SHOWN.flow_name),
            ),
            rx.el.div(
                _effect(), rx.cond(may(Permission.FLOWS_WRITE), edit, rx.fragment()), class_name="af-row", style={"alignItems": "flex-end"}
            ),
            class_name="af-card-head",
        ),
        rx.el.div(
            rx.el.p(SHOWN.summary, class_name="af-verdict-text", role="status"),
            note(SHOWN.stop, colour=rx.cond(SHOWN.may_stop, "green", "gray"), icon="flag"),
            rx.cond(SHOWN.warning != "", note(SHOWN.warning, colour="amber"), rx.fragment()),
            rx.cond(
                SHOWN.is_capped, note("There were more people than are looked at; these are the first.", colour="amber"), rx.fragment()
            ),
            facts(("Success", SHOWN.goal), ("Leads", SHOWN.people), ("Counted since", moment(SHOWN.since, "full"))),
            keep_buttons(),
            class_name="af-card-body af-stack-2",
        ),
        class_name="af-card",
        aria_label="Result",
    )


def _chart(name: str, title: str, question: str) -> rx.Component:
    card = rx.el.section(
        rx.el.div(rx.el.div(rx.el.h2(title), rx.el.p(question)), picture_button(name, title), class_name="af-card-head"),
        rx.el.div(plot(ExperimentsState.figures[name], SHOWN.summary, f"ab_test_{name}"), class_name="af-card-body"),
        class_name="af-card af-chart",
        custom_attrs={"data-chart": name},
        aria_label=title,
    )
    return rx.cond(ExperimentsState.figures.contains(name), card, rx.fragment())


def _number(number: rx.Var[Number]) -> rx.Component:
    return rx.el.td(leading(number.text, number.href))


def _arm(arm: rx.Var[ArmRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            arm.name,
            " ",
            rx.cond(arm.is_holdout, tag("Hold-out"), rx.fragment()),
            rx.el.span(arm.share, class_name="af-beside"),
            scope="row",
        ),
        _number(arm.entered),
        _number(arm.contacted),
        _number(arm.converted),
        _number(arm.measured),
        _number(arm.won),
        rx.el.td(arm.rate),
        rx.el.td(arm.difference),
        rx.el.td(rx.cond(arm.is_first, rx.el.span("Compared with", class_name="af-muted"), tag(arm.verdict, arm.colour))),
        rx.el.td(arm.cost, rx.el.span(arm.cost_each, class_name="af-beside")),
        key=arm.name,
    )


def _arms() -> rx.Component:
    said = (
        "Arm",
        "Leads",
        "Contacted",
        SHOWN.metric,
        "Time is over",
        SHOWN.won_title,
        "Rate (95 %)",
        "Against the first (95 %)",
        "Verdict",
        "Cost",
    )
    table = numbers_table("Arms", [rx.el.th(one, scope="col") for one in said], rx.foreach(SHOWN.arms, _arm))
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h2("Arms"),
                rx.el.p("People, each counted once. Judged are those whose time is over. Intervals hold however often you look."),
            ),
            class_name="af-card-head",
        ),
        rx.el.div(table, class_name="af-card-body"),
        class_name="af-card",
        aria_label="Arms",
    )


def _one() -> rx.Component:
    return rx.el.div(
        rx.link(rx.icon("arrow-left", size=14), "All experiments", href=ROUTE, class_name="af-back", underline="none"),
        _head(),
        rx.el.div(
            _chart("rates", "Success by arm", "How many of those whose time is over succeeded."),
            _chart("apart", "Against the first arm", "Where an interval leaves the dashed line out, the difference is clear."),
            class_name="af-grid-2",
        ),
        _arms(),
        keep_dialog(),
        class_name="af-stack",
    )


@page(
    ROUTE,
    "A/B tests",
    ExperimentsState,
    text="Splits of flows: which arm works better, by people divided by chance. Look as often as you like; verdicts stay right.",
    actions=lambda: (report_menu(ExperimentsState.report_links, "html", "pdf", "xlsx", "csv"),),
    skeleton=cards_skeleton,
    active=HERE,
)
def experiments() -> rx.Component:
    """The page."""
    return rx.el.div(
        view_tabs(current=ROUTE),
        rx.cond(
            ExperimentsState.is_gone,
            note("The experiment of this link is not there any more. Below are those that are.", colour="amber", icon="link"),
            rx.fragment(),
        ),
        rx.cond(SHOWN, _one(), _list()),
        class_name="af-stack",
    )
