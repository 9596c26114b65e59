"""Every shape of error: always problem+json, in plain words, with nothing of our insides."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter
from sqlalchemy.exc import DBAPIError

from autoflows.api.app import create_api
from autoflows.api.errors import ProblemDetails
from autoflows.ids import new_id
from autoflows.models import Contact
from autoflows.models.database import dispose_engine, get_engine, open_session
from autoflows.services import auth
from autoflows.services.auth import actors_of_tokens
from autoflows.settings import get_settings

FLOWS = "/api/automation/flows"
JSON = {"Content-Type": "application/json"}


def problem(answer: httpx.Response, status: int) -> ProblemDetails:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    details = ProblemDetails.model_validate(answer.json())
    assert details.status == status
    assert details.title
    assert details.detail.endswith((".", "?"))
    return details


def pointers(answer: httpx.Response) -> list[str]:
    return [e.pointer for e in problem(answer, 422).errors]


async def test_an_unknown_address_is_a_json_404(anonymous: httpx.AsyncClient) -> None:
    paths = ("/api", "/api/", "/api/nothing", "/api/automation", "/api/automation/nothing", "/api/a/b/c", "/api/%00", "/api/flows%2Fx")
    for path in paths:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            problem(await anonymous.request(method, path), 404)


async def test_a_wrong_method_says_which_are_right(owner: httpx.AsyncClient) -> None:
    for path, allowed in ((FLOWS, "GET, POST"), ("/api/login", "POST"), ("/api/auto-engagement/flows/reorder", "GET, PUT, PATCH, DELETE")):
        answer = await owner.request("DELETE" if path != "/api/auto-engagement/flows/reorder" else "POST", path)
        problem(answer, 405)
        assert answer.headers["allow"] == allowed, path


async def test_a_body_that_is_not_json_is_malformed(owner: httpx.AsyncClient) -> None:
    for body in (b"{", b"\xff\xfe", b"{'name': 1}", b"[" * 100_000, b'{"name": "a\x00b"}', b"1" * 5000, b'{"name": "\xff"}'):
        problem(await owner.post(FLOWS, content=body, headers=JSON), 400)
    problem(await owner.post(FLOWS, content=b"", headers=JSON), 422)


async def test_another_content_type_is_told_what_to_send(owner: httpx.AsyncClient) -> None:
    for content, kind in (
        (b'{"name": "x"}', "text/plain"),
        (b"name=x", "application/x-www-form-urlencoded"),
        (b'"x"', "application/json"),
        (b"[]", "application/json"),
    ):
        answer = await owner.post(FLOWS, content=content, headers={"Content-Type": kind})
        assert "application/json" in problem(answer, 422).errors[0].detail, kind


async def test_a_body_over_the_limit_is_too_large(owner: httpx.AsyncClient, app: FastAPI) -> None:
    big = {"name": "x", "description": "y" * 1_000_001}
    assert "1 MB" in problem(await owner.post(FLOWS, json=big), 413).detail

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" " * 50_000

    problem(await owner.post(FLOWS, content=pieces(), headers=JSON), 413)
    answer = await owner.post("/api/contacts/bulk", json={"contacts": "y" * 2_000_000})
    assert answer.status_code != 413, "ten megabytes there"
    problem(await owner.post("/api/contacts/bulk", json={"contacts": "y" * 10_000_001}), 413)


async def test_what_cannot_be_stored_is_refused_by_name(owner: httpx.AsyncClient) -> None:
    wait = b'{"action_order": 1, "action_type": "wait", "action_config": {"duration_minutes": NaN}}'
    for body, pointer in (
        (b'{"name": "a\\u0000b"}', "/name"),
        (b'{"name": "x", "description": "\\ud800"}', "/description"),
        (b'{"name": "x", "description": "\xed\xa0\x80"}', "/description"),
        (b'{"name": "x", "a\\u0000": 1}', ""),
        (b'{"name": "x", "actions": [' + wait + b"]}", "/actions/0/action_config/duration_minutes"),
        (b'{"name": "x", "priority": 1e999}', "/priority"),
        (b'{"name": ' + b"[" * 70 + b"]" * 70 + b"}", "/name/0/0"),
    ):
        assert pointers(await owner.post(FLOWS, content=body, headers=JSON)) == [pointer], body


async def test_text_that_only_looks_suspect_is_stored(owner: httpx.AsyncClient) -> None:
    name = "NaN Infinity 1e999 \\u0000 \U0001f600"
    body = b'{"name": "NaN Infinity 1e999 \\\\u0000 \\ud83d\\ude00"}'
    assert (await owner.post(FLOWS, content=body, headers=JSON)).json()["name"] == name


async def test_addresses_and_queries_with_odd_characters(owner: httpx.AsyncClient) -> None:
    assert pointers(await owner.get(f"{FLOWS}?search=a%00b&limit=1")) == ["/query/search"]
    assert (await owner.get(f"{FLOWS}?search=%ff%fe")).status_code == 200
    problem(await owner.get(f"{FLOWS}/not-an-id"), 404)
    problem(await owner.post(f"{FLOWS}/01991c2e-7a00-7000-8000-000000000001/versions/99999999999999999999/restore"), 404)
    assert pointers(await owner.get(f"{FLOWS}?limit=0&is_enabled=perhaps")) == ["/query/is_enabled", "/query/limit"]
    assert pointers(await owner.get(f"{FLOWS}?limit=201")) == ["/query/limit"]
    assert pointers(await owner.get(f"{FLOWS}?cursor=nonsense")) == ["/query/cursor"]
    assert pointers(await owner.get(f"{FLOWS}?cursor=bnVsbA")) == ["/query/cursor"]


async def test_a_database_that_is_down_is_503_and_comes_back(
    owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    for url in ("postgresql://nobody@127.0.0.1:9/none", "postgresql:///none?host=/nonexistent"):
        monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", url)
        get_settings.cache_clear()
        await dispose_engine()
        answer = await owner.get(FLOWS)
        assert "try again" in problem(answer, 503).detail
        assert answer.headers["retry-after"] == "2"
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", postgres_url)
    get_settings.cache_clear()
    await dispose_engine()
    assert (await owner.get(FLOWS)).status_code == 200


async def test_connections_that_were_cut_are_replaced(owner: httpx.AsyncClient, database_server: Any, postgres_url: str) -> None:
    assert (await owner.get(FLOWS)).status_code == 200
    name = postgres_url.split("?")[0].rsplit("/", 1)[-1]
    database_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    answers = [(await owner.get(FLOWS)).status_code for _ in range(3)]
    assert answers[-1] == 200
    assert set(answers) <= {200, 503}


async def test_an_unexpected_error_has_an_id_that_is_in_the_log_and_no_insides(
    owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the password of the database is hunter2")

    monkeypatch.setattr("autoflows.services.flows.list_flows", broken)
    with caplog.at_level(logging.ERROR):
        answer = await owner.get(FLOWS)
    details = problem(answer, 500)
    assert details.id
    assert details.id in details.detail
    assert "hunter2" not in answer.text
    assert any(details.id in record.getMessage() and record.exc_info for record in caplog.records)


async def test_the_document_describes_every_route_with_its_errors(anonymous: httpx.AsyncClient, app: FastAPI) -> None:
    document = (await anonymous.get("/api/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert not [path for path in document["paths"] if "auto-engagement" in path]
    create = document["paths"][FLOWS]["post"]
    assert set(create["responses"]) == {"201", "400", "401", "403", "409", "413", "422", "500", "503"}
    assert create["responses"]["422"] == {"$ref": "#/components/responses/Problem422"}
    assert create["security"] == [{"HTTPBearer": []}, {"APIKeyCookie": []}]
    assert create["requestBody"]["content"]["application/json"]["examples"]
    assert "429" in document["paths"]["/api/login"]["post"]["responses"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    refs = [part.split('"')[0] for part in str(document).replace("'", '"').split('"$ref": "#')[1:]]
    for ref in refs:
        node: Any = document
        for key in ref.strip("/").split("/"):
            node = node[key]
        assert node
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("summary"), (method, path)


async def test_the_example_of_a_flow_is_one(anonymous: httpx.AsyncClient) -> None:
    from autoflows.services.views.flows import FlowCreate

    document = (await anonymous.get("/api/openapi.json")).json()
    for example in document["paths"][FLOWS]["post"]["requestBody"]["content"]["application/json"]["examples"].values():
        assert TypeAdapter(FlowCreate).validate_python(example["value"]).actions


async def test_the_reference_needs_no_other_host(anonymous: httpx.AsyncClient) -> None:
    page = await anonymous.get("/api/docs")
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://test", "")
    assert "https://" not in page.text
    for name, kind in (("swagger-ui-bundle.js", "text/javascript"), ("swagger-ui.css", "text/css")):
        assert f"/api/docs/{name}" in page.text
        packed = await anonymous.get(f"/api/docs/{name}", headers={"Accept-Encoding": "gzip"})
        plain = await anonymous.get(f"/api/docs/{name}", headers={"Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["content-type"].startswith(kind)
        assert packed.content == plain.content
        assert b"SwaggerUIBundle" in plain.content or b".swagger-ui" in plain.content
    problem(await anonymous.get("/api/docs/LICENSE"), 404)


def test_settings_are_not_read_when_the_application_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", "")
    get_settings.cache_clear()
    assert create_api().routes
    get_settings.cache_clear()
    assert get_engine.cache_info().currsize == 0
    assert auth.actors_of_tokens is actors_of_tokens


async def test_what_a_statement_carried_is_not_in_its_error(environment: None) -> None:
    """Errors are logged, and logs hold no people."""
    with pytest.raises(DBAPIError) as caught:
        async with open_session() as session:
            session.add(Contact(user_id=new_id(), name="Asha Patel", phone="+919876500001"))
    assert "Asha" not in str(caught.value)
    assert "+919876500001" not in str(caught.value)
