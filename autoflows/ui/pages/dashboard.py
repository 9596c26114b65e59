"""/dashboard: the home page."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.services.views.dashboard import AttentionView
from autoflows.ui.components import card, cards_skeleton, empty_state, moment, severity_icon, status_badge, tile
from autoflows.ui.shell import FLOWS, INBOX, page
from autoflows.ui.states.base import may
from autoflows.ui.states.dashboard import DashboardState, Part, RecentRun
from autoflows.ui.states.inbox import InboxBadge


def _part(part: Part) -> rx.Component:
    return rx.el.span(style={"width": part.width, "background": part.shade}, title=f"{part.words}: {part.count}")


def _legend(part: Part) -> rx.Component:
    return rx.link(
        rx.el.span(class_name="af-swatch", style={"background": part.shade}, aria_hidden="true"),
        part.words,
        rx.el.span(part.count, class_name="af-strong af-number"),
        href=f"/dashboard/leads?disposition={part.disposition}",
        class_name="af-legend",
        underline="none",
    )


def _verdict() -> rx.Component:
    good = rx.el.div(
        rx.icon("shield-check", size=22),
        rx.el.div(
            rx.el.div("Every lead is accounted for", class_name="af-verdict-title"),
            rx.el.div(rx.el.span("0", class_name="af-strong af-number", id="unaccounted"), " unaccounted, of all leads ever received"),
        ),
        class_name="af-verdict af-verdict-good",
    )
    bad = rx.el.div(
        rx.icon("shield-alert", size=22),
        rx.el.div(
            rx.el.div(
                rx.el.span(DashboardState.unaccounted, id="unaccounted", class_name="af-number"),
                " unaccounted",
                class_name="af-verdict-title",
            ),
            rx.el.div("These leads were taken in and nobody knows where they stand. Please report this."),
        ),
        class_name="af-verdict af-verdict-bad",
        role="alert",
    )
    late = rx.el.div(
        rx.icon("timer", size=22),
        rx.el.div(
            rx.el.div(
                rx.el.span(DashboardState.stuck, id="stuck", class_name="af-number"),
                rx.cond(DashboardState.stuck == 1, " lead waits too long", " leads wait too long"),
                class_name="af-verdict-title",
            ),
            rx.el.div(
                "All are accounted for (",
                rx.el.span("0", class_name="af-strong af-number", id="unaccounted"),
                " unaccounted), but some are not matched yet.",
            ),
        ),
        class_name="af-verdict af-verdict-late",
        role="alert",
    )
    return rx.cond(DashboardState.unaccounted != 0, bad, rx.cond(DashboardState.stuck == 0, good, late))


def _ledger() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            _verdict(),
            rx.segmented_control.root(
                rx.segmented_control.item("Today", value="today"),
                rx.segmented_control.item("All time", value="all"),
                value=DashboardState.span,
                on_change=DashboardState.show_span,
                size="1",
                aria_label="Period of the ledger",
            ),
            class_name="af-spread",
        ),
        rx.el.div(
            rx.el.div(
                rx.el.span(DashboardState.received, class_name="af-big af-number"),
                rx.el.span(rx.cond(DashboardState.span == "today", " leads received today", " leads received"), class_name="af-muted"),
            ),
            rx.el.div(DashboardState.accounted, " accounted for", class_name="af-muted af-number"),
            class_name="af-spread",
        ),
        rx.cond(
            DashboardState.parts.length() > 0,
            rx.fragment(
                rx.el.div(
                    rx.foreach(DashboardState.parts, _part), class_name="af-ledger-bar", role="img", aria_label="Leads by where they stand"
                ),
                rx.el.div(rx.foreach(DashboardState.parts, _legend), class_name="af-row"),
            ),
            rx.el.div("No lead arrived in this time.", class_name="af-muted"),
        ),
        class_name="af-card af-card-body af-stack",
        aria_label="Ledger",
    )


def _tiles() -> rx.Component:
    return rx.el.div(
        tile("Speed to lead, typical", DashboardState.p50, "half of leads are contacted sooner"),
        tile("Speed to lead, slowest 5%", DashboardState.p95, rx.el.span(DashboardState.within_minute, " within a minute, last 24 h")),
        tile("Running now", DashboardState.running, rx.el.span(DashboardState.waiting, " more waiting for a set time")),
        tile(
            "Finished today",
            DashboardState.completed_today,
            rx.cond(
                DashboardState.failed_today > 0,
                rx.link(rx.el.span(DashboardState.failed_today, " failed"), href=f"{FLOWS}/executions?status=failed", color_scheme="red"),
                "none failed",
            ),
        ),
        class_name="af-tiles",
    )


def _run(run: RecentRun) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.link(run.who, href=f"{FLOWS}/executions/{run.id}", class_name="af-item-title", underline="hover"),
            rx.el.div(
                run.flow_name,
                rx.cond(run.note, rx.el.span(" · ", run.note), rx.fragment()),
                rx.cond(run.until, rx.el.span(" until ", moment(run.until, "soon")), rx.fragment()),
                class_name="af-muted af-small af-ellipsis",
            ),
            style={"minWidth": 0, "flex": 1},
        ),
        rx.el.div(
            rx.el.div(
                rx.cond(
                    run.speed, rx.el.span(rx.icon("zap", size=12), run.speed, class_name="af-speed", title="Speed to lead"), rx.fragment()
                ),
                status_badge(run.status),
                class_name="af-row",
                style={"justifyContent": "flex-end", "flexWrap": "nowrap"},
            ),
            rx.el.div(
                rx.cond(run.step, rx.el.span(run.step, " · "), rx.fragment()), moment(run.triggered_at), class_name="af-muted af-small"
            ),
            style={"textAlign": "right", "flex": "none"},
        ),
        key=run.id,
    )


def _attention(item: AttentionView) -> rx.Component:
    return rx.el.li(
        severity_icon(item.severity),
        rx.el.div(
            rx.link(item.title, href=item.href, class_name="af-item-title", underline="hover"),
            rx.el.div(item.detail, class_name="af-muted af-small"),
            style={"minWidth": 0, "flex": 1},
        ),
        rx.cond(item.at, rx.el.span(moment(item.at), class_name="af-muted af-small", style={"flex": "none"}), rx.fragment()),
    )


def _recent() -> rx.Component:
    return card(
        rx.cond(
            DashboardState.recent.length() > 0,
            rx.el.ul(rx.foreach(DashboardState.recent, _run), class_name="af-items"),
            empty_state(
                "activity", "Nothing has run yet", "When a lead matches an enabled flow, its run appears here and moves as you watch."
            ),
        ),
        title="Recent executions",
        actions=(rx.link("All executions", href=f"{FLOWS}/executions", size="2"),),
        flush=True,
    )


def _people() -> rx.Component:
    return card(
        rx.cond(
            DashboardState.attention.length() > 0,
            rx.fragment(
                rx.el.ul(rx.foreach(DashboardState.attention, _attention), class_name="af-items"),
                rx.cond(
                    DashboardState.attention_total > DashboardState.attention.length(),
                    rx.el.div("and ", DashboardState.attention_total - DashboardState.attention.length(), " more", class_name="af-pager"),
                    rx.fragment(),
                ),
            ),
            empty_state("circle-check", "Nothing needs you", "Attempts whose fate is unknown and channels that fail are listed here."),
        ),
        title="Needs a person",
        actions=(
            rx.link(
                "Inbox",
                rx.cond(InboxBadge.count > 0, rx.el.span(" (", InboxBadge.label, ")", class_name="af-number"), rx.fragment()),
                href=INBOX,
                size="2",
            ),
        ),
        flush=True,
    )


def _step(number: int, done: rx.Var[bool], title: str, text: str, href: str) -> rx.Component:
    return rx.el.li(
        rx.el.span(rx.cond(done, rx.icon("check", size=14), str(number)), class_name=rx.cond(done, "af-step af-step-done", "af-step")),
        rx.el.div(
            rx.link(title, href=href, class_name="af-item-title", underline="hover"),
            rx.el.div(text, class_name="af-muted af-small"),
        ),
    )


def _first_steps() -> rx.Component:
    return card(
        rx.el.ol(
            _step(
                1,
                DashboardState.channels > 0,
                "Connect a channel",
                "A voice, WhatsApp or e-mail provider that carries what you send.",
                "/dashboard/channels",
            ),
            _step(
                2,
                DashboardState.enabled_flows > 0,
                "Make a flow and enable it",
                "Who is contacted, in which order, at which hours.",
                f"{FLOWS}/create",
            ),
            _step(
                3,
                ~DashboardState.is_new,
                "Send a lead",
                "By the API, by a lead source, or by hand on the leads page.",
                "/dashboard/leads",
            ),
            class_name="af-items",
        ),
        title="First steps",
        text="Three steps to the first contact.",
        flush=True,
    )


@page(
    "/dashboard", "Dashboard", DashboardState, text="What came in, how fast it was answered, and what needs you.", skeleton=cards_skeleton
)
def dashboard() -> rx.Component:
    """Home."""
    return rx.el.div(
        rx.cond(DashboardState.is_new & may(Permission.FLOWS_WRITE), _first_steps(), rx.fragment()),
        _ledger(),
        _tiles(),
        rx.el.div(_recent(), _people(), class_name="af-home"),
        class_name="af-stack",
    )
