"""The timeline: a card per step of the plan, with every attempt, its rules, what was sent, how far it got and what came of it."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.attempts import AttemptView, DeliveryLine, GateLine
from autoflows.ui.components import moment, status_badge
from autoflows.ui.components.countdown import countdown, elapsed
from autoflows.ui.pages.execution_amend import in_doubt
from autoflows.ui.states.base import Base
from autoflows.ui.states.execution import ExecutionPage
from autoflows.ui.states.flow_rows import kinds
from autoflows.ui.timeline import StepView

head = ExecutionPage.head
DELIVERY_ICONS = (
    ("queued", "clock"),
    ("sent", "check"),
    ("delivered", "check-check"),
    ("read", "eye"),
    ("replied", "message-circle-reply"),
    ("failed", "circle-alert"),
    ("answered", "phone-call"),
)


def steps() -> rx.Component:
    """All steps, in order."""
    return rx.el.ol(rx.foreach(ExecutionPage.steps, step_item), class_name="af-timeline")


def step_item(step: rx.Var[StepView]) -> rx.Component:
    """One step with all its attempts."""
    icon = rx.match(step.icon, *((icon, rx.icon(icon, size=16)) for _, _, icon, _ in kinds()), rx.icon("circle", size=16))
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
                status_badge(step.tone, label=step.label),
                class_name="af-spread af-nowrap-row",
            ),
            rx.cond(
                step.status == "waiting",
                rx.el.p(rx.icon("hourglass", size=14), rx.el.span(step.said), class_name="af-line af-line-amber"),
                rx.fragment(),
            ),
            rx.foreach(step.attempts, _attempt),
            class_name="af-card af-run-step",
        ),
        class_name=f"af-run-item af-run-{step.status}",
        id=f"step-{step.order}",
        custom_attrs={"data-step": step.order.to_string(), "data-status": step.status},
        key=step.order.to_string(),
    )


def both_clocks(value: rx.Var[str]) -> rx.Component:
    """A time in the reader's zone, and by the lead's clock where that is another."""
    return rx.fragment(
        moment(value, "seconds"),
        rx.cond(
            (head.lead_zone != "") & (head.lead_zone != Base.me.timezone),
            rx.el.span(" (", moment(value, "seconds", zone=head.lead_zone), " for the lead)", class_name="af-lead-time"),
            rx.fragment(),
        ),
    )


def _line(shown: rx.Var[str], icon: str, *content: rx.Component | rx.Var[str] | str, look: str = "") -> rx.Component:
    return rx.cond(shown != "", rx.el.p(rx.icon(icon, size=14), rx.el.span(*content), class_name=f"af-line {look}".rstrip()), rx.fragment())


def _attempt(attempt: rx.Var[AttemptView]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.cond(attempt.number > 0, rx.el.span(f"Attempt {attempt.number}", class_name="af-strong"), rx.fragment()),
            rx.cond(attempt.number > 0, status_badge(attempt.status), rx.fragment()),
            rx.cond(attempt.outcome != "", status_badge(attempt.outcome), rx.fragment()),
            rx.cond(attempt.message_state != "", status_badge(attempt.message_state), rx.fragment()),
            rx.el.span(both_clocks(attempt.started_at), class_name="af-muted af-small af-number"),
            _lasted(attempt),
            rx.cond(attempt.cost != "", rx.el.span(attempt.cost, class_name="af-muted af-small af-number"), rx.fragment()),
            class_name="af-row af-attempt-head",
        ),
        _line(attempt.skip_reason, "ban", "Skipped: ", attempt.skip_reason),
        _line(attempt.error, "circle-alert", attempt.error, look="af-line-red"),
        in_doubt(attempt),
        _line(attempt.resolution, "user-check", attempt.resolution),
        rx.cond(
            attempt.retried,
            rx.el.p(rx.icon("rotate-ccw", size=14), rx.el.span("Tried again by hand"), class_name="af-line"),
            rx.fragment(),
        ),
        _line(attempt.summary, "sparkles", attempt.summary),
        _sent(attempt),
        _line(attempt.unseen, "eye-off", attempt.unseen, look="af-muted"),
        rx.cond(attempt.deliveries.length() > 0, _deliveries(attempt), rx.fragment()),
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
            attempt.is_contact,
            rx.el.button(
                "Everything recorded",
                type="button",
                class_name="af-textual",
                on_click=ExecutionPage.open_record(attempt.id),
            ),
            rx.fragment(),
        ),
        class_name="af-attempt",
        custom_attrs={"data-attempt": attempt.id},
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
            rx.el.span(f"took {attempt.lasted}, ended ", both_clocks(attempt.ended_at), class_name="af-muted af-small af-number"),
            rx.fragment(),
        ),
    )


def _sent(attempt: rx.Var[AttemptView]) -> rx.Component:
    """What the person got: the text, never as HTML."""
    values = rx.el.details(
        rx.el.summary(attempt.filled_title),
        rx.el.dl(
            rx.foreach(attempt.filled, lambda pair: rx.el.div(rx.el.dt(pair[0]), rx.el.dd(pair[1]))),
            class_name="af-attempt-facts af-sent-values",
        ),
        class_name="af-more",
    )
    return rx.fragment(
        rx.cond(
            (attempt.body != "") | (attempt.subject != ""),
            rx.el.blockquote(
                rx.cond(attempt.subject != "", rx.el.strong(attempt.subject, class_name="af-sent-subject"), rx.fragment()),
                attempt.body,
                class_name="af-sent",
            ),
            rx.fragment(),
        ),
        rx.cond(attempt.filled.length() > 0, values, rx.fragment()),
    )


def _deliveries(attempt: rx.Var[AttemptView]) -> rx.Component:
    return rx.el.ol(rx.foreach(attempt.deliveries, _delivery), class_name="af-deliveries", aria_label="What the provider told")


def _delivery(line: rx.Var[DeliveryLine]) -> rx.Component:
    icon = rx.match(line.state, *((state, rx.icon(name, size=13)) for state, name in DELIVERY_ICONS), rx.icon("circle-dot", size=13))
    return rx.el.li(
        icon,
        rx.el.span(line.label, class_name="af-strong"),
        rx.el.span(moment(line.at, "seconds"), class_name="af-muted af-number"),
        rx.cond(line.note != "", rx.el.span(f"Changed nothing: {line.note}", class_name="af-muted"), rx.fragment()),
        rx.cond(line.text != "", rx.el.q(line.text), rx.fragment()),
        custom_attrs={"data-state": line.state},
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
        rx.el.ul(rx.foreach(attempt.gates, _gate), class_name="af-checks"),
        class_name="af-more",
    )


def _gate(gate: rx.Var[GateLine]) -> rx.Component:
    return rx.el.li(
        rx.cond(gate.passed, rx.icon("check", size=14, color="var(--green-11)"), rx.icon("x", size=14, color="var(--red-11)")),
        rx.el.span(
            rx.el.strong(gate.name),
            rx.el.span(rx.cond(gate.passed, " passed", " stopped it"), class_name="af-muted"),
            rx.cond(gate.detail != "", rx.el.span(f": {gate.detail}"), rx.fragment()),
            rx.cond(gate.basis != "", rx.el.span(f" · {gate.basis}", class_name="af-muted"), rx.fragment()),
            rx.cond(gate.next_at != "", rx.el.span(" · next allowed ", both_clocks(gate.next_at)), rx.fragment()),
        ),
    )
