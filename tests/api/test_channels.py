"""`/api/channels` and the catalogues: connecting providers, and what they offer."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from autoflows.domain.permissions import Role
from autoflows.engine.pool import get_pool
from autoflows.providers.connections import close_clients
from autoflows.services.after_commit import settle
from autoflows.settings import get_settings
from tests.api.conftest import OWNER, Catalogue, FlowBody, People
from tests.sandbox.fixtures import Sandbox

BOLNA = {"provider": "bolna", "name": "Bolna main", "credentials": {"api_key": "bn-sandbox"}}


@pytest.fixture
async def private_network(environment: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Channels may be on this machine."""
    await close_clients()
    monkeypatch.setenv("AUTOFLOWS_ALLOW_PRIVATE_NETWORK", "1")
    get_settings.cache_clear()
    yield
    await close_clients()


def on_sandbox(sandbox: Sandbox, provider: str) -> dict[str, Any]:
    """The body of a channel on the sandbox world."""
    keys = {"access_token": "sandbox-token", "app_secret": "sandbox-app-secret", "verify_token": "sandbox-verify", "waba_id": "100200300"}
    mail = {"host": "127.0.0.1", "port": sandbox.smtp_port, "security": "none", "from_email": "hello@example.com"}
    graph = {"base_url": f"{sandbox.url}/graph"}
    return {
        "bolna": {**BOLNA, "settings": {"base_url": f"{sandbox.url}/bolna"}},
        "whatsapp_cloud": {"provider": "whatsapp_cloud", "name": "Meta", "credentials": keys, "settings": graph},
        "smtp": {"provider": "smtp", "name": "Mail", "credentials": {}, "settings": mail},
    }[provider]


async def connect(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/api/channels", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_credentials_go_in_and_never_come_out(owner: httpx.AsyncClient) -> None:
    made = await connect(owner, {**BOLNA, "credentials": {"api_key": "bn-very-secret"}})
    assert made["credentials_set"] == {"api_key": True}
    assert (made["status"], made["settings"]["base_url"]) == ("unchecked", "https://api.bolna.ai")
    path = f"/api/channels/{made['id']}"
    for answer in (await owner.get(path), await owner.get("/api/channels"), await owner.patch(path, json={"name": "Renamed"})):
        assert answer.status_code == 200
        assert "very-secret" not in answer.text
    pool = await get_pool()
    for table in ("channels", "audit_log"):
        assert "very-secret" not in await pool.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} t")
    changed = await owner.patch(path, json={"settings": {"max_concurrent": 3}})
    assert changed.json()["settings"]["max_concurrent"] == 3
    assert changed.json()["credentials_set"] == {"api_key": True}
    assert (await owner.patch(path, json={"credentials": {"api_key": ""}})).status_code == 422
    assert (await owner.patch(path, json={"is_enabled": False})).json()["status"] == "disabled"
    assert (await owner.patch(path, json={"is_enabled": True})).json()["status"] == "unchecked"
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(path)).status_code == 404


async def test_wrong_values_are_named(owner: httpx.AsyncClient) -> None:
    await connect(owner, BOLNA)
    for body, status, pointer in (
        ({**BOLNA, "name": "B2", "credentials": {}}, 422, "/credentials/api_key"),
        ({**BOLNA, "name": "B2", "credentials": {"api_key": "has space"}}, 422, "/credentials/api_key"),
        ({**BOLNA, "name": "B2", "credentials": {"api_key": "k", "apikey": "k"}}, 422, "/credentials/apikey"),
        ({**BOLNA, "name": "B2", "settings": {"max_concurrent": "many"}}, 422, "/settings/max_concurrent"),
        ({**BOLNA, "name": "B2", "settings": {"base_url": "ftp://x"}}, 422, "/settings/base_url"),
        ({**BOLNA, "provider": "fax"}, 422, "/provider"),
        ({**BOLNA, "name": ""}, 422, "/name"),
        (BOLNA, 409, "/name"),
    ):
        answer = await owner.post("/api/channels", json=body)
        assert answer.status_code == status, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
    forms = (await owner.get("/api/channels/providers")).json()
    bolna = next(form for form in forms if form["provider"] == "bolna")
    assert bolna["credentials"][0]["secret"] is True
    assert {f["provider"] for f in forms} == {"bolna", "whatsapp_cloud", "smtp"}
    smtp = next(form for form in forms if form["provider"] == "smtp")
    assert next(f for f in smtp["settings"] if f["name"] == "security")["choices"] == ["none", "starttls", "tls"]


async def test_private_addresses_are_refused(owner: httpx.AsyncClient) -> None:
    for url in (
        "http://127.0.0.1:9",
        "http://localhost",
        "http://10.0.0.8",
        "http://169.254.169.254/latest",
        "http://[::1]",
        "http://[::ffff:10.1.2.3]",
    ):
        answer = await owner.post("/api/channels", json={**BOLNA, "settings": {"base_url": url}})
        assert answer.status_code == 422, url
        assert answer.json()["errors"][0]["pointer"] == "/settings/base_url"
        assert "AUTOFLOWS_ALLOW_PRIVATE_NETWORK" in answer.text
    mail = {"provider": "smtp", "name": "Mail", "settings": {"host": "192.168.1.1", "from_email": "a@example.com"}}
    assert (await owner.post("/api/channels", json=mail)).json()["errors"][0]["pointer"] == "/settings/host"


async def test_an_address_that_became_private_is_refused_at_connect_time(owner: httpx.AsyncClient, sandbox: Sandbox) -> None:
    made = await connect(owner, BOLNA)
    pool = await get_pool()
    await pool.execute("UPDATE channels SET settings = settings || $1", {"base_url": f"{sandbox.url}/bolna"})
    checked = (await owner.post(f"/api/channels/{made['id']}/check")).json()
    assert checked["ok"] is False
    assert "AUTOFLOWS_ALLOW_PRIVATE_NETWORK" in checked["detail"]
    assert (await owner.post(f"/api/channels/{made['id']}/sync")).status_code == 503


async def test_a_check_says_what_is_wrong(owner: httpx.AsyncClient, private_network: None, sandbox: Sandbox) -> None:
    good = await connect(owner, on_sandbox(sandbox, "bolna"))
    path = f"/api/channels/{good['id']}"
    checked = (await owner.post(f"{path}/check")).json()
    assert (checked["ok"], checked["status"]) == (True, "active")
    assert (await owner.patch(path, json={"credentials": {"api_key": "bn-wrong"}})).json()["status"] == "unchecked"
    failed = (await owner.post(f"{path}/check")).json()
    assert (failed["ok"], failed["status"]) == (False, "error")
    assert "API key" in failed["detail"]
    assert (await owner.get(path)).json()["status_detail"] == failed["detail"]
    for provider in ("whatsapp_cloud", "smtp"):
        made = await connect(owner, on_sandbox(sandbox, provider))
        assert (await owner.post(f"/api/channels/{made['id']}/check")).json()["ok"] is True


async def test_a_second_channel_does_not_take_the_webhooks_of_the_first(
    owner: httpx.AsyncClient, private_network: None, sandbox: Sandbox
) -> None:
    first = await connect(owner, on_sandbox(sandbox, "bolna"))
    await owner.post(f"/api/channels/{first['id']}/sync")
    second = await connect(owner, {**on_sandbox(sandbox, "bolna"), "name": "The same account again"})
    synced = (await owner.post(f"/api/channels/{second['id']}/sync")).json()
    assert "another channel" in synced["webhooks"]
    assert all(agent["agent_config"]["webhook_url"] == first["webhook_url"] for agent in sandbox.world.agents.values())
    await owner.delete(f"/api/channels/{first['id']}")
    await owner.post(f"/api/channels/{second['id']}/sync")
    assert all(agent["agent_config"]["webhook_url"] == second["webhook_url"] for agent in sandbox.world.agents.values())


async def test_a_sync_brings_the_catalogue(owner: httpx.AsyncClient, private_network: None, sandbox: Sandbox) -> None:
    made = await connect(owner, on_sandbox(sandbox, "bolna"))
    typed = (await owner.post("/api/agents", json={"channel_id": made["id"], "name": "By hand", "provider_agent_id": "hand-1"})).json()
    first = (await owner.post(f"/api/channels/{made['id']}/sync")).json()
    assert first["agents"] == {"added": 2, "updated": 0, "deactivated": 0}
    assert first["phone_numbers"]["added"] == 2
    assert all(made["webhook_url"] == agent["agent_config"]["webhook_url"] for agent in sandbox.world.agents.values())
    gone_id, gone = sandbox.world.agents.popitem()
    other = next(iter(sandbox.world.agents.values()))
    other["agent_config"]["webhook_url"] = "https://crm.example.com/hook"
    second = (await owner.post(f"/api/channels/{made['id']}/sync")).json()
    sandbox.world.agents[gone_id] = gone
    assert second["agents"] == {"added": 0, "updated": 1, "deactivated": 1}
    assert other["agent_config"]["webhook_url"] == "https://crm.example.com/hook"
    assert "another system" in second["webhooks"]
    agents = (await owner.get("/api/agents", params={"channel_id": made["id"]})).json()["data"]
    assert {(a["origin"], a["is_active"]) for a in agents} == {("manual", True), ("synced", True), ("synced", False)}
    assert next(a for a in agents if a["id"] == typed["id"])["is_active"] is True
    assert len((await owner.get("/api/agents", params={"active_only": True})).json()["data"]) == 2
    meta = await connect(owner, on_sandbox(sandbox, "whatsapp_cloud"))
    synced = (await owner.post(f"/api/channels/{meta['id']}/sync")).json()
    assert (synced["whatsapp_templates"]["added"], synced["whatsapp_numbers"]["added"]) == (3, 1)
    assert "webhook address" in synced["webhooks"]
    templates = (await owner.get("/api/whatsapp-templates")).json()["data"]
    assert next(t for t in templates if t["name"] == "catalogue")["variables"] == ["first_name", "product"]


async def test_what_an_enabled_flow_uses_stays(owner: httpx.AsyncClient, catalogue: Catalogue, flow_body: FlowBody) -> None:
    flow = (await owner.post("/api/automation/flows", json=flow_body())).json()
    channel = catalogue.channel_ids["bolna"]
    for path in (f"/api/channels/{channel}", f"/api/agents/{catalogue.agent}", f"/api/email-templates/{catalogue.email_template}"):
        refused = await owner.delete(path)
        assert refused.status_code == 409, refused.text
        assert "'First call'" in refused.json()["detail"]
    assert (await owner.patch(f"/api/agents/{catalogue.agent}", json={"is_active": False})).status_code == 409
    assert (await owner.patch(f"/api/automation/flows/{flow['id']}/toggle", json={"is_enabled": False})).status_code == 200
    assert (await owner.delete(f"/api/agents/{catalogue.agent}")).status_code == 204
    assert (await owner.delete(f"/api/channels/{channel}")).status_code == 204
    assert (await owner.get(f"/api/phone-numbers/{catalogue.phone_number}")).status_code == 404


async def test_items_typed_in_by_hand(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    voice, meta, mail = (str(catalogue.channel_ids[name]) for name in ("bolna", "whatsapp_cloud", "smtp"))
    number = await owner.post("/api/phone-numbers", json={"channel_id": voice, "phone_number": "080 3573 5900"})
    assert (number.status_code, number.json()["phone_number"]) == (201, "+918035735900")
    template = {"channel_id": meta, "name": "offer", "body": "Hello {{2}}, {{ 1 }} and {{2}}"}
    made = (await owner.post("/api/whatsapp-templates", json=template)).json()
    assert (made["variables"], made["named_parameters"], made["status"], made["language"]) == (["1", "2"], False, "APPROVED", "en")
    renamed = (await owner.patch(f"/api/whatsapp-templates/{made['id']}", json={"body": "Dear {{first_name}}"})).json()
    assert (renamed["variables"], renamed["named_parameters"]) == (["first_name"], True)
    typed = {"channel_id": meta, "provider_number_id": "123456", "display_number": "+91 80"}
    sender = await owner.post("/api/whatsapp-numbers", json=typed)
    assert sender.json()["label"] == "+91 80"
    written = {"channel_id": mail, "name": "Hi", "subject": "Hi {{ contact.name }}", "text": "Hi"}
    letter = await owner.post("/api/email-templates", json=written)
    assert (letter.status_code, letter.json()["origin"]) == (201, "manual")
    for kind, body, status, pointer in (
        ("agents", {"channel_id": mail, "name": "A", "provider_agent_id": "x"}, 422, "/channel_id"),
        ("agents", {"channel_id": str(uuid4()), "name": "A", "provider_agent_id": "x"}, 422, "/channel_id"),
        ("agents", {"channel_id": voice, "name": " ", "provider_agent_id": "x"}, 422, "/name"),
        ("phone-numbers", {"channel_id": voice, "phone_number": "12"}, 422, "/phone_number"),
        ("phone-numbers", {"channel_id": voice, "phone_number": "+918035735900"}, 409, "/phone_number"),
        ("whatsapp-templates", {**template, "name": "x", "variables": ["1"]}, 422, "/variables"),
        ("whatsapp-templates", {**template, "name": "hello", "body": "x"}, 409, "/name"),
        ("email-templates", {"channel_id": mail, "name": "X", "subject": "{{ x", "text": "x"}, 422, "/subject"),
        ("email-templates", {"channel_id": mail, "name": "X", "subject": "x", "html": "{% for %}"}, 422, "/html"),
        ("email-templates", {"channel_id": mail, "name": "X", "subject": "x"}, 422, "/text"),
        ("email-templates", {"channel_id": mail, "name": "Hi", "subject": "x", "text": "x"}, 409, "/name"),
    ):
        answer = await owner.post(f"/api/{kind}", json=body)
        assert answer.status_code == status, (kind, body, answer.text)
        assert answer.json()["errors"][0]["pointer"] == pointer, (kind, body, answer.text)


async def test_roles_and_other_accounts(owner: httpx.AsyncClient, catalogue: Catalogue, people: People) -> None:
    channel = catalogue.channel_ids["bolna"]
    mine = [
        f"/api/channels/{channel}",
        f"/api/agents/{catalogue.agent}",
        f"/api/phone-numbers/{catalogue.phone_number}",
        f"/api/whatsapp-numbers/{catalogue.whatsapp_number}",
        f"/api/whatsapp-templates/{catalogue.template}",
        f"/api/email-templates/{catalogue.email_template}",
    ]
    stranger = await people.add("stranger@example.com")
    for path in mine:
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.patch(path, json={"name": "x"} if "number" not in path else {"is_active": True})).status_code == 404
        assert (await stranger.delete(path)).status_code == 404
        assert (await stranger.get(path.rsplit("/", 1)[0])).json()["data"] == []
    for act in ("check", "sync"):
        assert (await stranger.post(f"/api/channels/{channel}/{act}")).status_code == 404
    borrowed = await stranger.post("/api/agents", json={"channel_id": str(channel), "name": "A", "provider_agent_id": "x"})
    assert borrowed.status_code == 422
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    assert (await viewer.get(mine[0])).json()["webhook_url"] is None
    assert (await owner.get(mine[0])).json()["webhook_url"].endswith("/api/webhooks/bolna/secret-bolna")
    for path in mine:
        assert (await viewer.get(path)).status_code == 200
        assert (await viewer.delete(path)).status_code == 403
    assert (await viewer.post("/api/channels", json=BOLNA)).status_code == 403


async def test_a_channel_tells_its_limits_and_takes_them(owner: httpx.AsyncClient) -> None:
    for form in (await owner.get("/api/channels/providers")).json():
        fields = {field["name"]: field for field in form["settings"]}
        for name in ("max_per_minute", "daily_limit"):
            assert (fields[name]["type"], fields[name]["required"], fields[name]["default"]) == ("integer", False, None), form["provider"]
            assert fields[name]["description"]
        assert [field["name"] for field in form["settings"]][-2:] == ["max_per_minute", "daily_limit"]
    made = (await owner.post("/api/channels", json={**BOLNA, "settings": {"max_per_minute": 30, "daily_limit": 500}})).json()
    assert (made["settings"]["max_per_minute"], made["settings"]["daily_limit"], made["settings"]["max_concurrent"]) == (30, 500, 10)
    path = f"/api/channels/{made['id']}"
    freed = (await owner.patch(path, json={"settings": {"daily_limit": None}})).json()
    assert (freed["settings"]["max_per_minute"], freed["settings"]["daily_limit"]) == (30, None)
    wrong = await owner.patch(path, json={"settings": {"max_per_minute": 0}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/settings/max_per_minute"


async def test_a_channel_that_is_held_is_tried_now(owner: httpx.AsyncClient, people: People) -> None:
    channel = (await owner.post("/api/channels", json=BOLNA)).json()
    assert channel["breaker"] == {"state": "closed", "reason": "", "opened_at": None, "until": None}
    retry = f"/api/channels/{channel['id']}/retry"
    assert (await owner.post(retry)).status_code == 409
    pool = await get_pool()
    await pool.execute(
        "UPDATE channels SET breaker_state = 'open', breaker_reason = 'The provider refused our key', breaker_opened_at = now(), "
        "breaker_until = now() + interval '10 minutes'"
    )
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    stranger = await people.add("stranger@example.com")
    assert (await viewer.post(retry)).status_code == 403
    assert (await stranger.post(retry)).status_code == 404
    tried = await owner.post(retry)
    assert tried.status_code == 200, tried.text
    assert (tried.json()["breaker"]["state"], tried.json()["breaker"]["reason"]) == ("open", "The provider refused our key")
    await settle()
    assert await pool.fetchval("SELECT breaker_until <= now() FROM channels")
    assert (await viewer.get(f"/api/channels/{channel['id']}")).json()["breaker"]["state"] == "open"
    assert await pool.fetchval("SELECT count(*) FROM audit_log WHERE action = 'channel.retried'") == 1
