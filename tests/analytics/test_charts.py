"""Every figure of every page against a query of its own over the raw tables, in several zones, periods and filters."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from autoflows.analytics import service
from autoflows.analytics.charts import CHARTS
from autoflows.analytics.charts.action_results import GROUPS
from autoflows.analytics.charts.call_outcomes import OUTCOMES
from autoflows.analytics.charts.executions_per_day import STATUSES
from autoflows.analytics.charts.lead_standings import STANDINGS
from autoflows.analytics.charts.speed_to_lead import BANDS
from autoflows.analytics.headline import Figures, Percentiles, SpeedFigures
from autoflows.analytics.period import Period, last_days
from autoflows.analytics.service import Narrowed
from autoflows.domain.flow_words import ACTION_TITLES, GATES
from autoflows.domain.statistics import Proportion, wilson
from autoflows.models.database import open_session
from autoflows.services.access import Actor
from tests.analytics.conftest import Accounts
from tests.analytics.recount import ENDED_CALL, MADE, SPEED, Recount
from tests.analytics.world import NOW

ZONES = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu"]


SPANS = [7, 30, 90]


FILTERS = ["all", "flow", "version", "source", "channel", "everything"]


Case = tuple[Actor, Period, Narrowed, Recount]


@pytest.fixture(params=[(zone, 30, "all") for zone in ZONES] + [("Asia/Kolkata", days, "all") for days in (7, 90)]
                + [("Asia/Kolkata", 30, name) for name in FILTERS[1:]], ids=str)  # fmt: skip
def case(request: pytest.FixtureRequest, accounts: Accounts) -> Case:
    zone, days, name = request.param
    flow, channel = accounts.world.flows[0].id, accounts.world.channels[0].id
    narrowed = {
        "all": Narrowed(),
        "flow": Narrowed(flow),
        "version": Narrowed(flow, 2),
        "source": Narrowed(source="IndiaMART"),
        "channel": Narrowed(channel_id=channel),
        "everything": Narrowed(flow, 1, "Website", channel),
    }[name]
    period = last_days(days, zone=zone, now=NOW)
    return accounts.actor, period, narrowed, recount_of(accounts.actor, period, narrowed)


def recount_of(actor: Actor, period: Period, n: Narrowed) -> Recount:
    return Recount(actor.account_id, period.zone, period.first, period.last, n.flow_id, n.version, n.source, n.channel_id)


async def shown(case: Case) -> dict[str, service.ChartView]:
    """All charts, from all pages."""
    actor, period, narrowed, _ = case
    async with open_session() as session:
        pages: list[service.Page] = [
            await service.overview(actor, session, period, narrowed, figures=True),
            await service.speed_to_lead(actor, session, period, narrowed, figures=True),
            await service.performance(actor, session, period, narrowed, figures=True),
        ]
        if narrowed.flow_id:
            pages.append(await service.flow(actor, session, period, narrowed.flow_id, narrowed, figures=True))
        else:
            scope = await service._scope(actor, session, period, narrowed)
            pages[0].charts += await service._charts(session, scope, "flow", figures=True)
    return {chart.slug: chart for page in pages for chart in page.charts}


def nearest(values: list[float], fraction: float) -> float | None:
    """percentile_disc."""
    return sorted(values)[max(math.ceil(fraction * len(values) - 1e-9), 1) - 1] if values else None


def close(told: float | None, values: list[float], fraction: float) -> bool:
    """Within one percent, and a millisecond."""
    true = nearest(values, fraction)
    return told is true is None if true is None or told is None else math.isclose(told, true, rel_tol=0.0101, abs_tol=0.001)


async def test_all_charts_are_equal_to_a_count_of_the_rows(case: Case) -> None:
    charts, count = await shown(case), case[3]
    period = case[1]
    assert charts.keys() == CHARTS.keys()

    per_day = await count.per_day()
    for row in charts["executions_per_day"].rows:
        assert row[1:] == [per_day[str(row[0]), status.value] for status in STATUSES]
    assert charts["executions_per_day"].total == sum(per_day.values()) > 0
    assert [row[0] for row in charts["executions_per_day"].rows] == [day.isoformat() for day in period.days]

    speeds = await count.speeds()
    edges = [0, 60, 300, 900, 3600, float("inf")]
    bands = [sum(low <= s < high for s in speeds) for low, high in itertools.pairwise(edges)]
    speed = charts["speed_to_lead"]
    assert [(row[0], row[1]) for row in speed.rows] == list(zip(BANDS, bands, strict=True))
    assert speed.more["no attempt"] == sum(per_day.values()) - len(speeds)
    for name, fraction in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        assert close(speed.more[name], speeds, fraction)  # type: ignore[arg-type]

    by_day: dict[str, list[float]] = {}
    local_day = "(e.triggered_at AT TIME ZONE :zone)::date::text"
    for day, seconds in await count.executions(f"{local_day}, {SPEED}", "AND e.first_attempt_at IS NOT NULL"):
        by_day.setdefault(day, []).append(float(seconds))
    for row in charts["speed_by_day"].rows:
        told = by_day.get(str(row[0]), [])
        assert row[1:] == [sum(low <= s < high for s in told) for low, high in itertools.pairwise(edges)]

    parts = await count.parts()
    assert [row[1] for row in charts["speed_split"].rows] == [round(micros / 1e6, 6) for micros in parts.values()]

    outcomes = await count.call_outcomes()
    assert [row[1] for row in charts["call_outcomes"].rows] == [outcomes[str(outcome)] for outcome in OUTCOMES]
    assert charts["call_outcomes"].total == sum(outcomes.values()) > 0

    leads = await count.leads()
    assert [row[1] for row in charts["lead_standings"].rows] == [leads[key] for key in STANDINGS]
    assert charts["lead_standings"].total == sum(leads.values())

    costs = await count.costs()
    assert Counter({(row[0], row[1]): row[2] for row in charts["cost_by_action"].rows}) == Counter(
        {(ACTION_TITLES[kind], currency): cost for (kind, currency), cost in costs.items()}
    )


async def test_flows_and_trends_are_equal_to_a_count_of_the_rows(case: Case, accounts: Accounts) -> None:
    charts, count = await shown(case), case[3]
    names = {flow.id: flow.name for flow in accounts.world.flows}
    columns = (
        "e.flow_id, count(*), count(e.first_attempt_at), count(e.first_conversation_at), count(*) FILTER (WHERE e.status = 'completed'), "
        "count(*) FILTER (WHERE e.status = 'failed')"
    )
    flows = {names[row[0]]: row[1:] for row in await count.executions(columns, tail="GROUP BY 1")}
    assert {row[0] for row in charts["active_flows"].rows} == flows.keys()
    for row in charts["active_flows"].rows:
        executions, attempted, conversed, completed, failed = flows[str(row[0])]
        ended = completed + failed
        assert row[1:] == [executions, attempted, conversed, f"{100 * completed / ended:.0f}%" if ended else "–"]

    columns = (
        "(e.triggered_at AT TIME ZONE :zone)::date::text, count(*) FILTER (WHERE e.status = 'completed'), "
        "count(*) FILTER (WHERE e.status = 'failed'), count(e.first_conversation_at), count(*)"
    )
    days = {row[0]: row[1:] for row in await count.executions(columns, tail="GROUP BY 1")}
    for row in charts["success_trend"].rows:
        completed, failed, conversed, executions = days.get(str(row[0]), (0, 0, 0, 0))
        assert (row[1], row[2], row[4]) == (completed, failed, conversed)
        assert row[3] == (pytest.approx(completed / (completed + failed), abs=1e-6) if completed + failed else None)
        assert row[5] == (pytest.approx(conversed / executions, abs=1e-6) if executions else None)


CALL = "l.action_type = 'ai_call'"


GOOD = f"({CALL} AND l.outcome = 'answered') OR (NOT {CALL} AND l.status = 'success' AND l.message_state = 'replied')"


SKIPPED = "AND l.status = 'skipped'"


FAILED = (
    f"AND (CASE WHEN {CALL} AND l.outcome IS NOT NULL THEN l.outcome WHEN l.status = 'success' THEN l.message_state ELSE l.status END) "
    "= 'failed'"
)


async def test_funnel_and_steps_are_equal_to_a_count_of_the_rows(case: Case) -> None:
    charts, count = await shown(case), case[3]
    entered = (await count.executions("count(*), count(e.first_conversation_at)"))[0]
    reached = await count.steps("l.action_order", "AND l.attempt = 1")
    made_or_wait = await count.steps(
        "l.action_order", f"AND (({MADE}) OR (l.action_type = 'wait' AND l.status NOT IN ('skipped', 'cancelled')))"
    )
    skipped, failed = await count.steps("l.action_order", SKIPPED), await count.steps("l.action_order", FAILED)
    good = await count.steps("l.action_order", f"AND ({GOOD})")
    rows = charts["funnel"].rows
    if case[2].flow_id:
        goal = rows.pop()
        met = (await count.executions("count(e.converted_at)"))[0][0]
        has_goal = case[2].version != 1  # the flow's newest version has the goal, and it alone
        assert goal[:2] == ["Goal: the lead replies within 7 days", met] if has_goal else goal[0] == "Conversation"
        rows += [] if has_goal else [goal]
        assert met > 0 or case[2].channel_id
    assert (rows[0][1], rows[-1][1]) == tuple(entered)
    above = entered[0]
    for row in rows[1:-1]:
        order = int(str(row[0]).split()[0])
        assert row[1:] == [reached[order], made_or_wait[order], skipped[order], failed[order], good[order], above - reached[order]]
        above = reached[order]
    assert {int(str(row[0]).split()[0]) for row in rows[1:-1]} == (reached + skipped + failed + made_or_wait).keys()

    why = (
        "CASE l.status WHEN 'skipped' THEN coalesce(l.gates->-1->>'gate', '') WHEN 'failed' THEN coalesce(l.error_code, l.error_class, '') "
        "ELSE '' END"
    )
    expected: Counter[Any] = Counter()
    lost = await count.logs(
        f"l.action_order, l.action_type, l.status = 'skipped', {why}, count(*)",
        f"AND ((l.status = 'skipped') OR ({FAILED.removeprefix('AND ')}))", "GROUP BY 1, 2, 3, 4", at="e.triggered_at",
    )  # fmt: skip
    told = Counter({(row[0], row[1], row[2]): row[3] for row in charts["drop_off"].rows})
    for order, kind, is_skip, reason, number in lost:
        title = GATES.get(reason, reason or "No reason kept") if is_skip else reason or "No code given"
        expected[f"{order} {ACTION_TITLES[kind]}", "Skipped" if is_skip else "Failed", title] += number
    assert told == expected

    results = charts["action_results"]
    attempts = await count.steps("l.action_order, l.action_type")
    assert Counter({row[0]: row[1] for row in results.rows}) == Counter(
        {f"{order} {ACTION_TITLES[kind]}": number for (order, kind), number in attempts.items()}
    )
    for row in results.rows:
        assert sum(row[2 : 2 + len(GROUPS)]) == row[1]  # type: ignore[arg-type]
    place = 2 + list(GROUPS).index("Answered or replied")
    per_step: Counter[int] = Counter()
    for row in results.rows:
        per_step[int(str(row[0]).split()[0])] += int(row[place] or 0)
    assert +per_step == good


async def test_performance_is_equal_to_a_count_of_the_rows(case: Case) -> None:
    charts, count = await shown(case), case[3]
    busy = await count.by_hour(MADE)
    for day, row in enumerate(charts["peak_times"].rows, start=1):
        assert row[1:] == [busy[day, hour] for hour in range(24)]
    assert charts["peak_times"].total == sum(busy.values()) > 0

    ended, answered = await count.by_hour(ENDED_CALL), await count.by_hour("l.action_type = 'ai_call' AND l.outcome = 'answered'")
    for slug, place in (("answer_rate_by_hour", 1), ("answer_rate_by_weekday", 0)):
        for number, row in enumerate(charts[slug].rows, start=1 - place):
            calls = sum(n for key, n in ended.items() if key[place] == number)
            good = sum(n for key, n in answered.items() if key[place] == number)
            assert row[1:3] == [calls, good]
            if calls:
                interval = wilson(Proportion(good, calls))
                assert row[3:] == pytest.approx([good / calls, interval.low, interval.high], abs=1e-6)
            else:
                assert row[3:] == [None, None, None]

    responses = await count.responses()
    told = {(row[0], row[1]): row for row in charts["response_times"].rows}
    assert told.keys() == {(ACTION_TITLES[kind], provider) for kind, provider in responses}
    for (kind, provider), seconds in responses.items():
        row = told[ACTION_TITLES[kind], provider]
        assert row[2] == len(seconds)
        for value, fraction in zip(row[3:], (0.5, 0.9, 0.95, 0.99), strict=True):
            assert close(value, seconds, fraction)  # type: ignore[arg-type]


async def check_figures(figures: Figures, count: Recount) -> None:
    statuses = Counter({row[0]: row[1] for row in await count.executions("e.status, count(*)", tail="GROUP BY 1")})
    total, contacted, conversed = (await count.executions("count(*), count(e.first_attempt_at), count(e.first_conversation_at)"))[0]
    assert (figures.executions, figures.contacted, figures.conversations) == (total, contacted, conversed)
    for status in STATUSES:
        assert getattr(figures, status.value) == statuses[status.value]
    ended = statuses["completed"] + statuses["failed"]
    assert figures.success_rate == (statuses["completed"] / ended if ended else None)
    leads = await count.leads()
    assert figures.leads_received == sum(leads.values()) == figures.leads_contacted + figures.leads_not_contacted
    assert figures.leads_contacted == leads["enrolled", "contacted"]
    assert figures.cost == dict(await count.costs(by=""))
    for currency, cost in figures.cost.items():
        if contacted:
            assert figures.cost_per_contact[currency] == pytest.approx(cost / contacted, abs=0.006)
        if conversed:
            assert figures.cost_per_conversation[currency] == pytest.approx(cost / conversed, abs=0.006)
    assert close(figures.speed_p50_seconds, await count.speeds(), 0.5)
    took = await count.speeds("greatest(extract(epoch FROM e.completed_at - e.triggered_at), 0)", "e.completed_at IS NOT NULL")
    assert figures.duration_mean_seconds == (pytest.approx(sum(took) / len(took), abs=1e-5) if took else None)
    assert close(figures.duration_p50_seconds, took, 0.5)
    assert close(figures.duration_p95_seconds, took, 0.95)


def check_percentiles(told: Percentiles, values: list[float]) -> None:
    assert told.count == len(values)
    for name, fraction in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        assert close(getattr(told, name), values, fraction)


async def check_speed(told: SpeedFigures, count: Recount) -> None:
    check_percentiles(told.first_attempt, await count.speeds())
    spoke = "greatest(extract(epoch FROM e.first_conversation_at - e.lead_at), 0)"
    check_percentiles(told.first_conversation, await count.speeds(spoke, "e.first_conversation_at IS NOT NULL"))
    free = await count.speeds(where="e.first_attempt_at IS NOT NULL AND e.held_hours = 0 AND e.held_wait = 0")
    good = sum(seconds < 60 for seconds in free)
    assert (told.target.seconds, told.target.percent) == (60, 90)
    assert (told.target.counted, told.target.within) == (len(free), good)
    if free:
        assert told.target.burn == pytest.approx((len(free) - good) / len(free) / 0.1)
        assert told.target.is_met == (good / len(free) >= 0.9)
    parts = await count.parts()
    assert {part.part: part.seconds for part in told.parts} == {name: pytest.approx(micros / 1e6) for name, micros in parts.items()}


async def test_headlines_and_the_period_before_are_equal_to_a_count_of_the_rows(case: Case) -> None:
    actor, period, narrowed, count = case
    earlier = recount_of(actor, period.before, narrowed)
    async with open_session() as session:
        page = await service.overview(actor, session, period, narrowed)
        speed = await service.speed_to_lead(actor, session, period, narrowed)
        performance = await service.performance(actor, session, period, narrowed)
    await check_figures(page.now, count)
    await check_figures(page.before, earlier)
    await check_speed(speed.now, count)
    await check_speed(speed.before, earlier)
    assert speed.now.bottleneck == performance.bottleneck
    assert speed.now.bottleneck
    if narrowed.flow_id:
        async with open_session() as session:
            flow = await service.flow(actor, session, period, narrowed.flow_id, narrowed)
        assert flow.now == page.now
        versions = await count.rows(
            f"SELECT v.version FROM flow_versions v WHERE v.flow_id = '{narrowed.flow_id}' "
            "AND (v.created_at AT TIME ZONE :zone)::date BETWEEN :first AND :last"
        )
        assert Counter(marker.version for marker in flow.markers) == Counter(row[0] for row in versions)


async def test_today_week_and_month(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "utc_now", lambda: NOW)
    zone, today = "Asia/Kolkata", date(2026, 3, 30)
    async with open_session() as session:
        page = await service.overview(accounts.actor, session, last_days(7, zone=zone, now=NOW))
    assert [span.name for span in page.spans] == ["today", "week", "month"]
    for span in page.spans:
        days = (today - span.first).days + 1
        for told, last in ((span.executions, today), (span.before, span.first - timedelta(days=1))):
            count = Recount(accounts.actor.account_id, zone, last - timedelta(days=days - 1), last)
            assert told == sum((await count.per_day()).values())
    assert page.spans[2].first == date(2026, 3, 1)
    assert page.spans[2].executions > 100
