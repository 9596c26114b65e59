"""What states do between a form and a service, without a browser; and the rules every handler keeps."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import autoflows.ui.pages  # noqa: F401 - all states
from autoflows.domain.errors import Conflict, FieldError, Forbidden, Invalid, NotSignedIn
from autoflows.providers import PROVIDERS
from autoflows.services.forms import form_of
from autoflows.ui.components.moment import duration_text
from autoflows.ui.states.base import Base, choice_of, id_of, on_error, session_token, text_of, to_sign_in
from autoflows.ui.states.channels import entries_of, parts_of
from autoflows.ui.states.entries import Entry, values_of
from autoflows.ui.states.leads import condition_text, gate_text
from autoflows.ui.states.settings import from_minor, to_minor


def states(state: type[Any] = Base) -> list[type[Any]]:
    return [state, *(each for child in state.get_substates() for each in states(child))]


@pytest.mark.parametrize("state", sorted(states(), key=str), ids=lambda state: state.__name__)
def test_only_event_handlers_are_public(state: type[Any]) -> None:
    """A public method is callable by any socket, so it must be meant as a handler, and say so."""
    for name, member in vars(state).items():
        if not name.startswith("_") and inspect.isfunction(member):
            raise AssertionError(f"{state.__name__}.{name} is public and no @rx.event")


def test_arguments_from_a_socket_are_not_trusted() -> None:
    for wrong in (None, 5, ["x"], {"a": 1}):
        with pytest.raises(Invalid):
            text_of(wrong)
    with pytest.raises(Invalid):
        text_of("x" * 11, 10)
    for no_id in ("", "x", None, [1]):
        with pytest.raises(Invalid):
            id_of(no_id)
    with pytest.raises(Invalid):
        choice_of("evil", ["a", "b"])
    assert choice_of("all", ["a"]) == ""
    assert choice_of("a", ["a"]) == "a"


@pytest.mark.parametrize(
    ("cookies", "token"),
    [
        ("theme=dark; autoflows_session=abc; x=1", "abc"),
        ("", ""),
        (None, ""),
        ("autoflows_session", ""),
        ("\x00=;;;", ""),
    ],
)
def test_the_session_is_read_from_the_cookie_header(cookies: str | None, token: str) -> None:
    assert session_token(cookies) == token


def test_errors_become_sentences_and_never_internals() -> None:
    assert "Not allowed" in str(on_error(Forbidden("Your role may not do this.")))
    conflict = str(on_error(Conflict("Taken.", errors=[FieldError("/name", "choose another")])))
    assert "Taken. choose another" in conflict
    assert "secret" not in str(on_error(RuntimeError("secret detail")))
    assert "/login" in str(on_error(NotSignedIn("over")))


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/login", "/", ""])
def test_signing_in_leads_back_only_to_our_own_pages(path: str) -> None:
    assert "next" not in str(to_sign_in(path))


def test_a_script_cannot_be_smuggled_into_the_way_to_the_sign_in() -> None:
    assert "<script" not in str(to_sign_in("/dashboard/'</script><script>alert(1)//"))


def test_a_providers_form_round_trips() -> None:
    entries = entries_of(form_of(PROVIDERS["bolna"]), None)
    typed = {"credentials/api_key": " bn-key ", "settings/base_url": "http://127.0.0.1:1/bolna", "settings/unknown": "x"}
    credentials, settings = parts_of(values_of(entries, typed))
    assert credentials == {"api_key": "bn-key"}
    assert settings["base_url"] == "http://127.0.0.1:1/bolna"
    assert "unknown" not in settings


def test_an_emptied_field_goes_back_to_its_default_and_an_untouched_one_stays_out() -> None:
    entries = [Entry(key="a", title="A", value="was", default="std"), Entry(key="b", title="B"), Entry(key="on", title="On", type="switch")]
    assert values_of(entries, {"a": "", "b": ""}) == {"a": "std", "on": False}
    assert values_of([Entry(key="l", title="L", type="list")], {"l": "a, b,,"}) == {"l": ["a", "b"]}


def test_conditions_and_gates_in_words() -> None:
    condition = {"condition_type": "lead_source", "condition_operator": "equals", "expected": "IndiaMART", "actual": "API", "met": False}
    assert condition_text(condition) == 'Lead source is "IndiaMART"; this lead has "API"'
    assert (
        condition_text({"condition_type": "tag", "condition_operator": "exists", "actual": []}) == "Tag is filled in; this lead has nothing"
    )
    assert gate_text({"gate": "dnc", "passed": False, "detail": "DNC tag found"}) == "Do not call: DNC tag found"
    assert gate_text({"gate": "cooldown", "passed": True, "detail": ""}) == "Cooldown: clear"


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [("4.50", "INR", 450), ("4,5", "INR", 450), ("0", "USD", 0), ("300", "JPY", 300), ("1.234", "KWD", 1234)],
)
def test_amounts(typed: str, currency: str, minor: int) -> None:
    assert to_minor(typed, currency) == minor
    assert to_minor(from_minor(minor, currency), currency) == minor


@pytest.mark.parametrize("typed", ["x", "-1", "NaN", "Infinity", "1e99"])
def test_amounts_that_cannot_be(typed: str) -> None:
    with pytest.raises(Invalid):
        to_minor(typed, "INR")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "—"), (412, "412 ms"), (3400, "3.4 s"), (130_000, "2 min 10 s"), (60_000, "1 min"),
        (11_100_000, "3 h 5 min"), (188_000_000, "2 d 4 h"),
    ],
)  # fmt: skip
def test_durations_in_words(milliseconds: float | None, text: str) -> None:
    assert duration_text(milliseconds) == text
