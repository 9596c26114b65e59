"""What the pickers of a flow's steps offer: the account's agents, numbers and templates, each with a word of warning if it will not work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from autoflows.services import catalogue, channels
from autoflows.ui.flow_draft import Option
from autoflows.ui.states.base import Base

LISTS = {
    "agent": catalogue.list_agents,
    "phone_number": catalogue.list_phone_numbers,
    "whatsapp_number": catalogue.list_whatsapp_numbers,
    "whatsapp_template": catalogue.list_whatsapp_templates,
    "email_template": catalogue.list_email_templates,
}
HEALTHY = ("active", "unchecked")


async def choices_of(state: Base) -> dict[str, list[Option]]:
    """The items of every catalogue, by the widget that picks them."""
    health = {channel.id: channel.status for channel in await state._service(channels.list_channels)}
    return {widget: _options(await state._service(items), health) for widget, items in LISTS.items()}


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
    if not item.is_active:
        return "no longer offered"
    if (status := getattr(item, "status", "APPROVED")) != "APPROVED":
        return str(status).lower()
    if channel_status and channel_status not in HEALTHY:
        return f"channel {item.channel_name}: {channel_status}"
    return ""
