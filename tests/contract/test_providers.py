"""What every provider adapter promises (providers/base.py), held against all of them."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from autoflows.domain.errors import NotFound
from autoflows.domain.outcomes import ErrorClass, ProviderEvent, Refused, Unanswered
from autoflows.providers import PROVIDERS, get_provider
from autoflows.providers.base import Catalogue, CheckResult, Connection, ProviderUnavailable, WebhookRejected
from tests.contract.examples import EXAMPLES
from tests.sandbox.fixtures import RawServer, Talk, closed_port, connection

NAMES = sorted(PROVIDERS)
WITH_WEBHOOKS = [name for name in NAMES if PROVIDERS[name].has_webhooks]


def channel(name: str, http: httpx.AsyncClient, port: int) -> Connection:
    return connection(name, http, EXAMPLES[name].credentials, EXAMPLES[name].settings_at(port), timeout=0.4)


def test_every_provider_has_an_example() -> None:
    assert set(EXAMPLES) == set(PROVIDERS)


@pytest.mark.parametrize("name", NAMES)
def test_registry(name: str) -> None:
    provider = get_provider(name)
    assert provider.name == name
    assert provider.title
    assert provider.action_type in {"ai_call", "whatsapp_message", "email", "sms", "webhook"}
    assert type(provider).__doc__


def test_an_unknown_provider_is_named() -> None:
    with pytest.raises(NotFound, match="pigeon") as caught:
        get_provider("pigeon")
    assert all(name in str(caught.value) for name in NAMES)


def forms(name: str) -> list[type[BaseModel]]:
    return [PROVIDERS[name].Credentials, PROVIDERS[name].Settings]


@pytest.mark.parametrize("name", NAMES)
def test_every_field_can_be_drawn_as_a_form(name: str) -> None:
    for form in forms(name):
        for field in form.model_json_schema().get("properties", {}).values():
            assert field.get("title"), field
            assert len(field.get("description", "")) > 10, field
    secrets = [field for field, shown in PROVIDERS[name].Credentials.model_json_schema()["properties"].items() if shown.get("secret")]
    assert secrets
    assert not any(shown.get("secret") for shown in PROVIDERS[name].Settings.model_json_schema()["properties"].values())


@pytest.mark.parametrize("name", NAMES)
def test_forms_refuse_unknown_and_impossible_values(name: str) -> None:
    example = EXAMPLES[name]
    assert PROVIDERS[name].Credentials(**example.credentials)
    settings = PROVIDERS[name].Settings(**example.settings_at(8600))
    assert PROVIDERS[name].Settings(**settings.model_dump()) == settings
    with pytest.raises(ValidationError):
        PROVIDERS[name].Credentials(**example.credentials, colour="blue")
    if "base_url" in type(settings).model_fields:
        for wrong in (
            "",
            "api.example.com",
            "ftp://example.com",
            "http://",
            "http://user:x@example.com",
            "https://example.com?x=1",
            "http://a:b",
        ):
            with pytest.raises(ValidationError, match="must be"):
                PROVIDERS[name].Settings(base_url=wrong)
        assert PROVIDERS[name].Settings(base_url=" https://example.com/ ").model_dump()["base_url"] == "https://example.com"


@pytest.mark.parametrize("name", ["bolna", "whatsapp_cloud"])
def test_tokens_that_would_break_a_header_are_refused_in_words(name: str) -> None:
    example = EXAMPLES[name]
    first = next(iter(example.credentials))
    for wrong in ("", "a b", "a\nb", "clé", "a\x00b"):
        with pytest.raises(ValidationError) as caught:
            PROVIDERS[name].Credentials(**{**example.credentials, first: wrong})
        assert "must" in caught.value.errors()[0]["msg"]


async def hanging(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    await asyncio.sleep(5)


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if b"HTTP/" not in await reader.read(65536):
        return
    writer.transport.abort()


async def failing_with_html(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    page = b"<html><body>Internal Server Error</body></html>"
    writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page))
    await reader.read(65536)


async def everything_fails(name: str, at: Connection) -> None:
    """The rest of the contract at a server that does not work: nothing raises but what the contract names."""
    provider, message = get_provider(name), EXAMPLES[name].message
    assert await provider.lookup(at, "some-reference") is None
    assert await provider.find(at, message, datetime.now(UTC)) is None
    assert await provider.cancel(at, "some-reference") is False
    checked = await provider.check(at)
    assert isinstance(checked, CheckResult)
    assert not checked.ok
    assert checked.detail
    with contextlib.suppress(ProviderUnavailable):
        assert await provider.sync(at) == Catalogue()


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_listens(name: str, http: httpx.AsyncClient) -> None:
    with closed_port() as port:
        at = channel(name, http, port)
        result = await get_provider(name).send(at, EXAMPLES[name].message)
        assert isinstance(result, Refused), result
        assert result.error_class is ErrorClass.TRANSIENT
        await everything_fails(name, at)


TALKS = {"hanging": hanging, "resetting": resetting, "500 with html": failing_with_html}
BEFORE_ACTING = {"smtp": {"hanging": ErrorClass.TRANSIENT, "resetting": ErrorClass.TRANSIENT, "500 with html": ErrorClass.ACCOUNT}}
"""Where the failure comes before the provider could act, so that it is a refusal of this class. Elsewhere nobody knows."""


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", NAMES)
async def test_servers_that_fail_after_connecting(name: str, talk: str, http: httpx.AsyncClient) -> None:
    behaviour: Talk = TALKS[talk]
    async with RawServer(behaviour) as port:
        at = channel(name, http, port)
        result = await get_provider(name).send(at, EXAMPLES[name].message)
        expected = BEFORE_ACTING.get(name, {}).get(talk)
        if expected is None:
            assert isinstance(result, Unanswered), result
        else:
            assert isinstance(result, Refused), result
            assert result.error_class is expected
        assert result.message
        await everything_fails(name, at)


@pytest.mark.parametrize("name", NAMES)
async def test_an_unreachable_host_is_a_refusal(name: str, http: httpx.AsyncClient) -> None:
    example = EXAMPLES[name]
    settings = example.settings_at(8600)
    settings |= {"host": "no-such-host.invalid"} if "host" in settings else {"base_url": "http://no-such-host.invalid"}
    at = connection(name, http, example.credentials, settings, timeout=3)
    result = await get_provider(name).send(at, example.message)
    assert isinstance(result, Refused), result
    assert result.error_class is ErrorClass.TRANSIENT


def read(name: str, raw: bytes) -> list[ProviderEvent]:
    """Parse, or nothing if it is rejected; every event must be fit to be stored."""
    provider = get_provider(name)
    try:
        events = provider.parse(None, raw)  # type: ignore[arg-type]  # parsing needs no channel
    except WebhookRejected:
        return []
    for event in events:
        assert 0 < len(event.event_id) <= 200
        assert event.attempt_id is None or isinstance(event.attempt_id, UUID)
        assert event.occurred_at is None or event.occurred_at.tzinfo is UTC
        stored = json.dumps([event.data, event.raw, event.text, event.address, event.provider_ref], allow_nan=False)
        assert "\\u0000" not in stored.replace("\\\\", "")
        stored.encode()
    return events


GARBAGE = [b"", b"\x00", b"null", b"[]", b'"x"', b"{", b"<xml/>", b"a=1&b=2", b"\xff\xfe", b'{"a":' * 3_000, b'{"entry":' + b"[" * 3_000]


@pytest.mark.parametrize("name", NAMES)
def test_garbage_is_rejected(name: str) -> None:
    for raw in GARBAGE:
        with pytest.raises(WebhookRejected):
            get_provider(name).parse(None, raw)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(WITH_WEBHOOKS)))
def test_providers_without_webhooks_take_none(name: str) -> None:
    with pytest.raises(WebhookRejected):
        get_provider(name).verify(None, {}, b"{}")  # type: ignore[arg-type]
    assert get_provider(name).handshake(None, {}) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", WITH_WEBHOOKS)
def test_the_same_webhook_twice_is_the_same_events(name: str) -> None:
    raw = json.dumps(EXAMPLES[name].webhook).encode()
    first, again = read(name, raw), read(name, raw)
    assert first
    assert [event.event_id for event in first] == [event.event_id for event in again]
    reordered = json.dumps(EXAMPLES[name].webhook, sort_keys=True, indent=2).encode()
    assert [event.event_id for event in read(name, reordered)] == [event.event_id for event in first]
    assert any(event.attempt_id for event in first)


NASTY = st.sampled_from(["\x00", "\ud800", "9" * 4_000, "é" * 500])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | NASTY,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, item in items for path in paths(item, (*at, key)))]


def mutated(value: Any, path: tuple[Any, ...], replacement: Any, drop: bool) -> Any:
    """`value` with the place at `path` replaced or left out."""
    if not path:
        return replacement
    changed = copy.copy(value)
    if drop and len(path) == 1:
        del changed[path[0]]
    else:
        changed[path[0]] = mutated(value[path[0]], path[1:], replacement, drop)
    return changed


@pytest.mark.parametrize("name", WITH_WEBHOOKS)
@given(replacements=st.lists(JSON, min_size=1, max_size=4), seed=st.integers(0, 10**6), drop=st.booleans())
def test_mutated_webhooks_never_crash(name: str, replacements: list[Any], seed: int, drop: bool) -> None:
    rng, body = random.Random(seed), EXAMPLES[name].webhook
    for replacement in replacements:
        body = mutated(body, rng.choice(paths(body)), replacement, drop)
    read(name, json.dumps(body).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", WITH_WEBHOOKS)
@given(body=JSON, cut=st.integers(0, 400))
def test_arbitrary_and_truncated_webhooks_never_crash(name: str, body: Any, cut: int) -> None:
    read(name, json.dumps(body).encode())
    read(name, json.dumps(EXAMPLES[name].webhook).encode()[:cut])
