"""Causes: their keys, and what is said of them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.causes import HELD, INTERNAL, SILENT, STOPPED, TAKEN, Cause, InboxKind, advice_of, cause_of, risk_of, title_of
from autoflows.domain.flow import ActionType
from autoflows.domain.outcomes import ErrorClass

SIGNS = [*ErrorClass, TAKEN, SILENT, STOPPED, INTERNAL, "failed"]


@given(st.sampled_from(list(ActionType)), st.sampled_from(SIGNS), st.uuids() | st.none(), st.text(max_size=60))
def test_a_key_is_read_as_it_was_written(action_type: str, sign: str, channel_id: object, code: str) -> None:
    cause = Cause(action_type, sign, channel_id, code)  # type: ignore[arg-type]
    assert cause_of(cause.key) == cause


@given(st.text(max_size=80))
def test_what_is_read_as_a_key_is_that_key(text: str) -> None:
    with suppress(ValueError):
        assert cause_of(text).key == text


@pytest.mark.parametrize("text", ["", "x", "ai_call", "fax:account::"])
def test_anything_else_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="not enough values"):
        cause_of(text)


@pytest.mark.parametrize(
    ("cause", "number", "message", "title"),
    [
        (Cause("whatsapp_message", "account", None, "190"), 14, "Token expired.", "14 WhatsApp messages failed: Token expired"),
        (Cause("email", "lead", None), 2, "no " * 60, f"2 e-mails failed: {'no ' * 29}…"),
        (Cause("email", "lead", None, "550"), 1, "", "1 e-mail failed: the provider gave no reason"),
        (Cause("ai_call", TAKEN, None), 1, "", "1 AI call taken by the provider, outcome never told"),
        (Cause("sms", SILENT, None), 2, "", "2 SMS sent, and the provider never answered"),
        (Cause("ai_call", STOPPED, None), 2, "", "2 runs stopped: it was not known what became of the AI call"),
        (Cause("", INTERNAL, None), 1_200, "", "1,200 runs failed by a fault of ours"),
    ],
)
def test_the_number_comes_first(cause: Cause, number: int, message: str, title: str) -> None:
    assert title_of(cause, number, message) == title


def test_each_sign_has_its_advice() -> None:
    for sign in SIGNS:
        if sign != "failed":
            assert advice_of(Cause("ai_call", sign, None)), sign
    assert advice_of(Cause("ai_call", ErrorClass.PERMANENT, None, HELD)).startswith("The channel did not work")
    assert {Cause("ai_call", sign, None).kind for sign in (TAKEN, SILENT)} == {InboxKind.UNKNOWN}
    assert "twice" in risk_of("ai_call")
    assert "twice" in risk_of("webhook")
