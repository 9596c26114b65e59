"""What the leads of the last days had in the fields that a trigger can ask about, counted: conditions are chosen, not guessed."""

from __future__ import annotations

from collections import Counter, defaultdict

from pydantic import BaseModel

from autoflows.domain.conditions import Lead
from autoflows.domain.permissions import Permission
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.triggers import recent_leads

MAX_VALUES = 12
"""Values told of one field, the commonest."""
MAX_FIELDS = 30
"""Custom fields told of."""


class SeenValue(BaseModel):
    """One value and how many leads had it."""

    value: str
    leads: int


class SeenField(BaseModel):
    """What leads had in one thing a trigger looks at: `lead_source`, `entry_type`, `tag`, `company`, or `custom_field:product`."""

    name: str
    leads: int
    values: list[SeenValue]


@requires(Permission.FLOWS_WRITE)
async def list_seen_values(actor: Actor, session: AsyncSession) -> list[SeenField]:
    """The fields of the last days' leads with their commonest values; names, numbers and addresses of people are left out."""
    recent = await recent_leads(actor, session)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for lead in recent.leads:
        for name, value in _values(lead):
            if 0 < len(value) <= 100:
                counts[name][value] += 1
    common = sorted(counts, key=lambda name: (name.startswith("custom_field:"), -counts[name].total(), name))
    custom = [name for name in common if name.startswith("custom_field:")][MAX_FIELDS:]
    return [
        SeenField(
            name=name,
            leads=counts[name].total(),
            values=[SeenValue(value=value, leads=leads) for value, leads in counts[name].most_common(MAX_VALUES)],
        )
        for name in common
        if name not in custom
    ]


def _values(lead: Lead) -> list[tuple[str, str]]:
    found: list[tuple[str, object]] = [
        ("lead_source", lead.lead_source),
        ("entry_type", lead.entry_type),
        ("company", lead.company),
        ("timezone", lead.timezone),
    ]
    found += [("tag", tag) for tag in lead.tags]
    found += [(f"custom_field:{name}", value) for name, value in lead.custom_fields.items() if isinstance(value, str | int | float)]
    return [(name, str(value).strip()) for name, value in found if value is not None]
