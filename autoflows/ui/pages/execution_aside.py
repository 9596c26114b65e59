"""Beside the timeline: why this flow and not another, what people did, and the panel of all that was recorded of an attempt."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui.components import card, moment, note, tag
from autoflows.ui.components.sheet import sheet
from autoflows.ui.execution_words import ACT_ICONS, ActLine
from autoflows.ui.states.base import may
from autoflows.ui.states.execution import EventLine, ExecutionPage

head = ExecutionPage.head


def why() -> rx.Component:
    """The trace of the match: this flow's conditions and gates, and on demand why no other was taken."""
    return card(
        rx.el.p(ExecutionPage.trace_text, class_name="af-flat"),
        rx.cond(
            ExecutionPage.trace.length() > 0,
            rx.el.ul(rx.foreach(ExecutionPage.trace, _flow), class_name="af-trace"),
            rx.fragment(),
        ),
        rx.cond(
            ExecutionPage.others.length() > 0,
            rx.el.details(
                rx.el.summary(
                    rx.cond(
                        ExecutionPage.others.length() == 1,
                        "Why not the other flow?",
                        f"Why not the {ExecutionPage.others.length()} others?",
                    )
                ),
                rx.el.ul(rx.foreach(ExecutionPage.others, _flow), class_name="af-trace"),
                class_name="af-more",
            ),
            rx.fragment(),
        ),
        rx.cond(
            head.lead_event_id != "",
            rx.link(
                "See the lead",
                rx.icon("arrow-right", size=13),
                href=f"/dashboard/leads?lead={head.lead_event_id}",
                class_name="af-small af-row",
            ),
            rx.fragment(),
        ),
        title="Why this flow?",
    )


def _flow(flow: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.span(flow.priority, class_name="af-priority"),
            rx.el.span(flow.name, class_name="af-strong"),
            rx.cond(flow.matched, tag("Matched", "green"), tag("Did not match")),
            class_name="af-row",
        ),
        rx.cond(flow.note != "", rx.el.div(flow.note, class_name="af-muted af-small"), rx.fragment()),
        rx.el.ul(
            rx.foreach(
                flow.lines,
                lambda line: rx.el.li(
                    rx.cond(line.passed, rx.icon("check", size=14, color="var(--green-11)"), rx.icon("x", size=14, color="var(--red-11)")),
                    rx.el.span(line.text),
                    rx.el.span(rx.cond(line.passed, "met", "not met"), class_name="af-hidden"),
                ),
            ),
            class_name="af-checks",
        ),
    )


def acts() -> rx.Component:
    """Who did what to it."""
    return card(
        rx.cond(
            ExecutionPage.acts.length() > 0,
            rx.el.ol(rx.foreach(ExecutionPage.acts, _act), class_name="af-acts"),
            rx.el.p("Nobody did anything to it by hand.", class_name="af-flat af-muted"),
        ),
        title="What people did",
    )


def _act(act: rx.Var[ActLine]) -> rx.Component:
    icon = rx.match(act.icon, *((name, rx.icon(name, size=14)) for name in sorted(set(ACT_ICONS.values()))), rx.icon("user", size=14))
    return rx.el.li(
        icon,
        rx.el.div(
            rx.el.div(act.text, class_name="af-strong"),
            rx.cond(act.said != "", rx.el.q(act.said), rx.fragment()),
            rx.el.div(act.by, " · ", moment(act.at, "seconds"), class_name="af-muted af-small"),
        ),
    )


def record_sheet() -> rx.Component:
    """All that was recorded of one attempt, fetched when it is opened."""
    return sheet(
        ExecutionPage.record_title,
        rx.el.div(
            rx.el.h3("Result", class_name="af-subhead"),
            rx.cond(
                ExecutionPage.record != "",
                rx.el.pre(ExecutionPage.record, class_name="af-pre", tab_index=0),
                rx.el.p("Nothing was recorded.", class_name="af-flat af-muted"),
            ),
            rx.el.h3("What the provider sent", class_name="af-subhead"),
            rx.cond(
                may(Permission.AUDIT_READ),
                rx.fragment(
                    rx.cond(
                        ExecutionPage.events.length() > 0,
                        rx.foreach(ExecutionPage.events, _event),
                        rx.el.p("Nothing has come from the provider about this attempt.", class_name="af-flat af-muted"),
                    ),
                    rx.cond(ExecutionPage.events_text != "", rx.el.p(ExecutionPage.events_text, class_name="af-help"), rx.fragment()),
                ),
                note("Events as the provider sent them are for admins and owners.", icon="lock"),
            ),
            class_name="af-record",
        ),
        is_open=ExecutionPage.record_open,
        on_open_change=ExecutionPage.set_record_open,
    )


def _event(event: rx.Var[EventLine]) -> rx.Component:
    return rx.el.details(
        rx.el.summary(event.kind.capitalize(), " · ", moment(event.at, "seconds")),
        rx.cond(event.note != "", rx.el.p(f"Changed nothing: {event.note}", class_name="af-help"), rx.fragment()),
        rx.el.pre(event.payload, class_name="af-pre", tab_index=0),
        class_name="af-more",
    )
