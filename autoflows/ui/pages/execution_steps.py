"""The timeline: a card per step of the plan, with every attempt, its rules and its result."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components import moment, status_badge
from autoflows.ui.components.countdown import countdown, elapsed
from autoflows.ui.pages.execution_amend import in_doubt
from autoflows.ui.states.execution import ExecutionPage
from autoflows.ui.states.flow_rows import kinds
from autoflows.ui.timeline import AttemptView, StepView


def steps() -> rx.Component:
    """All steps, in order."""
    return rx.el.section(
        rx.el.h2("Timeline", class_name="af-subhead"),
        rx.el.ol(rx.foreach(ExecutionPage.steps, _step), class_name="af-timeline"),
        aria_label="Timeline",
    )


def _step(step: rx.Var[StepView]) -> rx.Component:
    icon = rx.match(step.icon, *((icon, rx.icon(icon, size=16)) for _, _, icon, _ in kinds()), rx.icon("circle", size=16))
    badge = status_badge(step.tone, label=step.label)
    return rx.el.li(
        rx.el.span(icon, class_name="af-node", aria_hidden="true"),
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    rx.el.h3(f"{step.order}. {step.title}"),
                    rx.el.p(
                        step.text,
                        rx.cond(step.when != "", rx.el.span(f" · {step.when}", class_name="af-muted"), rx.fragment()),
                        class_name="af-flow-step-sentence",
                    ),
                ),
                badge,
                class_name="af-spread af-nowrap-row",
            ),
            rx.foreach(step.attempts, _attempt),
            class_name="af-card af-run-step",
        ),
        class_name=f"af-run-item af-run-{step.status}",
        custom_attrs={"data-step": step.order.to_string(), "data-status": step.status},
        key=step.order.to_string(),
    )


def _attempt(attempt: rx.Var[AttemptView]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.cond(attempt.number > 0, rx.el.span(f"Attempt {attempt.number}", class_name="af-strong"), rx.fragment()),
            rx.cond(attempt.number > 0, status_badge(attempt.status), rx.fragment()),
            rx.cond(attempt.outcome != "", status_badge(attempt.outcome), rx.fragment()),
            rx.cond(attempt.message_state != "", status_badge(attempt.message_state), rx.fragment()),
            rx.el.span(moment(attempt.started_at, "seconds"), class_name="af-muted af-small af-number"),
            _lasted(attempt),
            rx.cond(attempt.cost != "", rx.el.span(attempt.cost, class_name="af-muted af-small af-number"), rx.fragment()),
            class_name="af-row af-attempt-head",
        ),
        rx.cond(
            attempt.skip_reason != "",
            rx.el.p(rx.icon("ban", size=14), rx.el.span("Skipped: ", attempt.skip_reason), class_name="af-line"),
            rx.fragment(),
        ),
        rx.cond(
            attempt.error != "",
            rx.el.p(rx.icon("circle-alert", size=14), rx.el.span(attempt.error), class_name="af-line af-line-red"),
            rx.fragment(),
        ),
        in_doubt(attempt),
        rx.cond(
            attempt.resolution != "",
            rx.el.p(rx.icon("user-check", size=14), rx.el.span(attempt.resolution), class_name="af-line"),
            rx.fragment(),
        ),
        rx.cond(
            attempt.retried,
            rx.el.p(rx.icon("rotate-ccw", size=14), rx.el.span("Tried again by hand"), class_name="af-line"),
            rx.fragment(),
        ),
        rx.cond(
            attempt.summary != "",
            rx.el.p(rx.icon("sparkles", size=14), rx.el.span(attempt.summary), class_name="af-line"),
            rx.fragment(),
        ),
        rx.cond(attempt.body != "", rx.el.blockquote(attempt.body, class_name="af-sent"), rx.fragment()),
        rx.cond(
            attempt.facts.length() > 0,
            rx.el.dl(
                rx.foreach(attempt.facts, lambda pair: rx.el.div(rx.el.dt(pair[0]), rx.el.dd(pair[1]))),
                class_name="af-attempt-facts",
            ),
            rx.fragment(),
        ),
        rx.cond(
            attempt.recording_url != "",
            rx.link(
                rx.icon("audio-lines", size=14), "Listen to the recording",
                href=attempt.recording_url, is_external=True, class_name="af-line",
            ),
            rx.fragment(),
        ),
        rx.cond(attempt.transcript.length() > 0, _transcript(attempt), rx.fragment()),
        rx.cond(attempt.gates.length() > 0, _gates(attempt), rx.fragment()),
        rx.cond(
            attempt.raw != "",
            rx.el.details(rx.el.summary("Everything recorded"), rx.el.pre(attempt.raw, class_name="af-pre"), class_name="af-more"),
            rx.fragment(),
        ),
        class_name="af-attempt",
        key=attempt.id,
    )  # fmt: skip


def _lasted(attempt: rx.Var[AttemptView]) -> rx.Component:
    return rx.match(
        attempt.status,
        (
            "running",
            rx.el.span(
                rx.cond(
                    attempt.until != "",
                    rx.fragment("ends ", countdown(attempt.until)),
                    rx.fragment("for ", elapsed(attempt.started_at)),
                ),
                class_name="af-muted af-small af-number",
            ),
        ),
        rx.cond(
            attempt.lasted != "",
            rx.el.span(f"took {attempt.lasted}", class_name="af-muted af-small af-number"),
            rx.fragment(),
        ),
    )


def _transcript(attempt: rx.Var[AttemptView]) -> rx.Component:
    return rx.el.details(
        rx.el.summary("Transcript"),
        rx.el.div(
            rx.foreach(
                attempt.transcript,
                lambda turn: rx.el.p(
                    rx.cond(turn.speaker != "", rx.el.strong(turn.speaker), rx.fragment()),
                    turn.text,
                    class_name=rx.cond(turn.speaker == "Agent", "af-turn af-turn-agent", "af-turn"),
                ),
            ),
            class_name="af-transcript",
        ),
        class_name="af-more",
    )


def _gates(attempt: rx.Var[AttemptView]) -> rx.Component:
    return rx.el.details(
        rx.el.summary(attempt.gates_text),
        rx.el.ul(
            rx.foreach(
                attempt.gates,
                lambda gate: rx.el.li(
                    rx.cond(gate.passed, rx.icon("check", size=14, color="var(--green-11)"), rx.icon("x", size=14, color="var(--red-11)")),
                    rx.el.span(
                        rx.el.strong(gate.name),
                        rx.el.span(rx.cond(gate.passed, " passed", " stopped it"), class_name="af-muted"),
                        rx.cond(gate.detail != "", rx.el.span(f": {gate.detail}"), rx.fragment()),
                        rx.cond(gate.basis != "", rx.el.span(f" · {gate.basis}", class_name="af-muted"), rx.fragment()),
                        rx.cond(gate.next_at != "", rx.el.span(" · next allowed ", moment(gate.next_at, "seconds")), rx.fragment()),
                    ),
                ),
            ),
            class_name="af-checks",
        ),
        class_name="af-more",
    )
