"""Every template of the gallery is a flow without problems once its needs are chosen, and says what it needs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

import autoflows
from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.errors import Invalid
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.flow_templates import instantiate, read_template
from autoflows.domain.lint import Item, Reference, Surroundings, lint
from autoflows.services.flow_store import checked
from autoflows.services.flow_templates import gallery
from autoflows.services.item_references import references_of
from tests.api.conftest import Catalogue, People, catalogue

__all__ = ["catalogue"]

TEMPLATES = "/api/automation/flow-templates"
FILES = sorted((Path(autoflows.__file__).parent / "gallery").glob("*.yaml"))
HOURS = BusinessHours.model_validate({"days": [1, 2, 3, 4, 5, 6], "start": "09:00", "end": "19:00", "timezone": "Asia/Kolkata"})


def test_there_are_enough_and_none_is_left_out() -> None:
    assert len(FILES) == len(gallery()) >= 12
    assert len({t.about.title for t in gallery().values()}) == len(FILES)


@pytest.mark.parametrize("hours", [None, HOURS], ids=["always open", "with hours"])
@pytest.mark.parametrize("key", [file.stem for file in FILES])
def test_with_everything_chosen_a_template_has_no_problem(key: str, hours: BusinessHours | None) -> None:
    template = gallery()[key]
    ids = {need: str(UUID(int=n)) for n, need in enumerate(template.about.needs, 1)}
    messages = {need: ["1", "2"] for _, _, field, need in template.gaps() if field == "template_id"}
    definition = checked(FlowDefinition.model_validate(instantiate(template, ids, messages)))
    references = []
    for step in definition.actions:
        for field, table in references_of(step.action_type.value).items():
            if step.action_config.get(field):
                told = {"status": "APPROVED", "variables": ("1", "2")} if table == "whatsapp_templates" else {}
                channel = {"ai_call": "voice", "whatsapp_message": "whatsapp"}.get(step.action_type, "mail")
                item = Item("x", True, channel, channel, "active", **told)  # type: ignore[arg-type]
                references.append(Reference(step.action_order, field, table, item))
    around = Surroundings(references, AccountSettings(), hours, "Asia/Kolkata", datetime(2026, 11, 24, 6, tzinfo=UTC))
    assert lint(definition, around) == []
    assert definition.description


@pytest.mark.parametrize("key", [file.stem for file in FILES])
def test_without_an_optional_need_a_template_still_is_a_flow(key: str) -> None:
    template = gallery()[key]
    ids = {n: str(UUID(int=1)) for n, need in template.about.needs.items() if not need.is_optional}
    checked(FlowDefinition.model_validate(instantiate(template, ids, {})))
    for left_out in ids:
        with pytest.raises(Invalid):
            checked(FlowDefinition.model_validate(instantiate(template, {k: v for k, v in ids.items() if k != left_out}, {})))


def test_values_go_to_the_variables_in_order_and_what_was_chosen_goes_before() -> None:
    template = gallery()["whatsapp-first"]
    step = instantiate(template, {"message": "m"}, {"message": ["first", "second", "third"]}, {"message": {"second": "company"}})[
        "actions"
    ][0]
    assert step["action_config"] == {
        "template_id": "m",
        "variable_mappings": {"first": "{{ contact.name | default: 'there' }}", "second": "company"},
    }


@pytest.mark.parametrize("needs", ["{}", "{agent: {label: x}, other: {label: y}}"])
def test_a_file_whose_needs_are_not_its_gaps_is_refused(needs: str) -> None:
    about = f"template: {{title: a, summary: b, icon: c, group: d, needs: {needs}}}\n"
    with pytest.raises(ValueError, match="its gaps"):
        read_template("x", about + "autoflows: 1\nname: x\nactions:\n- action_type: ai_call\n  action_config: {agent_id: {need: agent}}\n")


async def test_the_gallery_says_what_each_needs_and_does(owner: httpx.AsyncClient, app: FastAPI) -> None:
    listed = {t["key"]: t for t in (await owner.get(TEMPLATES)).json()["data"]}
    assert set(listed) == {file.stem for file in FILES}
    first = listed["indiamart-first-touch"]
    assert first["trigger"] == "When lead source is IndiaMART"
    assert first["steps"][0] == "First, call with your voice agent from your number."
    assert (
        first["steps"][2] == "Then, if the last call was not answered, send the WhatsApp message that you choose from your WhatsApp number."
    )
    assert first["channels"] == ["call", "whatsapp", "email"]
    needs = {n["key"]: (n["catalogue"], n["steps"], n["is_optional"]) for n in first["needs"]}
    assert needs["agent"] == ("agents", [1], False)
    assert needs["caller"] == ("phone-numbers", [1], True)
    assert needs["message"] == ("whatsapp-templates", [3], False)


async def test_a_flow_begins_with_a_template(owner: httpx.AsyncClient, people: People, catalogue: Catalogue) -> None:
    path = f"{TEMPLATES}/indiamart-first-touch/instantiate"
    mapping: dict[str, Any] = {
        "agent": str(catalogue.agent),
        "sender": str(catalogue.whatsapp_number),
        "message": str(catalogue.template),
        "letter": str(catalogue.email_template),
    }
    answer = await owner.post(path, json={"mapping": mapping, "values": {"message": {"2": "company"}}, "name": "Ours"})
    assert answer.status_code == 201, answer.text
    draft = answer.json()
    assert (draft["flow_id"], draft["definition"]["name"], draft["problems"]) == (None, "Ours", [])
    config = draft["definition"]["actions"][2]["action_config"]
    assert config["variable_mappings"] == {"1": "{{ contact.name | default: 'there' }}", "2": "company"}
    live = await owner.post(f"/api/automation/drafts/{draft['id']}/publish", json={"revision": 1, "is_enabled": True})
    assert live.status_code == 200, live.text
    later = (await owner.post(path, json={})).json()
    assert {p["code"] for p in later["problems"]} == {"invalid", "never_wins"}, "the first one takes its leads"
    assert "/actions/0/action_config/agent_id" in [p["pointer"] for p in later["problems"]]
    wrong = await owner.post(path, json={"mapping": {"agent": str(catalogue.template), "nonsense": str(catalogue.agent)}})
    assert wrong.status_code == 422
    assert {e["pointer"] for e in wrong.json()["errors"]} == {"/mapping/agent", "/mapping/nonsense"}
    assert (await owner.post(f"{TEMPLATES}/nothing/instantiate", json={})).status_code == 404
    stranger = await people.add("stranger@example.com")
    assert (await stranger.post(path, json={"mapping": mapping})).status_code == 422, "another account's things are not there"
