"""The settings page: the account's rules, hours, holidays and kill switch. Other tabs have states of their own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.permissions import Permission
from autoflows.services import holidays, settings
from autoflows.services.views.holidays import HolidayChoices
from autoflows.services.views.settings import SettingsView
from autoflows.ui.states.base import Base, PageState, choice_of, text_of
from autoflows.ui.states.profile import ProfileState
from autoflows.ui.states.shell import ShellState
from autoflows.ui.states.suppressions import SuppressionsState
from autoflows.ui.states.team import TeamState
from autoflows.ui.states.tokens import TokensState

TABS: dict[str, tuple[str, Permission | None]] = {
    "account": ("Account", Permission.SETTINGS_READ),
    "hours": ("Hours and holidays", Permission.SETTINGS_READ),
    "team": ("Team", Permission.SETTINGS_READ),
    "do-not-contact": ("Do not contact", Permission.CONTACTS_READ),
    "tokens": ("API tokens", Permission.TOKENS_WRITE),
    "you": ("You", None),
}
"""The tabs, and the permission that makes one visible."""

DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "UGX": 0, "XAF": 0, "XOF": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3}
"""Decimal places of currencies that do not have two (ISO 4217)."""

LIMITS = ("max_concurrent_calls", "frequency_cap", "frequency_cap_week")
PRICED = (("ai_call", "AI call"), ("whatsapp_message", "WhatsApp message"), ("email", "e-mail"))
NONE = "none"
"""The choice of no country or region: a picker's value cannot be empty."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def to_minor(text: str, currency: str) -> int:
    """An amount a person typed, in minor units. Raises Invalid."""
    try:
        amount = Decimal(text.replace(",", ".")) * 10 ** DIGITS.get(currency, 2)
    except InvalidOperation:
        raise Invalid("must be an amount such as 4.50") from None
    if not amount.is_finite() or amount < 0 or amount > 10**9:
        raise Invalid("must be an amount of at least 0")
    return round(amount)


def from_minor(amount: int, currency: str) -> str:
    """Minor units as a person types them: 450 INR -> 4.5."""
    return f"{Decimal(amount) / 10 ** DIGITS.get(currency, 2):f}"


def whole_or_none(text: str) -> Any:
    """An optional number as the settings take it: empty is none; what is no number is left for them to refuse."""
    return text or None


class HolidayLine(BaseModel):
    """A public holiday to come: its date for machines and for people, its name, and whether the account works on it."""

    iso: str
    shown: str
    name: str
    open: bool


class SettingsState(PageState, Base):
    """The account's settings as the forms show them."""

    tab: str = "account"
    tabs: list[tuple[str, str]] = []
    values: dict[str, str] = {}
    prices: dict[str, str] = {}
    legal_hours: bool = True
    kill_switch: bool = False
    always_open: bool = False
    days: list[bool] = [True] * 7
    holidays: list[str] = []
    holiday_country: str = NONE
    holiday_region: str = NONE
    holiday_countries: list[tuple[str, str]] = []
    holiday_regions: list[tuple[str, str]] = []
    next_holidays: list[HolidayLine] = []
    _working: list[str] = []
    revision: int = 0

    async def _load(self) -> None:
        self.tabs = [(key, title) for key, (title, needed) in TABS.items() if needed is None or needed.value in self.me.permissions]
        if self.tab not in [key for key, _ in self.tabs]:
            self.tab = self.tabs[0][0]
        if Permission.SETTINGS_READ.value in self.me.permissions:
            self._show(await self._service(settings.get_settings))
            self._show_holidays(await self._service(holidays.list_holidays))

    def _show(self, found: SettingsView) -> None:
        hours = found.default_business_hours
        self.values = {
            "timezone": found.timezone,
            "default_country": found.default_country,
            "cooldown_minutes": str(found.cooldown_minutes),
            "max_concurrent_calls": str(found.max_concurrent_calls or ""),
            "frequency_cap": str(found.frequency_cap or ""),
            "frequency_cap_week": str(found.frequency_cap_week or ""),
            "daily_budget": from_minor(found.daily_budget, found.currency) if found.daily_budget else "",
            "currency": found.currency,
            "start": hours.start.isoformat("minutes") if hours else "09:00",
            "end": hours.end.isoformat("minutes") if hours else "19:00",
            "hours_timezone": hours.timezone if hours else found.timezone,
        }
        self.prices = {kind: from_minor(found.prices[kind], found.currency) if kind in found.prices else "" for kind, _ in PRICED}
        self.legal_hours = found.legal_hours == "on"
        self.kill_switch = found.kill_switch
        self.always_open = hours is None
        self.days = [hours is None or day in hours.days for day in range(1, 8)]
        self.holidays = [day.isoformat() for day in sorted(found.holidays)]
        self.holiday_country = found.holiday_country or NONE
        self.holiday_region = found.holiday_subdivision or NONE
        self._working = [day.isoformat() for day in found.working_holidays]
        self.revision += 1

    def _show_holidays(self, found: HolidayChoices) -> None:
        self.holiday_countries = [(NONE, "None"), *found.countries]
        self.holiday_regions = [(NONE, "The whole country"), *found.regions] if found.regions else []
        self.next_holidays = [
            HolidayLine(iso=h.day.isoformat(), shown=f"{h.day:%a} {h.day.day} {h.day:%b %Y}", name=h.name, open=h.open) for h in found.next
        ]

    @rx.event
    async def load(self):
        """Open the tab that the address names (`?tab=team`)."""
        if self._param("tab") in TABS:
            self.tab = self._param("tab")
        done = await self._enter()
        return done or self._events_of_tab()

    def _events_of_tab(self) -> Any:
        events = {"team": TeamState, "do-not-contact": SuppressionsState, "tokens": TokensState, "you": ProfileState}
        return events[self.tab].load if self.tab in events else None

    @rx.event
    def show(self, tab: str):
        """Open a tab."""
        self.tab = choice_of(tab, TABS, default="account")
        self.problems = {}
        return self._events_of_tab()

    async def _save(self, changes: dict[str, Any], said: str) -> Any:
        self._show(await self._service(settings.update_settings, changes))
        return [rx.toast.success(said), ShellState.load]

    @rx.event
    async def save_account(self, form: dict[str, Any]):
        """Zone, country, limits and prices."""
        given = {name: text_of(form.get(name) or "", 100) for name in ("timezone", "default_country", "cooldown_minutes", "currency")}
        limits = {name: whole_or_none(text_of(form.get(name) or "", 20)) for name in LIMITS}
        with self._problems_of():
            currency = given["currency"].upper()
            prices = {kind: _amount(form, f"price-{kind}", currency) for kind, _ in PRICED}
            budget = _amount(form, "daily_budget", currency)
            return await self._save({**given, **limits, "daily_budget": budget, "prices": prices}, "Settings saved")
        return None

    @rx.event
    def set_always_open(self, is_on: bool):
        """Show or hide the hours."""
        self.always_open = bool(is_on)

    @rx.event
    async def save_hours(self, form: dict[str, Any]):
        """The account's hours: what flows without hours of their own keep to."""
        hours: dict[str, Any] | None = None
        if not self.always_open:
            hours = {
                "days": [day for day in range(1, 8) if form.get(f"day-{day}")],
                "start": text_of(form.get("start") or "", 10),
                "end": text_of(form.get("end") or "", 10),
                "timezone": text_of(form.get("hours_timezone") or "", 100),
            }
        with self._problems_of(prefix="default_business_hours/"):
            return await self._save({"default_business_hours": hours}, "Hours saved")
        return None

    @rx.event
    async def set_legal_hours(self, is_on: bool):
        """Keep to the calling hours of the law in the contact's country, or not."""
        return await self._save({"legal_hours": "on" if is_on is True else "off"}, "Saved")

    @rx.event
    async def set_kill_switch(self, is_on: bool):
        """Hold every outgoing contact of the account, or let go."""
        return await self._save({"kill_switch": is_on is True}, "Every contact is held" if is_on is True else "Contacts go out again")

    @rx.event
    async def add_holiday(self, form: dict[str, Any]):
        """No contacts on this date."""
        with self._problems_of():
            try:
                day = date.fromisoformat(text_of(form.get("holiday") or "", 10))
            except ValueError:
                raise Invalid("Choose a date.", errors=[FieldError("/holiday", "choose a date")]) from None
            return await self._save({"holidays": sorted({*self.holidays, day.isoformat()})}, "Holiday added")
        return None

    @rx.event
    async def remove_holiday(self, day: str):
        """Contacts go out on this date again."""
        return await self._save({"holidays": [kept for kept in self.holidays if kept != day]}, "Holiday removed")

    async def _save_holidays(self, changes: dict[str, Any], said: str) -> Any:
        done = await self._save(changes, said)
        self._show_holidays(await self._service(holidays.list_holidays))
        return done

    @rx.event
    async def set_holiday_country(self, code: str):
        """Keep another country's public holidays, or none."""
        country = None if code == NONE else text_of(code, 10)
        return await self._save_holidays(
            {"holiday_country": country, "holiday_subdivision": None, "working_holidays": []}, "Holidays saved"
        )

    @rx.event
    async def set_holiday_region(self, code: str):
        """Keep the public holidays of a region too."""
        return await self._save_holidays({"holiday_subdivision": None if code == NONE else text_of(code, 60)}, "Holidays saved")

    @rx.event
    async def set_holiday_open(self, day: str, is_open: bool):
        """Work on a public holiday, or close again."""
        others = [kept for kept in self._working if kept != day]
        working = sorted([*others, text_of(day, 10)]) if is_open is True else others
        return await self._save_holidays({"working_holidays": working}, "Open that day" if is_open is True else "Closed that day")


def _amount(form: dict[str, Any], name: str, currency: str) -> int | None:
    """An optional amount of a form, in minor units. Raises Invalid at its field."""
    text = text_of(form.get(name) or "", 20)
    try:
        return to_minor(text, currency) if text else None
    except Invalid as error:
        raise Invalid(error.detail, errors=[FieldError(f"/{name}", error.detail)]) from None
