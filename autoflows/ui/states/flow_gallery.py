"""Beginning a flow: from a template that is filled with the account's own agents, numbers and messages."""

from __future__ import annotations

from typing import Any

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import Forbidden
from autoflows.services import flow_templates, publishing
from autoflows.services.access import Actor
from autoflows.services.views.drafts import Publish
from autoflows.services.views.flow_templates import FlowTemplateView, Instantiate
from autoflows.services.views.flows import FlowView
from autoflows.ui.flow_draft import Option
from autoflows.ui.flow_picture import flow_picture
from autoflows.ui.states.base import Base, PageState, id_of, text_of
from autoflows.ui.states.flow_choices import WIDGETS, choices_of

EDITOR = "/dashboard/auto-engagement"
PLACES = {"agents": "channels", "phone-numbers": "channels", "whatsapp-numbers": "channels"}
"""Where a catalogue gets its items, if not on the page of templates."""
_WIDGET_OF = {catalogue: widget for widget, catalogue in WIDGETS.items()}


class NeedRow(BaseModel):
    """One thing that a template needs, what there is of it, and what is chosen. `href` is where more of it comes from."""

    key: str
    label: str
    is_optional: bool
    options: list[Option]
    chosen: str = ""
    is_missing: bool = False
    href: str = "/dashboard/channels"
    steps: str = ""
    error: str = ""


class Card(BaseModel):
    """A template in the gallery. `lacks` counts what it needs and the account has not."""

    key: str
    icon: str
    title: str
    summary: str
    group: str
    trigger: str
    steps: list[str]
    channels: list[str]
    picture: str
    needs: list[NeedRow]
    lacks: int


def card_of(template: FlowTemplateView, choices: dict[str, list[Option]]) -> Card:
    """A template with what this account has for it; what there is only one of is chosen already."""
    needs = []
    for need in template.needs:
        options = choices.get(_WIDGET_OF[need.catalogue], [])
        needs.append(
            NeedRow(
                key=need.key,
                label=need.label,
                is_optional=need.is_optional,
                options=options,
                chosen=options[0].value if len(options) == 1 else "",
                is_missing=not options and not need.is_optional,
                href=f"/dashboard/{PLACES.get(need.catalogue, 'templates')}",
                steps=f"Step{'s' if len(need.steps) > 1 else ''} {', '.join(map(str, need.steps))}",
            )
        )
    shown = template.model_dump(include={"key", "icon", "title", "summary", "group", "trigger", "steps", "channels"})
    return Card(**shown, picture=flow_picture(template.definition), needs=needs, lacks=sum(n.is_missing for n in needs))


class FlowGallery(PageState, Base):
    """The gallery, and the template that is being filled."""

    cards: list[Card] = []
    opened: Card | None = None
    name: str = ""

    def _close_dialogs(self) -> None:
        if not self._param("template"):  # what the address asks for may be open already
            self.opened = None

    async def _load(self) -> None:
        templates = await self._call(flow_templates.list_templates)
        try:
            choices, _ = await choices_of(self)
        except Forbidden:
            choices = {}
        self.cards = [card_of(template, choices) for template in templates.data]
        if asked := self._param("template"):
            self._open(asked)

    def _open(self, key: str) -> None:
        self.opened = next((card for card in self.cards if card.key == key), None)
        self.name = self.opened.title if self.opened else ""
        self.problems = {}

    @rx.event
    def open_template(self, key: str) -> None:
        """Look at a template and fill it."""
        self._open(text_of(key, 100))

    @rx.event
    def close_template(self, is_open: bool) -> None:
        """Back to the gallery."""
        if not is_open:
            self.opened = None

    @rx.event
    def set_name(self, name: str) -> None:
        """What the flow will be called."""
        text_of(name, 255)
        self.name = name

    @rx.event
    def choose(self, key: str, value: str) -> None:
        """What fills a need; "none" is nothing."""
        if self.opened is None:
            return
        value = text_of(value, 100)
        needs = [
            n.model_copy(update={"chosen": "" if value == "none" else value, "error": ""}) if n.key == key else n for n in self.opened.needs
        ]
        self.opened = self.opened.model_copy(update={"needs": needs})

    @rx.event
    async def use(self) -> Any:
        """Make the flow, disabled, and open it; with something missing it is a draft that says what."""
        if self.opened is None or self.busy:
            return None
        needs = [
            n.model_copy(update={"error": "" if n.chosen or n.is_optional or n.is_missing else f"Choose: {n.label.lower()}."})
            for n in self.opened.needs
        ]
        self.opened = self.opened.model_copy(update={"needs": needs})
        if any(n.error for n in needs):
            return None
        self.busy = True
        try:
            with self._problems_of():
                order = Instantiate(mapping={n.key: id_of(n.chosen) for n in needs if n.chosen}, name=self.name or None)
                if self.opened.lacks:
                    draft = await self._service(flow_templates.begin_with, self.opened.key, order)
                    self.opened = None
                    return rx.redirect(f"{EDITOR}/create?draft={draft.id}")
                flow = await self._service(_make, self.opened.key, order)
                self.opened = None
                return [
                    rx.redirect(f"{EDITOR}/{flow.id}/edit"),
                    rx.toast.success(f"“{flow.name}” was made", description="It is off until you turn it on."),
                ]
        finally:
            self.busy = False
        return None


async def _make(actor: Actor, session: Any, key: str, order: Instantiate) -> FlowView:
    """The template's flow, published and disabled. Raises Invalid for one that still has gaps."""
    draft = await flow_templates.begin_with(actor, session, key, order)
    return (await publishing.publish_draft(actor, session, draft.id, Publish(revision=draft.revision, is_enabled=False))).flow
