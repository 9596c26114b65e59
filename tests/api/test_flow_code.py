"""Flows as files over REST and at the shell: out and in without a difference, wrong values by line, names of an account's own things."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from autoflows.actions import ACTIONS
from autoflows.domain.flow import FlowDefinition, FlowSettings
from autoflows.domain.yaml_text import parse_yaml
from autoflows.models import VoiceAgent, WhatsAppTemplate
from autoflows.models.database import open_session
from autoflows.services.flow_code import flow_schema
from tests.api.conftest import OWNER, Catalogue, FlowBody, People
from tests.api.test_flows import FLOWS, made
from tests.commands.test_commands import Shell

FILE = """autoflows: 1
name: First call
conditions:
- condition_type: lead_source
  condition_value: IndiaMART
actions:
- action_type: ai_call
  action_config:
    agent_id: Priya
- action_type: email
  action_config:
    email_template_id: {name: Welcome, channel: smtp}
  condition_type: always
"""


AGENT, LETTER = "/actions/0/action_config/agent_id", "/actions/1/action_config/email_template_id"


async def sent(client: httpx.AsyncClient, yaml: str, **order: Any) -> httpx.Response:
    return await client.post(f"{FLOWS}/import", json={"yaml": yaml, **order})


async def test_a_flow_goes_out_and_comes_in_without_a_difference(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, **flow_body(business_hours_start="10:30", max_contacts_per_hour=7, exit_rules={"on_tag": "won"}))
    answer = await owner.get(f"{FLOWS}/{flow['id']}/export")
    assert answer.headers["content-type"].startswith("application/yaml")
    document = parse_yaml(answer.text).value
    assert document["actions"][0]["action_config"] == {
        "agent_id": {"name": "Priya", "channel": "bolna"},
        "phone_number_id": {"name": "+912212345678", "channel": "bolna"},
    }
    again = (await sent(owner, answer.text)).json()
    assert (again["is_new"], again["changes"], again["flow"]["version"]) == (False, [], 1)
    assert again["flow"]["actions"] == flow["actions"]


async def test_a_file_makes_a_flow_and_changes_it(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    dry = (await sent(owner, FILE, dry_run=True)).json()
    assert (dry["is_new"], dry["flow"], dry["dry_run"]) == (True, None, True)
    assert (await owner.get(FLOWS)).json()["data"] == []
    new = (await sent(owner, FILE)).json()["flow"]
    assert (new["is_enabled"], new["priority"], new["version"]) == (False, 1, 1)
    assert new["actions"][0]["action_config"]["agent_id"] == str(catalogue.agent)
    changed = FILE.replace("IndiaMART", "TradeIndia").replace("name: First", "is_enabled: true\nname: First")
    told = (await sent(owner, changed, note="as agreed")).json()
    assert [c["message"] for c in told["changes"]] == ["Trigger: lead source is IndiaMART → lead source is TradeIndia"]
    assert (told["flow"]["id"], told["flow"]["version"], told["flow"]["is_enabled"]) == (new["id"], 2, True)
    assert [a["id"] for a in told["flow"]["actions"]] == [a["id"] for a in new["actions"]]
    earlier = (await owner.get(f"{FLOWS}/{new['id']}/export", params={"version": 1})).text
    assert parse_yaml(earlier).value["conditions"] == [{"condition_type": "lead_source", "condition_value": "IndiaMART"}]
    renamed = await sent(owner, changed.replace("First call", "Renamed"), flow_id=new["id"])
    assert (renamed.json()["flow"]["id"], renamed.json()["flow"]["name"]) == (new["id"], "Renamed")


@pytest.mark.parametrize(
    ("old", "new", "pointer", "said"),
    [
        ("agent_id: Priya", "agent_id: Meera", AGENT, "no voice agent with the name 'Meera'; sync its channel, or choose another (line 9)"),
        ("channel: smtp", "channel: other", LETTER, "(line 12)"),
        ("name: Welcome", "nome: Welcome", LETTER, "must be an id, a name, or {name, channel} (line 12)"),
        ("lead_source", "lead_sauce", "/conditions/0/condition_type", "(line 4)"),
        ("condition_type: always", "condition_type: always\n  color: red", "/actions/1/color", "is not a known field"),
        ("name: First call", "nmae: First call", "/name", "is required (line 1)"),
        ("name: First call", "name: First call\nid: 5", "/id", "is not a known field (line 3)"),
        ("name: First call", "name: First call\nis_enabled: true\non_unknown: [", "", "This is not YAML"),
        ("conditions:\n- condition_type: lead_source\n  condition_value: IndiaMART", "is_enabled: true", "/conditions", "(line 1)"),
    ],
)  # fmt: skip
async def test_what_is_wrong_in_a_file_is_told_by_its_line(
    owner: httpx.AsyncClient, catalogue: Catalogue, old: str, new: str, pointer: str, said: str
) -> None:
    answer = await sent(owner, FILE.replace(old, new, 1))
    assert answer.status_code == 422, answer.text
    assert [e["detail"] for e in answer.json()["errors"] if e["pointer"] == pointer and said in e["detail"]], answer.json()["errors"]
    assert (await owner.get(FLOWS)).json()["data"] == []


async def test_names_that_are_not_enough(owner: httpx.AsyncClient, catalogue: Catalogue, flow_body: FlowBody) -> None:
    async with open_session() as session:
        user: Any = (await session.exec(sa.select(VoiceAgent.user_id))).scalar_one()  # type: ignore[call-overload]
        channels = catalogue.channel_ids
        session.add(VoiceAgent(user_id=user, channel_id=channels["bolna"], name="Priya", provider_agent_id="agent-2"))
        session.add(WhatsAppTemplate(user_id=user, channel_id=channels["whatsapp_cloud"], name="hello", language="hi", body="Namaste"))
    refused = await sent(owner, FILE)
    assert "2 voice agents have the name 'Priya'" in refused.json()["errors"][0]["detail"]
    assert (await sent(owner, FILE.replace("Priya", str(catalogue.agent)))).status_code == 200
    flow = await made(owner, **flow_body(name="Second"))
    steps = parse_yaml((await owner.get(f"{FLOWS}/{flow['id']}/export")).text).value["actions"]
    assert steps[0]["action_config"]["agent_id"] == str(catalogue.agent), "a name that two have tells nothing"
    assert steps[2]["action_config"]["template_id"] == {"name": "hello", "channel": "whatsapp_cloud", "language": "en"}
    await made(owner, name="Second")
    assert (await sent(owner, FILE.replace("First call", "Second").replace("Priya", str(catalogue.agent)))).status_code == 409


async def test_another_accounts_things_are_not_there(people: People, owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    flow = (await sent(owner, FILE)).json()["flow"]
    stranger = await people.add("stranger@example.com")
    assert (await stranger.get(f"{FLOWS}/{flow['id']}/export")).status_code == 404
    assert (await sent(stranger, FILE.replace("Priya", str(catalogue.agent)), flow_id=flow["id"])).status_code == 422
    assert (await sent(stranger, "autoflows: 1\nname: x\n", flow_id=flow["id"])).status_code == 404


async def test_the_schema_is_open_and_names_every_field(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/api/automation/flow-schema.json")
    assert answer.headers["content-type"] == "application/schema+json"
    schema = answer.json()
    assert schema == flow_schema()
    assert set(schema["properties"]) == {"autoflows", "name", "description", "is_enabled", "priority", "conditions", "actions"} | set(
        FlowSettings.model_fields
    )
    assert set(FlowDefinition.model_fields) <= set(schema["properties"])
    steps = {s["properties"]["action_type"]["const"]: s for s in schema["properties"]["actions"]["items"]["oneOf"]}
    for kind, spec in ACTIONS.items():
        assert set(steps[kind.value]["properties"]["action_config"]["properties"]) == set(spec.Config.model_fields)

    def resolved(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].removeprefix("#/$defs/") in schema["$defs"]
            value = list(value.values())
        for each in value if isinstance(value, list) else ():
            resolved(each)

    resolved(schema)


@pytest.mark.timeout(180)  # a dozen starts of the program
async def test_the_commands(owner: httpx.AsyncClient, catalogue: Catalogue, tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    autoflows = Shell(tmp_path, AUTOFLOWS_DATABASE_URL=postgres_url, AUTOFLOWS_REDIS_URL=redis_url)
    file = tmp_path / "flow.yaml"
    file.write_text(FILE)
    alone = Shell(tmp_path)("flow", "validate", str(file))
    assert (alone.returncode, alone.stdout) == (0, f"{file}: the form is right.\n"), alone.stderr
    applied = autoflows("flow", "apply", str(file), "--email", OWNER, "--note", "first")
    assert (applied.returncode, applied.stdout) == (0, "'First call' is at version 1, disabled, priority 1.\n"), applied.stderr
    same = autoflows("flow", "diff", str(file), "--email", OWNER, "--exit-code")
    assert (same.returncode, same.stdout) == (0, "No difference.\n")
    exported = autoflows("flow", "export", "First call", "--email", OWNER)
    assert parse_yaml(exported.stdout).value["actions"][1]["condition_type"] == "always"
    file.write_text(FILE.replace("IndiaMART", "TradeIndia"))
    other = autoflows("flow", "diff", str(file), "--email", OWNER, "--exit-code")
    assert (other.returncode, other.stdout) == (1, "Trigger: lead source is IndiaMART → lead source is TradeIndia\n")
    file.write_text(FILE.replace("Priya", "Meera"))
    wrong = autoflows("flow", "apply", str(file), "--email", OWNER)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "'Meera'" in wrong.stderr
    assert "(line 9)" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    nobody = autoflows("flow", "diff", str(file), "--email", "nobody@example.com")
    assert (nobody.returncode, "nobody@example.com" in nobody.stderr) == (1, True)
