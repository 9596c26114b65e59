"""Whose public holidays an account can keep, and which ones come next."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from autoflows.domain.holidays import holiday_countries, holiday_regions, public_holidays
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.settings import account_rules
from autoflows.services.views.holidays import HolidayChoices, HolidayView

AHEAD = timedelta(days=365)


@requires(Permission.SETTINGS_READ)
async def list_holidays(actor: Actor, session: AsyncSession, country: str | None = None) -> HolidayChoices:
    """The choice of countries, the regions of `country` (else of the account's), and the account's public holidays of the next year."""
    rules = await account_rules(actor, session)
    found: list[HolidayView] = []
    if rules.holiday_country:
        today = utc_now().astimezone(ZoneInfo(rules.timezone)).date()
        for year in (today.year, today.year + 1):
            for day, name in public_holidays(rules.holiday_country, rules.holiday_subdivision, year).items():
                if today <= day < today + AHEAD:
                    found.append(HolidayView(day=day, name=name, open=day in rules.working_holidays))
    chosen = country or rules.holiday_country
    return HolidayChoices(
        countries=list(holiday_countries().items()),
        regions=list(holiday_regions(chosen).items()) if chosen else [],
        next=found,
    )
