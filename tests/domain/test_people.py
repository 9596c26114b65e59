"""One way to read what people write, and to hide it."""

from __future__ import annotations

import re
from time import perf_counter

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.people import country_of_phone, has_phones, mask_email, mask_phone, normalise_email, normalise_phone, zones_of_phone
from tests.domain.settings import QUICK, THOROUGH

E164 = re.compile(r"\+[1-9]\d{6,14}")
NUMBER_TYPES = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
SPELLINGS = (
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
    phonenumbers.PhoneNumberFormat.RFC3966,
)


@pytest.mark.parametrize(
    "written",
    [
        "9876543210",
        "09876543210",
        "+919876543210",
        "919876543210",
        "00919876543210",
        "+91 98765 43210",
        "+91-98765-43210",
        "(0)98765 43210",
        "98765-43210",
        " 9876543210\n",
        "+91 (98765) 43210",
        "tel:+919876543210",
        "9876543210 ext 5",
        "٩٨٧٦٥٤٣٢١٠",
    ],
)
def test_one_number_in_many_spellings(written: str) -> None:
    assert normalise_phone(written, "IN") == "+919876543210"


@pytest.mark.parametrize(
    "written", ["", "   ", "12", "not a number", "+", "0000000000", "+9999999999999", "98765", "1" * 80, "asha@example.com"]
)
def test_what_is_no_number(written: str) -> None:
    assert normalise_phone(written, "IN") is None


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_country_in_every_spelling(region: str) -> None:
    for kind in NUMBER_TYPES:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        normal = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        spelled = {normalise_phone(phonenumbers.format_number(example, spelling), region) for spelling in SPELLINGS}
        assert spelled == {normal}
        assert normalise_phone(normal, "IN") == normal
        assert has_phones(region)


TEXT = st.one_of(st.text(max_size=70), st.text(alphabet="+0123456789 ()-.;/#*xext=", max_size=40), st.text(st.characters(), max_size=20))


@THOROUGH
@given(TEXT, st.sampled_from(["IN", "US", "GB", "IT", "AR", "XX", "", "in"]))
def test_any_text_is_a_number_or_not(text: str, country: str) -> None:
    found = normalise_phone(text, country)
    if found is not None:
        assert E164.fullmatch(found)
        assert normalise_phone(found, country) == found
        assert country_of_phone(found) is None or has_phones(country_of_phone(found) or "")
        assert all("/" in zone or zone == "UTC" for zone in zones_of_phone(found))
    country_of_phone(text)
    zones_of_phone(text)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Asha@Example.COM", "asha@example.com"),
        (" asha@example.com ", "asha@example.com"),
        ("asha+leads@example.com", "asha+leads@example.com"),
        ("asha@BÜCHER.example", "asha@bücher.example"),
        ("asha@xn--bcher-kva.example", "asha@bücher.example"),
        ("asha@example.test", "asha@example.test"),
    ],
)
def test_addresses(written: str, normal: str) -> None:
    assert normalise_email(written) == normal


@pytest.mark.parametrize(
    "written", ["", "asha", "asha@", "@example.com", "a b@example.com", "a@b@example.com", "asha@localhost", "x" * 300 + "@example.com"]
)
def test_what_is_no_address(written: str) -> None:
    assert normalise_email(written) is None


@THOROUGH
@given(st.one_of(TEXT, st.emails(), st.emails().map(str.upper), st.tuples(st.text(max_size=20), st.text(max_size=20)).map("@".join)))
def test_any_text_is_an_address_or_not(text: str) -> None:
    found = normalise_email(text)
    if found is not None:
        assert found == found.lower()
        assert "@" in found
        assert normalise_email(found) == found


@THOROUGH
@given(st.one_of(st.text(max_size=40), st.from_regex(E164, fullmatch=True)))
def test_a_masked_phone_tells_little(phone: str) -> None:
    masked = mask_phone(phone)
    assert masked is not None
    assert len(masked) == len(phone)
    shown = len(masked) - masked.count("•") + phone.count("•")
    assert shown <= max(5, phone.count("•"))
    assert not phone or masked != phone or set(phone) == {"•"}
    if len(phone) < 8:
        assert set(masked) <= {"•"}


@THOROUGH
@given(st.one_of(st.text(max_size=40), st.emails()))
def test_a_masked_address_tells_little(email: str) -> None:
    masked = mask_email(email)
    assert masked is not None
    local, at, domain = email.rpartition("@")
    if not email:
        assert masked == ""
    elif not at:
        assert masked == "•••"
    else:
        assert masked == f"{local[0] if len(local) > 1 else ''}•••@{domain}"


def test_nothing_stays_nothing() -> None:
    assert mask_phone(None) is None
    assert mask_email(None) is None


def test_masks_as_people_see_them() -> None:
    assert mask_phone("+919876543210") == "+91••••••••10"
    assert mask_email("asha@example.com") == "a•••@example.com"
    assert mask_email("a@example.com") == "•••@example.com"
    assert mask_email('"a@b c"@example.com') == '"•••@example.com'
    assert mask_phone("12345") == "•••••"


def test_where_a_number_is() -> None:
    assert country_of_phone("+919876543210") == "IN"
    assert country_of_phone("+80012345678") is None
    assert country_of_phone("nonsense") is None
    assert zones_of_phone("+12125550123") == ("America/New_York",)
    assert zones_of_phone("nonsense") == ()
    assert not has_phones("UK")
    assert not has_phones("in")


@QUICK
@given(st.integers(10**9, 10**10 - 1))
def test_reading_is_fast(number: int) -> None:
    begun = perf_counter()
    normalise_phone(f"+91 {number}", "IN")
    normalise_email(f"{number}@example.com")
    assert perf_counter() - begun < 0.5  # 0.2 ms in fact; a slow path would show even on a loaded machine
