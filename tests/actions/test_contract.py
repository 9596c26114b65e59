"""What every action type promises. A new type is held to it by being in `ACTIONS` and in `CONFIGS`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.actions import ACTIONS, validate_config
from autoflows.actions.base import CannotPerform
from autoflows.domain.conditions import Lead
from autoflows.domain.errors import Invalid
from autoflows.domain.flow import ActionType
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from tests.actions.conftest import ATTEMPT, CATALOGUE, CONFIGS, GONE, prepared
from tests.domain.settings import QUICK, THOROUGH

WIDGETS = {
    "agent", "phone_number", "whatsapp_number", "whatsapp_template", "email_template", "variable_mappings", "duration", "text", "number",
    "switch", "time", "arms",
}  # fmt: skip
CONTACTING = [kind for kind, spec in ACTIONS.items() if spec.prepare is not None]


def test_each_has_an_example() -> None:
    assert set(CONFIGS) == set(ACTIONS)


@pytest.mark.parametrize("kind", ACTIONS)
def test_its_words_and_its_form(kind: ActionType) -> None:
    spec = ACTIONS[kind]
    assert spec.action_type is kind
    assert spec.title
    assert spec.description
    assert spec.icon.replace("-", "").isalpha()
    assert spec.icon.islower()
    assert spec.Config.model_config.get("extra") == "forbid"
    for name, field in spec.Config.model_fields.items():
        extra = field.json_schema_extra
        assert field.title, name
        assert isinstance(extra, dict)
        assert extra["widget"] in WIDGETS, name
        assert set(extra) <= {"widget", "advanced", "fixed"}
    assert json.loads(json.dumps(spec.Config.model_json_schema()))["properties"]


@pytest.mark.parametrize("kind", ACTIONS)
def test_whom_it_contacts(kind: ActionType) -> None:
    assert (ACTIONS[kind].prepare is not None) == (kind in CHANNEL_OF_ACTION)
    for field, table in (ACTIONS[kind].references or {}).items():
        assert field in ACTIONS[kind].Config.model_fields
        assert table in CATALOGUE


@pytest.mark.parametrize("kind", ACTIONS)
def test_the_example_is_valid_and_stays_so_when_stored(kind: ActionType) -> None:
    config = validate_config(kind, CONFIGS[kind])
    stored = json.loads(json.dumps(config.model_dump(mode="json")))
    assert validate_config(kind, stored) == config


@pytest.mark.parametrize("kind", ACTIONS)
def test_misspelt_settings_are_pointed_at(kind: ActionType) -> None:
    with pytest.raises(Invalid) as error:
        validate_config(kind, {**CONFIGS[kind], "dura/tion~": 1}, "/actions/3/action_config")
    assert [e.pointer for e in error.value.errors] == ["/actions/3/action_config/dura~1tion~0"]


@pytest.mark.parametrize("kind", sorted(set(ActionType) - set(ACTIONS)))
def test_types_of_another_day_are_refused(kind: ActionType) -> None:
    with pytest.raises(Invalid) as error:
        validate_config(kind, {}, "/actions/0/action_config")
    assert [e.pointer for e in error.value.errors] == ["/actions/0/action_type"]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@THOROUGH
@given(st.sampled_from(sorted(ACTIONS)), st.data())
def test_arbitrary_settings_are_valid_or_invalid(kind: ActionType, data: st.DataObject) -> None:
    names = list(ACTIONS[kind].Config.model_fields)
    config = data.draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=6), JSON, max_size=5))
    whole = {**CONFIGS[kind], **config} if data.draw(st.booleans()) else config
    try:
        validate_config(kind, whole, "/x")
    except Invalid as error:
        assert error.errors  # noqa: PT017
        assert all(e.pointer.startswith("/x") and e.detail for e in error.errors)  # noqa: PT017


@pytest.mark.parametrize("kind", CONTACTING)
async def test_it_carries_the_attempts_id(kind: ActionType) -> None:
    found = await prepared(kind)
    assert found.message.attempt_id == ATTEMPT
    assert found.channel_id == next(iter(CATALOGUE[t]["channel_id"] for t in (ACTIONS[kind].references or {}).values()))
    assert json.loads(json.dumps(found.shown))


@pytest.mark.parametrize(
    ("kind", "field", "table"), [(kind, field, table) for kind in CONTACTING for field, table in (ACTIONS[kind].references or {}).items()]
)
async def test_what_it_names_must_be_there_and_offered(kind: ActionType, field: str, table: str) -> None:
    with pytest.raises(CannotPerform, match="is not there any more"):
        await prepared(kind, config={field: str(GONE)})
    changes: dict[str, Any] = {table: {"is_active": False}}
    with pytest.raises(CannotPerform, match="no longer offered"):
        await prepared(kind, **changes)


@pytest.mark.parametrize("kind", CONTACTING)
async def test_without_an_address_it_says_so(kind: ActionType) -> None:
    with pytest.raises(CannotPerform, match=r"has no (phone number|e-mail address)"):
        await prepared(kind, lead=Lead("API", "api"))


TEXT = st.text(max_size=20)
LEADS = st.builds(
    Lead, TEXT, st.just("api"), TEXT, st.just("+919876543210"), st.just("asha@example.com"), TEXT, st.none(), st.tuples(TEXT),
    st.dictionaries(TEXT, JSON, max_size=4),
)  # fmt: skip
MAPPINGS = st.one_of(TEXT, st.sampled_from(["name", "tags", "custom_fields", "custom_fields.", "{{ contact.name }}", "{{", "{% if %}"]))


@QUICK
@given(st.sampled_from(sorted(CONTACTING)), LEADS, MAPPINGS, MAPPINGS)
def test_any_lead_can_be_prepared_or_is_told_why_not(kind: ActionType, lead: Lead, first: str, second: str) -> None:
    config: dict[str, Any] = {}
    if kind is ActionType.WHATSAPP_MESSAGE:
        config = {"variable_mappings": {"1": first, "2": second}}
    if kind is ActionType.EMAIL:
        config = {"subject_override": first}
    try:
        found = asyncio.run(prepared(kind, lead=lead, config=config))
    except CannotPerform as error:
        assert str(error)  # noqa: PT017
    else:
        assert found.message.attempt_id == ATTEMPT
