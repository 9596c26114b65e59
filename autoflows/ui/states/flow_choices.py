"""What the pickers of a step offer: the account's items, each with a word of warning if it will not work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from autoflows.services import catalogue, channels
from autoflows.ui.flow_mail import Mail
from autoflows.ui.flow_rows import Option
from autoflows.ui.states.base import Base

WIDGETS = {
    "agent": "agents",
    "phone_number": "phone-numbers",
    "whatsapp_number": "whatsapp-numbers",
    "whatsapp_template": "whatsapp-templates",
    "email_template": "email-templates",
}
"""Widget of an action's field -> the catalogue it picks from."""
HEALTHY = ("active", "unchecked")


async def choices_of(state: Base) -> tuple[dict[str, list[Option]], dict[str, Mail]]:
    """The items of every catalogue by the widget that picks them, and what the e-mail templates say, by their ids."""
    health = {channel.id: channel.status for channel in await state._service(channels.list_channels)}
    items = await state._service(catalogue.items_for_actions)
    mails = {str(item.id): Mail(item.subject, item.text, item.html) for item in items["email-templates"]}
    return {widget: _options(items[name], health) for widget, name in WIDGETS.items()}, mails


def _options(items: Sequence[Any], health: Mapping[UUID, str]) -> list[Option]:
    return [
        Option(
            value=str(item.id),
            label=item.label,
            note=_warning(item, health.get(item.channel_id, "")),
            body=getattr(item, "body", "") or "",
            variables=list(getattr(item, "variables", [])),
        )
        for item in items
    ]


def _warning(item: Any, channel_status: str) -> str:
    """Why a step that names this item would not work, or nothing."""
    if (status := getattr(item, "status", "APPROVED")) != "APPROVED":
        return str(status).lower()
    if channel_status and channel_status not in HEALTHY:
        return f"channel {item.channel_name}: {channel_status}"
    return ""
