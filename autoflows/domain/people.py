"""One way to read phone numbers, e-mail addresses and time zones, for every path a person's data comes in by."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import timezone as phone_timezone

SHORTEST_SHOWN = 8
"""Fewer characters than this are hidden altogether: three at the front and two at the end would be most of them."""


def has_phones(country: str) -> bool:
    """Whether numbers can be read as this ISO 3166 country's: `GB` has telephones, `UK` is no such code."""
    return country in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=20_000)
def normalise_phone(raw: str, default_country: str) -> str | None:
    """E.164 of a number as people write it, or None if it cannot be a phone number.

    Numbers without a country code are read as `default_country`'s (ISO 3166). "Possible and of valid shape" is asked, not
    whether a carrier has handed it out: number plans change faster than any list.
    """
    text = raw.strip()
    if not text or len(text) > 60:
        return None
    if text.startswith("00"):
        text = "+" + text[2:]
    for candidate, region in ((text, default_country), ("+" + text, None)):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


@lru_cache(maxsize=20_000)
def normalise_email(raw: str) -> str | None:
    """The address in lower case with its domain normalised (IDNA), or None if it cannot be one. No DNS is asked."""
    try:
        checked = validate_email(raw.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return checked.normalized.lower()


@lru_cache(maxsize=5_000)
def country_of_phone(phone: str) -> str | None:
    """ISO 3166 country of an E.164 number, or None (unknown, or a non-geographic range)."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(phone, None))
    except phonenumbers.NumberParseException:
        return None
    return None if region in (None, "001", "ZZ") else region


@lru_cache(maxsize=5_000)
def zones_of_phone(phone: str) -> tuple[str, ...]:
    """All IANA zones an E.164 number may be in; empty if that is not known."""
    try:
        zones = phone_timezone.time_zones_for_number(phonenumbers.parse(phone, None))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(z for z in zones if z != "Etc/Unknown" and _known(z))


def _known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def calling_code(country: str) -> str:
    """The digits before a national number of this ISO 3166 country: `91` for `IN`; empty if it has none."""
    code = phonenumbers.country_code_for_region(country)
    return str(code) if code else ""


def mask_phone(phone: str | None) -> str | None:
    """A phone number as viewers see it: its beginning and last two digits; of what is too short for a number, nothing."""
    if not phone:
        return phone
    if len(phone) < SHORTEST_SHOWN:
        return "•" * len(phone)
    return f"{phone[:3]}{'•' * (len(phone) - 5)}{phone[-2:]}"


def mask_email(email: str | None) -> str | None:
    """An e-mail address as viewers see it: first letter and domain; of what is no address, nothing."""
    if not email:
        return email
    local, at, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}" if at and len(local) > 1 else f"•••{at}{domain if at else ''}"
