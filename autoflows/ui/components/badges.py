"""States and priorities at a glance. A colour never stands alone: the word is always there."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.leads import DNC_TAG
from autoflows.domain.notices import Severity
from autoflows.ui.theme import colour_of, word_of


def status_badge(status: rx.Var[str] | str, *, label: rx.Var[str] | str | None = None) -> rx.Component:
    """A state of anything: execution, action log, disposition, channel, call outcome."""
    return rx.badge(
        rx.el.span(class_name=rx.cond(status == "running", "af-dot af-dot-live", "af-dot"), aria_hidden="true"),
        word_of(status) if label is None else label,
        color_scheme=colour_of(status),
        variant="soft",
        radius="full",
        size="1",
        style={"fontWeight": 560, "paddingInline": "8px", "gap": "6px"},
    )


SEVERITY_ICONS = {Severity.ERROR: "circle-alert", Severity.WARNING: "triangle-alert", Severity.INFO: "info"}


def severity_icon(severity: rx.Var[str], *, size: int = 16) -> rx.Component:
    """How bad a notice is, as an icon in its colour; the word stands beside it, or is there for screen readers."""
    icon = rx.match(severity, *((s.value, rx.icon(name, size=size)) for s, name in SEVERITY_ICONS.items()), rx.icon("info", size=size))
    return rx.el.span(
        icon,
        rx.el.span(word_of(severity), class_name="af-hidden"),
        class_name="af-attention-icon",
        custom_attrs={"data-severity": severity},
    )


def tag(text: rx.Var[str] | str, colour: rx.Var[str] | str = "gray") -> rx.Component:
    """A small label such as a contact's tag or a lead source."""
    return rx.badge(text, color_scheme=colour, variant="surface", size="1")


def contact_tags(tags: rx.Var[list[str]]) -> rx.Component:
    """A contact's tags; the one that forbids contact stands out."""
    return rx.el.div(rx.foreach(tags, lambda name: tag(name, rx.cond(name.lower() == DNC_TAG, "red", "gray"))), class_name="af-row")


def priority_badge(priority: rx.Var[int] | int) -> rx.Component:
    """A flow's priority; 1 is tried first."""
    return rx.el.span(priority, class_name="af-priority", title="Priority: the lowest number that matches wins")


def avatar(initials: rx.Var[str] | str) -> rx.Component:
    """A person's initials in a circle; decoration, so hidden from screen readers."""
    return rx.el.span(initials, class_name="af-avatar", aria_hidden="true")
