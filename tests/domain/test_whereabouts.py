"""Where a contact may be: by its own zone, its address, its number, the account."""

from __future__ import annotations

from typing import Any

import phonenumbers
import pytest
from phonenumbers import geocoder

from autoflows.domain.people import country_of_phone
from autoflows.domain.regions import REGIONS, country_names, country_of, region_of, regions_of_postcode, state_of_area, zones_of_country
from autoflows.domain.whereabouts import NOWHERE, Address, Place, Whereabouts, address_of, whereabouts

TEXAS = ("America/Chicago", "America/Denver")
INDIA, NEW_YORK = "+919876543210", "+12125550123"


def at(phone: str | None = None, *, timezone: str | None = None, **fields: Any) -> Whereabouts:
    return whereabouts(timezone, phone, address_of(fields), "Asia/Kolkata", "IN")


@pytest.mark.parametrize(
    ("phone", "fields", "zones", "origin"),
    [
        (None, {}, ("Asia/Kolkata",), "account"),
        ("not a number", {}, ("Asia/Kolkata",), "account"),
        (INDIA, {}, ("Asia/Kolkata",), "phone"),
        (NEW_YORK, {}, ("America/New_York",), "phone"),
        (None, {"country": "United States", "state": "texas"}, TEXAS, "address"),
        (None, {"Sender_State": "TX", "sender_country_iso": "US"}, TEXAS, "address"),
        (None, {"State": "Texas, USA"}, TEXAS, "address"),
        (None, {"address": {"Country": "usa", "Zip": 78701}}, TEXAS, "address"),
        (None, {"country": "Canada", "postal code": "m5v 2t6"}, ("America/Toronto", "America/Winnipeg", "America/Atikokan"), "address"),
        (None, {"province": "québec"}, ("America/Toronto", "America/Halifax", "America/Blanc-Sablon"), "address"),
        (None, {"country": "Australia", "region": "WA"}, ("Australia/Perth", "Australia/Eucla"), "address"),
        (None, {"country": "UK"}, ("Europe/London",), "address"),
        (None, {"country": "UAE", "city": "Sharjah"}, ("Asia/Dubai",), "address"),
        (None, {"country": "US", "city": "los angeles"}, ("America/Los_Angeles",), "address"),
        (None, {"country": "US", "state": "Puerto Rico"}, ("America/Puerto_Rico",), "address"),
        (INDIA, {"state": "Maharashtra", "city": "Pune", "pincode": "411001"}, ("Asia/Kolkata",), "phone"),
        (INDIA, {"country": "IN"}, ("Asia/Kolkata",), "address"),
        (NEW_YORK, {"country": "US"}, ("America/New_York",), "phone"),
        (NEW_YORK, {"state": "NY"}, ("America/New_York",), "address"),
        ("+18005550123", {"state": "NY"}, ("America/New_York",), "address"),
        ("+61391234567", {"state": "Victoria"}, ("Australia/Melbourne",), "address"),
        (NEW_YORK, {"state": "TX"}, (*TEXAS, "America/New_York"), "address and phone"),
        (NEW_YORK, {"city": "Chicago", "country": "US"}, ("America/Chicago", "America/New_York"), "address and phone"),
        (INDIA, {"country": "United States", "state": "NY"}, ("America/New_York", "Asia/Kolkata"), "address and phone"),
        ("+14165550123", {"province": "BC"}, (*REGIONS["CA"]["BC"].zones, "America/Toronto"), "address and phone"),
        (INDIA, {"real estate": "Texas", "solid_state": "TX", "product": "US"}, ("Asia/Kolkata",), "phone"),
        (INDIA, {"country": "Atlantis", "state": "", "zip": None, "city": ["Chicago"]}, ("Asia/Kolkata",), "phone"),
        ("+80012345678", {}, ("Asia/Kolkata",), "account"),
    ],
)
def test_the_zones_and_where_they_come_from(phone: str | None, fields: dict[str, Any], zones: tuple[str, ...], origin: str) -> None:
    found = at(phone, **fields)
    assert (found.zones, found.origin) == (zones, origin)


def test_the_contacts_own_zone_wins_and_the_law_stays_that_of_its_places() -> None:
    found = at(NEW_YORK, timezone="Asia/Dubai", state="TX")
    assert (found.zones, found.origin) == (("Asia/Dubai",), "contact")
    assert [(place.country, place.regions) for place in found.places] == [("US", ("TX",)), ("US", ("NY",))]
    assert at(timezone="Asia/Dubai").places == (Place("IN", (), ("Asia/Dubai",)),)


def test_a_state_is_known_by_the_address_else_by_the_area_code() -> None:
    assert at("+12145550123").places == (Place("US", ("TX",), ("America/Chicago",)),)
    assert at("+12145550123", country="US").places[0].regions == ("TX",)
    assert at("+19155550123", state="Texas").places == (Place("US", ("TX",), TEXAS),)
    assert at("+13125550123", city="Chicago").places == (Place("US", ("IL",), ("America/Chicago",)),)


def test_addresses_are_read_whatever_their_names_look_like() -> None:
    assert address_of({}) is NOWHERE
    assert address_of({"product": "pump", "": "x", "42": "y"}) is NOWHERE
    assert address_of({"PIN code": 411001, "CITY": " Pune "}) == Address(city="Pune", postcode="411001")
    assert address_of({"address": {"state": "TX", "address": {"state": "NY"}}, "country": "US"}) == Address("US", "TX")


def test_the_area_codes_are_those_of_the_telephone_library() -> None:
    names = {region.name: code for code, region in REGIONS["US"].items()} | {"Washington State": "WA", "Washington D.C.": "DC"}
    differing = []
    for area in range(200, 1000):
        phone = f"+1{area}5550123"
        number = phonenumbers.parse(phone)
        if phonenumbers.region_code_for_number(number) != "US":
            continue
        said = geocoder.description_for_number(number, "en").rpartition(", ")[2]
        state = names.get(said, said if said in REGIONS["US"] else None)
        if state is not None and state_of_area(phone) != state:
            differing.append((area, state))
    assert differing == []
    assert state_of_area("+18005550123") is None
    assert state_of_area(INDIA) is None


def test_the_map_is_whole() -> None:
    assert len(REGIONS["US"]) == 51
    assert {country_of_phone(NEW_YORK), country_of_phone(INDIA)} <= set(country_names())
    for country, regions in REGIONS.items():
        named = {zone for region in regions.values() for zone in region.zones}
        assert all(region.zones and region_of(region.name, country) == region for region in regions.values())
        assert all(region_of(code, country) == region for code, region in regions.items())
        assert named <= set(zones_of_country(country)), country
    assert len([country for country in country_names() if len(zones_of_country(country)) == 1]) > 200


@pytest.mark.parametrize(("said", "code"), [("india", "IN"), ("gb", "GB"), ("Usa", "US"), ("Georgia", "GE"), ("", None), ("Mars", None)])
def test_countries_by_code_or_name(said: str, code: str | None) -> None:
    assert country_of(said) == code


@pytest.mark.parametrize(
    ("code", "country", "regions"),
    [
        ("10001", "US", ["NY"]), ("79901", "US", ["TX"]), ("06390-1234", "US", ["CT"]), ("99999", "US", ["AK"]), ("00000", "US", []),
        ("1000", "US", []), ("411001", "US", []), ("X1A 2B3", "CA", ["NT", "NU"]), ("W1A 2B3", "CA", []), ("10001", "IN", []),
    ],
)  # fmt: skip
def test_postcodes(code: str, country: str, regions: list[str]) -> None:
    assert [region.code for region in regions_of_postcode(code, country)] == regions
