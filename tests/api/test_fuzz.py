"""Bodies of any kind: a flow is stored whole or refused by name, and nothing is ever a 500."""

from __future__ import annotations

import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoflows.domain.flow import ActionCondition, ActionType, ConditionOperator, TriggerType
from autoflows.domain.yaml_text import write_yaml
from autoflows.services.views.settings import SettingsView

FLOWS = "/api/automation/flows"

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4), max_leaves=10
)
ids = st.sampled_from(["00000000-0000-0000-0000-000000000000", "", "x"]) | st.uuids().map(str)


def words(kind: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([k.value for k in kind]) | st.sampled_from(["nonsense", None])


times = st.sampled_from(["10:30", "25:00", "", None, "10:30+01:00"]) | st.text(max_size=8)
configs = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("agent_id", "phone_number_id", "template_id", "email_template_id", "whatsapp_phone_number_id"), ids | st.none()),
        "max_retries": st.integers(-1, 7),
        "variable_mappings": st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3) | anything,
        "duration_minutes": st.floats() | st.integers(),
        "until_time": times,
        "subject_override": st.text(max_size=20) | st.sampled_from(["{{", "{% for", "{{ contact.name }}"]),
    },
)
actions = st.fixed_dictionaries(
    {"action_order": st.integers(-1, 4), "action_type": words(ActionType), "action_config": configs | anything},
    optional={
        "id": ids | st.none(),
        "condition_type": words(ActionCondition),
        "condition_value": st.sampled_from(["answered", "not_answered"]) | scalars,
    },
)
conditions = st.fixed_dictionaries(
    {"condition_type": words(TriggerType)},
    optional={
        "condition_operator": words(ConditionOperator),
        "condition_value": scalars,
        "condition_field": st.text(max_size=10) | scalars,
    },
)
flows = st.fixed_dictionaries(
    {"name": st.text(max_size=30)},
    optional={
        **dict.fromkeys(("description", "cooldown_minutes", "on_unknown"), scalars),
        "is_enabled": st.booleans() | scalars,
        "priority": st.integers(-1, 5) | scalars,
        "business_hours_start": st.times().map(str) | scalars,
        "business_hours_end": st.times().map(str) | scalars,
        "business_hours_timezone": st.sampled_from(["Asia/Kolkata", "UTC", "Mars", "../x", "\x00"]) | st.text(max_size=10),
        "use_custom_business_hours": st.booleans(),
        "business_days": st.lists(st.integers(0, 8), max_size=8) | anything,
        "exit_rules": anything,
        "conditions": st.lists(conditions, max_size=3) | anything,
        "actions": st.lists(actions, max_size=3) | anything,
    },
)

FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


async def send(client: httpx.AsyncClient, method: str, path: str, body: Any) -> httpx.Response:
    """Send a body as JSON, with NaN, infinities and lone surrogates as Python writes them."""
    answer = await client.request(method, path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    assert answer.status_code < 500, (body, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["detail"]
        assert problem.get("errors") or problem["status"] != 422, problem
        for error in problem.get("errors", []):
            assert error["pointer"] == "" or error["pointer"].startswith("/")
            assert error["detail"]
    return answer


@FUZZ
@given(flows | anything)
async def test_no_body_of_a_flow_is_a_500_and_what_is_stored_reads_back(owner: httpx.AsyncClient, body: Any) -> None:
    answer = await send(owner, "POST", FLOWS, body)
    if answer.status_code == 201:
        flow = answer.json()
        assert (await owner.get(f"{FLOWS}/{flow['id']}")).json() == flow
        assert (await owner.put(f"{FLOWS}/{flow['id']}", json=flow)).json()["version"] == 1
        assert (await owner.delete(f"{FLOWS}/{flow['id']}")).status_code == 204


@FUZZ
@given(st.dictionaries(st.sampled_from(list(SettingsView.model_fields)), anything, max_size=3) | anything)
async def test_no_body_of_settings_is_a_500(owner: httpx.AsyncClient, body: Any) -> None:
    answer = await send(owner, "PATCH", "/api/settings", body)
    if answer.status_code == 200:
        assert (await owner.get("/api/settings")).json() == answer.json()


@FUZZ
@given(st.sampled_from([("POST", "/api/team"), ("POST", "/api/tokens"), ("POST", "/api/login"), ("PUT", f"{FLOWS}/reorder")]), st.data())
async def test_no_other_body_is_a_500(owner: httpx.AsyncClient, target: tuple[str, str], data: st.DataObject) -> None:
    names = st.sampled_from(["email", "password", "role", "name", "scopes", "flow_ids"])
    body = data.draw(st.dictionaries(names, st.text(max_size=15) | anything, max_size=6) | anything)
    await send(owner, *target, body)


LESS = settings(FUZZ, max_examples=25)
"""For what takes several requests each time."""
files = flows.map(lambda fields: write_yaml({"autoflows": 1, **json.loads(json.dumps(fields, default=str))}))


@LESS
@given(st.fixed_dictionaries({"definition": flows | st.dictionaries(st.text(max_size=8), anything, max_size=4)}) | anything)
async def test_no_draft_is_a_500_and_it_is_shown_as_it_was_saved(owner: httpx.AsyncClient, body: Any) -> None:
    answer = await send(owner, "POST", "/api/automation/drafts", body)
    if answer.status_code == 201:
        path = f"/api/automation/drafts/{answer.json()['id']}"
        draft = (await owner.get(path)).json()
        again = await send(owner, "PUT", path, {"revision": 1, "definition": draft["definition"]})
        assert (again.status_code, again.json()["revision"]) == (200, 1), "it says nothing new"
        published = await send(owner, "POST", f"{path}/publish", {"revision": 1})
        assert published.status_code in (200, 422)
        if published.status_code == 422:
            await owner.delete(path, params={"revision": 1})


@LESS
@given(st.text(max_size=50) | files, st.booleans())
async def test_no_file_is_a_500(owner: httpx.AsyncClient, text: str, dry: bool) -> None:
    await send(owner, "POST", f"{FLOWS}/import", {"yaml": text, "dry_run": dry})
