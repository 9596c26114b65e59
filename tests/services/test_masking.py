"""What people without `pii:read` see."""

from __future__ import annotations

from autoflows.services.views.masking import scrub, scrub_all


def test_addresses_in_texts_are_masked() -> None:
    for text, shown in (
        ("call +91 98765 00001 now", "call +91••••••••01 now"),
        ("(080) 3573-5900", "(080••••••00"),
        ("write to asha.patel@example.co.in, please", "write to a•••@example.co.in, please"),
        ("<asha@example.com>", "<a•••@example.com>"),
        ("2026-11-22T10:14:28Z", "2026-11-22T10:14:28Z"),
        ("opens on 2026-11-22 at 09:00", "opens on 2026-11-22 at 09:00"),
        ("018f3b2a-1234-7890-abcd-1234567890ab", "018f3b2a-1234-7890-abcd-1234567890ab"),
        ("50 pumps for 12,500", "50 pumps for 12,500"),
    ):
        assert scrub(text) == shown, text


def test_nested_data_is_masked_whatever_its_shape() -> None:
    data = {"a": ["xavier@example.com", {"b": "9876500001"}], "c": 919876500001, "d": True, "e": 12.5, "f": None}
    assert scrub_all(data) == {"a": ["x•••@example.com", {"b": "987•••••01"}], "c": "919•••••••01", "d": True, "e": 12.5, "f": None}
