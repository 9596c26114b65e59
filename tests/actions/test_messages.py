"""What each action makes of a lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.actions import validate_config
from autoflows.actions.base import CannotPerform
from autoflows.domain.decide import wait_end
from autoflows.domain.errors import Invalid
from autoflows.domain.flow import ActionType
from autoflows.providers.base import CallRequest, EmailMessageRequest, TemplateMessage
from tests.actions.conftest import ASHA, CALLS, MAIL, MESSAGES, prepared
from tests.domain.build import NOW, flow, policy
from tests.domain.settings import THOROUGH


class TestAiCall:
    async def test_the_request(self) -> None:
        found = await prepared(ActionType.AI_CALL)
        assert found.channel_id == CALLS
        assert isinstance(found.message, CallRequest)
        assert (found.message.agent_id, found.message.to, found.message.from_number) == ("agent-1", "+919876543210", "+911140001234")

    async def test_prompt_variables(self) -> None:
        """A custom field called like one of ours does not speak over it; empty ones are left out."""
        found = await prepared(ActionType.AI_CALL)
        assert isinstance(found.message, CallRequest)
        assert found.message.variables == {
            "name": "Asha Patel", "company": "Asha Agro", "lead_source": "IndiaMART", "product": "Solar pump", "budget": 5000,
        }  # fmt: skip
        nameless = await prepared(ActionType.AI_CALL, lead=replace(ASHA, name=""))
        assert isinstance(nameless.message, CallRequest)
        assert nameless.message.variables["name"] == "Someone else"

    async def test_what_the_agent_is_told_is_kept_within_bounds(self) -> None:
        found = await prepared(ActionType.AI_CALL)
        assert found.shown["variables"] == {
            "name": "Asha Patel", "company": "Asha Agro", "lead_source": "IndiaMART", "product": "Solar pump", "budget": "5000",
        }  # fmt: skip
        talkative = {f"field {n}": "x" * 5000 for n in range(200)}
        kept = (await prepared(ActionType.AI_CALL, lead=replace(ASHA, custom_fields=talkative))).shown["variables"]
        assert len(kept) == 50
        assert max(len(value) for value in kept.values()) == 500

    async def test_the_providers_default_number(self) -> None:
        found = await prepared(ActionType.AI_CALL, config={"phone_number_id": None})
        assert isinstance(found.message, CallRequest)
        assert found.message.from_number is None

    async def test_a_number_of_another_channel_cannot_call_for_this_agent(self) -> None:
        with pytest.raises(CannotPerform, match="different channels"):
            await prepared(ActionType.AI_CALL, phone_numbers={"channel_id": UUID(int=999)})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"max_retries": 6},
            {"max_retries": -1},
            {"respect_dnc": False},
            {"retry_delay_minutes": 0},
            {"agent_id": "x"},
            {"agent_id": None},
        ],
    )
    def test_settings_it_refuses(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(Invalid) as error:
            validate_config(ActionType.AI_CALL, {"agent_id": str(UUID(int=1)), **wrong})
        assert [e.pointer for e in error.value.errors] == [f"/action_config/{next(iter(wrong))}"]


class TestWhatsApp:
    async def test_the_message(self) -> None:
        found = await prepared(ActionType.WHATSAPP_MESSAGE)
        assert found.channel_id == MESSAGES
        assert isinstance(found.message, TemplateMessage)
        assert (found.message.template, found.message.language, found.message.sender_id) == ("lead_welcome", "en", "555")
        assert found.message.variables == {"1": "Asha Patel", "2": "Asha Agro"}
        assert found.shown["body"] == "Hello Asha Patel of Asha Agro, about Asha Patel"
        assert (found.shown["variables"], found.shown["language"]) == ({"1": "Asha Patel", "2": "Asha Agro"}, "en")

    async def test_a_value_that_looks_like_a_variable_is_a_value(self) -> None:
        found = await prepared(ActionType.WHATSAPP_MESSAGE, lead=replace(ASHA, name="{{2}}"))
        assert found.shown["body"] == "Hello {{2}} of Asha Agro, about {{2}}"

    @pytest.mark.parametrize(
        ("mapping", "value"),
        [
            ("custom_fields.product", "Solar pump"),
            ("custom_fields.budget", "5000"),
            ("custom_fields.missing", "-"),
            ("tags", "new"),
            (" name ", "Asha Patel"),
            ("{{ contact.name | split: ' ' | first }}", "Asha"),
            ("{{ account.name }} / {{ flow.name }}", "Asha Agro / First call"),
            ("{{ call.outcome }}", "-"),
        ],
    )
    async def test_mapped_values(self, mapping: str, value: str) -> None:
        found = await prepared(ActionType.WHATSAPP_MESSAGE, config={"variable_mappings": {"1": mapping, "2": "company"}})
        assert isinstance(found.message, TemplateMessage)
        assert found.message.variables["1"] == value

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"whatsapp_templates": {"status": "PAUSED"}}, r"is not approved \(it is paused\)"),
            ({"whatsapp_templates": {"variables": ["1", "2", "3"]}}, "needs a value for 3"),
            ({"whatsapp_numbers": {"channel_id": UUID(int=999)}}, "different channels"),
            ({"config": {"variable_mappings": {"1": "name", "2": "  "}}}, "needs a value for 2"),
            ({"config": {"variable_mappings": {"1": "{{ name", "2": "x"}}}, "cannot be rendered"),
        ],
    )
    async def test_what_it_refuses(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(CannotPerform, match=message):
            await prepared(ActionType.WHATSAPP_MESSAGE, **change)


class TestEmail:
    async def test_the_mail(self) -> None:
        found = await prepared(ActionType.EMAIL)
        assert found.channel_id == MAIL
        mail = found.message
        assert isinstance(mail, EmailMessageRequest)
        assert (mail.to, mail.to_name, mail.from_name) == ("asha@example.com", "Asha Patel", "Your Company")
        assert mail.subject == "Thanks, Asha Patel"
        assert mail.html == "<p>Dear Asha Patel</p><p>Solar pump</p>"
        assert mail.text == "Dear Asha Patel\nSolar pump"
        assert found.shown == {
            "template": "Thanks", "to": "asha@example.com", "from": "Your Company", "subject": mail.subject, "text": mail.text,
        }  # fmt: skip

    async def test_a_long_text_is_kept_in_part(self) -> None:
        found = await prepared(ActionType.EMAIL, email_templates={"text": "x" * 9000})
        assert isinstance(found.message, EmailMessageRequest)
        assert len(found.message.text) == 9000
        assert found.shown["text"] == "x" * 4999 + "…"

    async def test_what_a_lead_writes_is_no_markup_and_no_header(self) -> None:
        found = await prepared(ActionType.EMAIL, lead=replace(ASHA, name="A<script>\r\nBcc: all@example.com"))
        assert isinstance(found.message, EmailMessageRequest)
        assert "<script>" not in found.message.html
        assert found.message.subject == "Thanks, A<script> Bcc: all@example.com"

    async def test_a_subject_of_the_step(self) -> None:
        found = await prepared(ActionType.EMAIL, config={"subject_override": "For {{ contact.company }}"})
        assert isinstance(found.message, EmailMessageRequest)
        assert found.message.subject == "For Asha Agro"

    async def test_the_templates_own_text(self) -> None:
        found = await prepared(ActionType.EMAIL, email_templates={"text": "Hello {{ contact.name }} <3"})
        assert isinstance(found.message, EmailMessageRequest)
        assert found.message.text == "Hello Asha Patel <3"

    @pytest.mark.parametrize("part", ["subject", "html", "text"])
    async def test_a_template_that_cannot_be_rendered(self, part: str) -> None:
        with pytest.raises(CannotPerform, match="'Thanks' cannot be rendered"):
            await prepared(ActionType.EMAIL, email_templates={part: "{% for i in (1..1000000) %}x{% endfor %}"})


class TestWait:
    @pytest.mark.parametrize("value", ["10:30", "00:00", "23:59:59", "", None])
    def test_times_of_day(self, value: str | None) -> None:
        config = validate_config(ActionType.WAIT, {"until_time": value}).model_dump()
        assert config["until_time"] == (value or None)

    @pytest.mark.parametrize("value", ["25:00", "ten", "10:30Z", "10:30+05:30", 5, "10:30:99"])
    def test_what_is_no_time_of_day(self, value: Any) -> None:
        with pytest.raises(Invalid):
            validate_config(ActionType.WAIT, {"until_time": value})

    @pytest.mark.parametrize("minutes", [-1, float("nan"), float("inf"), 60 * 24 * 366, "soon", None])
    def test_what_is_no_duration(self, minutes: Any) -> None:
        with pytest.raises(Invalid):
            validate_config(ActionType.WAIT, {"duration_minutes": minutes})

    @THOROUGH
    @given(
        st.fixed_dictionaries(
            {},
            optional={
                "duration_minutes": st.one_of(st.floats(), st.integers(), st.text(max_size=4), st.booleans()),
                "duration_seconds": st.one_of(st.floats(), st.integers(), st.text(max_size=4)),
                "until_time": st.one_of(st.none(), st.times().map(time.isoformat), st.text(max_size=6)),
                "wait_until_business_hours": st.one_of(st.booleans(), st.sampled_from(["yes", "false", 0, 1])),
            },
        )
    )
    def test_every_wait_that_is_accepted_ends_and_not_before_it_begins(self, config: dict[str, Any]) -> None:
        try:
            stored = validate_config(ActionType.WAIT, config).model_dump(mode="json")
        except Invalid:
            return
        definition = flow({"action_type": "wait", "action_config": stored})
        until, _ = wait_end(definition.actions[0], definition, policy(), NOW)
        assert until >= NOW
