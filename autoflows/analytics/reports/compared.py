"""What the reports of a comparison and of experiments say: the same as their pages, by the same use cases."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

import plotly.graph_objects as go
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.chart import Cell, Table
from autoflows.analytics.comparison import Asked, Comparison, compare
from autoflows.analytics.differences import DifferenceView, rates_figure, speeds_figure, title_of
from autoflows.analytics.experiment_words import (
    ARM_COLUMNS,
    FOUND,
    apart_text,
    arm_rows,
    experiment_figures,
    goal_text,
    share_text,
    stopping,
    success_titles,
)
from autoflows.analytics.experiments import ArmResult, ExperimentView, get_experiments, list_experiments
from autoflows.analytics.export import as_csv
from autoflows.analytics.reports.document import Block, Document, Grid, Heading, Paragraph, Picture
from autoflows.analytics.reports.figures import PAGE
from autoflows.analytics.reports.head import account_name, made_text, moment_text
from autoflows.analytics.reports.interval_drawing import interval_drawing
from autoflows.analytics.side_words import (
    DIFFERENCE_COLUMNS,
    SIDE_COLUMNS,
    Told,
    difference_rows,
    difference_texts,
    rate_text,
    side_figures,
    side_rows,
)
from autoflows.analytics.words import money_text
from autoflows.domain.errors import NotFound
from autoflows.domain.permissions import Permission
from autoflows.services.access import Actor, requires

TITLES = {"flows": "Flows compared", "periods": "Two periods", "version": "Before and after a version", "day": "Before and after a day"}
CAPPED = "There are more executions than are looked at; these figures are of the newest."
FEW_SIDES = 3
"""So many sides stand beside each other on paper; more of them stand under one another."""


@requires(Permission.EXPORT)
async def comparison_report(actor: Actor, session: AsyncSession, asked: Asked, *, whole: bool = False) -> Document:
    """The report of a comparison; `whole`: with numbers in place of words. Raises as `compare`, and Forbidden without `analytics:read`."""
    found = await compare(actor, session, asked)
    sides = [*found.sides, *found.control]
    spans = dict.fromkeys(f"{moment_text(s.since, asked.zone)} – {moment_text(s.until, asked.zone)}" for s in found.sides)
    facts = [
        ("Account", await account_name(actor, session)),
        ("Times", " against ".join(spans)),
        ("Time zone", asked.zone),
        ("Made", made_text(actor, asked.zone)),
    ]
    blocks: list[Block] = [
        Heading("Verdict"),
        Paragraph(found.verdict),
        Paragraph(found.note, quiet=True),
        *_drawn(found),
        Heading("What is compared"),
        *([Paragraph(CAPPED)] if any(side.is_capped for side in sides) else []),
        Grid(SIDE_COLUMNS, side_rows(sides)) if whole else _sides(found),
        Paragraph("In brackets: where the rate surely lies, 95 %. Test runs are never counted.", quiet=True),
    ]
    if found.differences:
        grid = Grid(DIFFERENCE_COLUMNS, difference_rows(found.differences)) if whole else _differences(found.differences)
        said = Paragraph("Of rates in points; of times as a ratio. Against the first side.", quiet=True)
        blocks += [Heading("Differences"), grid, said]
    return Document(TITLES[found.kind], facts, blocks, page_of_comparison(asked), f"compare_{found.kind}")


def _drawn(found: Comparison) -> list[Block]:
    """Its figures, as its page has them."""
    named = len(found.sides) > 2
    blocks: list[Block] = []
    rates = [one for one in found.differences if one.metric != "speed"]
    speeds = [one for one in found.differences if one.metric == "speed"]
    for title, some, draw in (("Differences in rates", rates, rates_figure), ("Time to the first attempt", speeds, speeds_figure)):
        if some:
            said = " ".join(one.sentence for one in some)
            blocks += [Heading(title), _picture(draw(some, named=named), said), Paragraph(said, quiet=True)]
    return blocks


def _picture(figure: go.Figure, said: str) -> Picture:
    return Picture(interval_drawing(figure), said)


def _sides(found: Comparison) -> Grid:
    """As the page has it; many sides under one another, so that paper has room for their names."""
    sides = [*found.sides, *found.control]
    told = side_figures(sides)
    if len(sides) <= FEW_SIDES:
        return Grid(("", *(side.label for side in sides)), [[name, *(_cell(one) for one in ones)] for name, ones in told])
    return Grid(("", *(name for name, _ in told)), [[side.label, *(_cell(ones[n]) for _, ones in told)] for n, side in enumerate(sides)])


def _cell(told: Told) -> str:
    return f"{told.text}\n{told.beside}" if told.beside else told.text


def _differences(differences: Sequence[DifferenceView]) -> Grid:
    rows: list[list[Cell]] = []
    for one in differences:
        difference, interval = difference_texts(one)
        rows.append([title_of(one.metric), one.label, difference, interval, "Clear" if one.is_clear else "Not clear"])
    return Grid(("Figure", "Side", "Difference", "95 % interval", "Verdict"), rows)


def page_of_comparison(asked: Asked) -> str:
    """The page that shows the same."""
    told: dict[str, object] = {"tz": asked.zone}
    if asked.kind in ("version", "day"):
        told |= {"flow": asked.flow_ids[0] if asked.flow_ids else "", "days": asked.days, "control": asked.control_flow_id or ""}
        told |= {"version": asked.version} if asked.kind == "version" else {"on": asked.on}
    elif asked.period is not None and asked.other is not None:
        told |= {"span": "own", "from": asked.period.first, "to": asked.period.last}
        if asked.kind == "flows":
            told |= {"flows": ",".join(str(flow_id) for flow_id in asked.flow_ids)}
        else:
            told |= {"flow": asked.flow_ids[0] if asked.flow_ids else ""}
            told |= {"against_from": asked.other.first, "against_to": asked.other.last}
    kind = {"kind": asked.kind} if asked.kind != "periods" else {}
    return f"{PAGE}/compare?{urlencode({name: value for name, value in (kind | told).items() if value})}"


@requires(Permission.EXPORT)
async def comparison_csv(actor: Actor, session: AsyncSession, asked: Asked, table: str) -> str:
    """The sides of a comparison, or (`differences`) how they differ, as CSV (RFC 4180). Raises as `compare`."""
    found = await compare(actor, session, asked)
    if table == "differences":
        return _csv(DIFFERENCE_COLUMNS, difference_rows(found.differences))
    return _csv(SIDE_COLUMNS, side_rows([*found.sides, *found.control]))


def _csv(columns: tuple[str, ...], rows: list[list[Cell]]) -> str:
    return as_csv(Table(columns, rows, len(rows), ""))


async def _experiments(
    actor: Actor, session: AsyncSession, flow_id: UUID | None, split_id: UUID | None, effect: float
) -> list[ExperimentView]:
    if flow_id is not None:
        found = (await get_experiments(actor, session, flow_id, effect=effect)).data
    else:
        found = (await list_experiments(actor, session, effect=effect)).data
    chosen = [view for view in found if split_id in (None, view.split_id)]
    if split_id is not None and not chosen:
        raise NotFound("There is no such split in the account's flows as they are published now.")
    return chosen


@requires(Permission.EXPORT)
async def experiments_report(
    actor: Actor, session: AsyncSession, flow_id: UUID | None, split_id: UUID | None, effect: float, *, whole: bool = False
) -> Document:
    """The report of all experiments, of one flow's, or of one split; `whole`: with numbers in place of words.

    Raises NotFound for a flow or a split there is none of, Forbidden without `analytics:read`.
    """
    views = await _experiments(actor, session, flow_id, split_id, effect)
    facts = [
        ("Account", await account_name(actor, session)),
        ("Smallest difference worth finding", f"{100 * effect:g} points"),
        ("Time zone", actor.timezone),
        ("Made", made_text(actor, actor.timezone)),
    ]
    blocks: list[Block] = [block for view in views for block in _experiment(view, actor.timezone, whole)]
    one = len(views) == 1 and split_id is not None
    told = {"split": split_id or "", "flow": flow_id if flow_id and not split_id else "", "effect": f"{100 * effect:g}"}
    href = f"{PAGE}/experiments?{urlencode({name: value for name, value in told.items() if value})}"
    nothing = Paragraph("No flow has a split, so there is no experiment yet.")
    title = f"A/B test: {views[0].split_name}" if one else "A/B tests"
    return Document(title, facts, blocks or [nothing], href, "ab_test" if one else "ab_tests")


def _experiment(view: ExperimentView, zone: str, whole: bool) -> list[Block]:
    figures = experiment_figures(view)
    titles = {"rates": "Success by arm", "apart": "Against the first arm"}
    people = sum(arm.entered for arm in view.arms)
    state = "The flow takes leads." if view.is_running else "The flow is off."
    warnings = [view.warning, "There were more people than are looked at; these are the first." if view.is_capped else ""]
    pictures: list[Block] = []
    for name, figure in figures.items():
        pictures += [Paragraph(f"{titles[name]}:"), _picture(figure, f"{titles[name]}. {view.summary}")]
    return [
        Heading(f"{view.split_name}, in the flow {view.flow_name}"),
        Paragraph(view.summary),
        Paragraph(stopping(view.arms)[1]),
        *(Paragraph(warning) for warning in warnings if warning),
        Paragraph(f"Success: {goal_text(view)}\n{people:,} leads since {moment_text(view.since, zone)}. {state}", quiet=True),
        *pictures,
        Grid(ARM_COLUMNS, arm_rows(view)) if whole else _arms(view),
        Paragraph("People, each counted once. Judged are those whose time is over. Intervals hold however often you look.", quiet=True),
    ]


def _arms(view: ExperimentView) -> Grid:
    every, won = success_titles(view)
    columns = ("Arm", "Leads", "Contacted", every, "Time is over", f"{won} (95 %)", "Against the first (95 %)", "Verdict", "Cost")
    return Grid(columns, [_arm(view, arm) for arm in view.arms])


def _arm(view: ExperimentView, arm: ArmResult) -> list[Cell]:
    name = f"{arm.arm}{' (hold-out)' if arm.is_holdout else ''}\n{share_text(arm)}"
    cost = money_text({view.currency: arm.cost} if arm.cost else {})
    each = f"\n{money_text({view.currency: arm.cost_per_conversion})} each" if arm.cost_per_conversion else ""
    return [
        name,
        arm.entered,
        arm.contacted,
        arm.converted if view.goal else arm.answered,
        arm.measured.total,
        f"{arm.measured.count:,}\n{rate_text(arm.measured)}",
        apart_text(arm),
        FOUND[arm.verdict.finding] if arm.verdict else "Compared with",
        (cost + each).replace(" ", "\N{NO-BREAK SPACE}"),
    ]


@requires(Permission.EXPORT)
async def experiments_csv(actor: Actor, session: AsyncSession, flow_id: UUID | None, split_id: UUID | None, effect: float) -> str:
    """The arms of experiments as CSV (RFC 4180). Raises as `experiments_report`."""
    views = await _experiments(actor, session, flow_id, split_id, effect)
    return _csv(ARM_COLUMNS, [row for view in views for row in arm_rows(view)])
