"""Where a contact may be, and how we know: what decides whose law holds and by which clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from autoflows.domain.people import country_of_phone, zones_of_phone
from autoflows.domain.regions import country_of, region_of, regions_of_postcode, state_of_area, zones_of_city, zones_of_country

_PARTS = {
    "country": {"country", "countrycode", "countryiso", "countryname", "nation"},
    "state": {"state", "statecode", "statename", "province", "region", "territory"},
    "city": {"city", "town"},
    "postcode": {"pincode", "pin", "postcode", "postalcode", "zip", "zipcode"},
}
"""What custom fields tell an address by: the last words of their names, so that `sender_state` counts and `real estate` does not."""

_PART_OF = {word: part for part, words in _PARTS.items() for word in words}
_WORDS = re.compile(r"[^\W\d_]+")


class Address(NamedTuple):
    """What is known of an address, as it was written."""

    country: str = ""
    state: str = ""
    city: str = ""
    postcode: str = ""


NOWHERE = Address()
TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})
"""Of the United States, with a country code of their own; addresses name them as states."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place a contact may be: a country, the states it may be in (none: not known), and all zones that come into question."""

    country: str
    regions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """All the places a contact may be. `origin`: where the zones come from, `contact`, `address`, `phone`, `account`, or two of them."""

    places: tuple[Place, ...]
    origin: str

    @property
    def zones(self) -> tuple[str, ...]:
        """Every zone once."""
        return tuple(dict.fromkeys(zone for place in self.places for zone in place.zones))


def address_of(custom_fields: Mapping[str, Any]) -> Address:
    """The address among a contact's custom fields, in any case of their names; also from a nested `address`."""
    found: dict[str, str] = {}
    for key, value in custom_fields.items():
        words = _WORDS.findall(key.casefold())
        part = _PART_OF.get("".join(words[-2:])) or _PART_OF.get(words[-1]) if words else None
        if part and isinstance(value, str | int) and str(value).strip():
            found.setdefault(part, str(value).strip()[:100])
        elif words and words[-1] in ("address", "location") and isinstance(value, Mapping):
            nested = address_of({str(k): v for k, v in value.items() if not isinstance(v, Mapping)})
            found = {part: said for part, said in nested._asdict().items() if said} | found
    return Address(**found) if found else NOWHERE


@lru_cache(maxsize=20_000)
def whereabouts(timezone: str | None, phone: str | None, address: Address, account_zone: str, default_country: str) -> Whereabouts:
    """The contact's own zone first, then the address, then all zones of the phone number, then the account's.

    Where address and phone name different regions the contact may be in either, so both count. Whose law holds follows from the same
    two, and from the account's country where neither tells.
    """
    dialled = _of_phone(phone)
    written = _of_address(address, dialled.country if dialled else default_country)
    places, origin = _either(written, dialled)
    if timezone:
        own = tuple(replace(place, zones=(timezone,)) for place in places)
        return Whereabouts(own or (Place(default_country, (), (timezone,)),), "contact")
    if any(place.zones for place in places):
        return Whereabouts(tuple(place for place in places if place.zones), origin)
    known = places or (Place(default_country),)
    return Whereabouts(tuple(replace(place, zones=(account_zone,)) for place in known), "account")


def _of_phone(phone: str | None) -> Place | None:
    country = country_of_phone(phone) if phone else None
    if phone is None or country is None:
        return None  # an international freephone number, or none at all
    state = state_of_area(phone) if country == "US" else None
    own = zones_of_country(country)
    return Place(country, (state,) if state else (), own if len(own) == 1 else zones_of_phone(phone))


def _of_address(address: Address, near: str) -> Place | None:
    """`near` is the country that an address without one is taken to be in, if that makes sense of it."""
    if address == NOWHERE:
        return None
    named = country_of(address.country) if address.country else None
    if named == "US" and (territory := country_of(address.state)) in TERRITORIES:
        named = territory
    country = named or near
    region = region_of(address.state, country) if address.state else None
    if region is None and address.state and named is None:
        region = region_of(address.state, None)
    regions = (region,) if region else regions_of_postcode(address.postcode, country)
    if regions:
        zones = dict.fromkeys(zone for found in regions for zone in found.zones)
        return Place(regions[0].country, tuple(found.code for found in regions), tuple(zones))
    if zones_in := zones_of_city(address.city, country):
        return Place(country, (), zones_in)
    return Place(named, (), zones_of_country(named)) if named else None


def _either(written: Place | None, dialled: Place | None) -> tuple[tuple[Place, ...], str]:
    """The places that address and phone name: one if they agree, both if they do not."""
    if written is None or dialled is None:
        one = written or dialled
        return ((one,) if one else ()), "address" if written else "phone"
    if written.country != dialled.country:
        return (written, dialled), "address and phone"
    if not written.regions and set(dialled.zones) < set(written.zones):
        return (dialled,), "phone"  # an address that is only a country says less than the number does
    if written.regions and dialled.regions:
        agree = bool(set(written.regions) & set(dialled.regions))
    else:
        agree = not dialled.zones or bool({_clock(zone) for zone in written.zones} & {_clock(zone) for zone in dialled.zones})
    if agree:
        return (replace(written, regions=written.regions or dialled.regions),), "address"
    return (written, dialled), "address and phone"


@lru_cache(maxsize=1_000)
def _clock(zone: str) -> tuple[timedelta | None, ...]:
    """The same for zones whose clocks show the same, whatever city names them: Melbourne's is Sydney's."""
    return tuple(datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() for month in (1, 7))
