"""/dashboard/auto-engagement/gallery: the ways to begin a flow. Blank, from a file, or from a template that is shown as a picture."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.services.flow_templates import gallery
from autoflows.ui.components import cards_skeleton, field, note, tag
from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.flow_draft import Option
from autoflows.ui.shell import FLOWS, page
from autoflows.ui.states.base import may
from autoflows.ui.states.flow_gallery import Card, FlowGallery, NeedRow

ICONS = sorted({template.about.icon for template in gallery().values()})
CHANNELS = {"call": "Call", "whatsapp": "WhatsApp", "email": "E-mail", "sms": "SMS"}


def _start(icon: str, title: str, text: str, href: str) -> rx.Component:
    return rx.link(
        rx.el.span(rx.icon(icon, size=18), class_name="af-example-icon", aria_hidden="true"),
        rx.el.strong(title),
        rx.el.span(text),
        href=href,
        class_name="af-card af-example",
        underline="none",
    )


def _icon(name: rx.Var[str]) -> rx.Component:
    return rx.match(name, *((icon, rx.icon(icon, size=17)) for icon in ICONS), rx.icon("workflow", size=17))


def _channels(card: rx.Var[Card]) -> rx.Component:
    def channel(name: rx.Var[str]) -> rx.Component:
        return tag(rx.match(name, *CHANNELS.items(), name))

    return rx.el.div(rx.foreach(card.channels, channel), class_name="af-row")


def _card(card: rx.Var[Card]) -> rx.Component:
    ready = rx.cond(
        card.lacks == 0,
        rx.badge(rx.icon("check", size=11), "All it needs is there", color_scheme="green"),
        rx.badge(
            rx.icon("triangle-alert", size=11),
            rx.cond(card.lacks == 1, "1 thing is missing", f"{card.lacks} things are missing"),
            color_scheme="amber",
        ),
    )
    return rx.el.article(
        rx.el.div(rx.html(card.picture), class_name="af-gallery-picture"),
        rx.el.div(
            rx.el.h3(_icon(card.icon), card.title),
            rx.el.p(card.summary),
            _channels(card),
            rx.el.div(
                ready,
                rx.button(
                    rx.cond(may(Permission.FLOWS_WRITE), "Use it", "Look at it"),
                    aria_label=rx.cond(may(Permission.FLOWS_WRITE), f"Use {card.title}", f"Look at {card.title}"),
                    size="2",
                    variant="soft",
                    on_click=FlowGallery.open_template(card.key),
                ),
                class_name="af-spread",
            ),
            class_name="af-gallery-text",
        ),
        class_name="af-card af-gallery-card",
    )


def _need(need: rx.Var[NeedRow]) -> rx.Component:
    def option(one: rx.Var[Option]) -> rx.Component:
        return rx.select.item(rx.cond(one.note != "", f"{one.label} ({one.note})", one.label), value=one.value)

    picker = rx.select.root(
        rx.select.trigger(id=need.key, aria_label=need.label, placeholder="Choose…", width="100%"),
        rx.select.content(
            rx.cond(need.is_optional, rx.select.item("None", value="none"), rx.fragment()),
            rx.foreach(need.options, option),
            position="popper",
        ),
        value=need.chosen,
        on_change=lambda value: FlowGallery.choose(need.key, value),
        disabled=~may(Permission.FLOWS_WRITE),
    )
    missing = rx.el.div(
        rx.icon("triangle-alert", size=14),
        rx.el.span("There is none in this account yet. ", rx.link("Set one up", href=need.href)),
        class_name="af-gallery-missing",
    )
    control = rx.cond(need.options.length() > 0, picker, missing)
    return field(
        need.label, control, id=need.key, help=rx.cond(need.is_optional, f"{need.steps}; can be left out", need.steps), error=need.error
    )


def _dialog() -> rx.Component:
    card: Any = FlowGallery.opened
    writes = may(Permission.FLOWS_WRITE)
    wrong = rx.cond(
        FlowGallery.problems.length() > 0,
        note(rx.el.ul(rx.foreach(FlowGallery.problems.values(), rx.el.li)), colour="red", role="alert"),
        rx.fragment(),
    )
    name = field(
        "Name",
        rx.input(id="flow-name", value=FlowGallery.name, on_change=FlowGallery.set_name, disabled=~writes, width="100%"),
        id="flow-name",
    )
    buttons = rx.el.div(
        rx.button("Close", variant="soft", color_scheme="gray", on_click=FlowGallery.close_template(False)),
        rx.cond(
            writes,
            rx.button("Make the flow", on_click=FlowGallery.use, loading=FlowGallery.busy, disabled=card.lacks > 0),
            rx.fragment(),
        ),
        class_name="af-actions",
    )
    content = rx.el.div(
        rx.el.div(
            rx.html(card.picture),
            rx.el.p(rx.el.strong(card.trigger)),
            rx.el.ol(rx.foreach(card.steps, rx.el.li)),
            class_name="af-gallery-look",
        ),
        rx.el.div(
            name,
            rx.el.h3("What it needs", class_name="af-subhead"),
            rx.foreach(card.needs, _need),
            rx.cond(
                card.lacks > 0,
                note("It can be made once what is missing is there.", colour="amber", role="status"),
                rx.el.p("It is made switched off, and opened so that you can change it.", class_name="af-help"),
            ),
            wrong,
            buttons,
            class_name="af-form",
        ),
        class_name="af-gallery-open",
    )
    return rx.cond(
        FlowGallery.opened,
        form_dialog(card.title, card.summary, content, is_open=True, on_open_change=FlowGallery.close_template, width="820px"),
        rx.fragment(),
    )


@page(
    f"{FLOWS}/gallery",
    "New flow",
    FlowGallery,
    text="Start from nothing, from a file, or from a flow that works for others.",
    back=("Automation flows", FLOWS),
    skeleton=cards_skeleton,
    write=Permission.FLOWS_WRITE,
    active=f"{FLOWS}/create",
)
def flow_gallery() -> rx.Component:
    """The gallery."""
    own = rx.el.div(
        _start("square-plus", "Blank flow", "Choose the leads and add the steps yourself.", f"{FLOWS}/create"),
        _start("file-up", "From a YAML file", "A flow that was exported here or in another account.", f"{FLOWS}/import"),
        class_name="af-grid-2",
    )
    return rx.el.div(
        rx.cond(may(Permission.FLOWS_WRITE), own, rx.fragment()),
        rx.el.h2("Templates", class_name="af-subhead"),
        rx.el.div(rx.foreach(FlowGallery.cards, _card), class_name="af-gallery"),
        _dialog(),
        class_name="af-stack",
    )
