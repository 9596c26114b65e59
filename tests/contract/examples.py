"""One channel and one message per provider: what the contract tests need to know about each. A new provider adds its own here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from autoflows.providers.base import CallRequest, EmailMessageRequest, TemplateMessage

ATTEMPT = UUID("018f0000-0000-7000-8000-000000000001")


@dataclass(frozen=True)
class Example:
    """`settings` are completed with the address of a test server: `base_url`, or `host` and `port`."""

    credentials: dict[str, Any]
    settings: dict[str, Any]
    message: Any
    webhook: dict[str, Any] | None = None

    def settings_at(self, port: int) -> dict[str, Any]:
        if "from_email" in self.settings:
            return {**self.settings, "host": "127.0.0.1", "port": port}
        return {**self.settings, "base_url": f"http://127.0.0.1:{port}"}


EXAMPLES = {
    "bolna": Example(
        {"api_key": "bn-key"},
        {},
        CallRequest(ATTEMPT, "agent-1", "+919876500001", "+918035700001", {"name": "Asha"}),
        {
            "id": "b7140255-af33-4608-8e97-04dd944b8e48",
            "agent_id": "5bc97541-e320-4d95-a3a5-242cfe45621d",
            "batch_id": None,
            "status": "completed",
            "conversation_duration": 27.2,
            "total_cost": 4.1,
            "error_message": None,
            "answered_by_voice_mail": False,
            "transcript": "assistant: Hello\nuser: Hi",
            "extracted_data": {"General": {"Call Summary": {"subjective": "wants a price"}}},
            "created_at": "2026-11-22T10:00:00Z",
            "updated_at": "2026-11-22T10:03:00Z",
            "telephony_data": {"duration": "28", "to_number": "+919876500001", "hangup_reason": "Call recipient hungup"},
            "context_details": {"recipient_data": {"autoflows_attempt_id": str(ATTEMPT)}, "recipient_phone_number": "+919876500001"},
        },
    ),
    "whatsapp_cloud": Example(
        {"access_token": "token", "app_secret": "secret", "verify_token": "verify", "waba_id": "1"},
        {},
        TemplateMessage(ATTEMPT, "106", "+919876500001", "lead_welcome", "en", {"1": "Asha"}),
        {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "id": "1",
                    "time": 1764000000,
                    "changes": [
                        {
                            "field": "messages",
                            "value": {
                                "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106"},
                                "contacts": [{"profile": {"name": "Asha"}, "wa_id": "919876500001", "user_id": "IN.1"}],
                                "statuses": [
                                    {
                                        "id": "wamid.1",
                                        "status": "failed",
                                        "timestamp": "1764000000",
                                        "recipient_id": "919876500001",
                                        "biz_opaque_callback_data": str(ATTEMPT),
                                        "pricing": {"billable": True, "category": "marketing"},
                                        "errors": [{"code": 131049, "title": "t", "error_data": {"details": "d"}}],
                                    }
                                ],
                                "messages": [
                                    {
                                        "from": "919876500001",
                                        "id": "wamid.2",
                                        "timestamp": "1764000100",
                                        "type": "interactive",
                                        "interactive": {"type": "button_reply", "button_reply": {"id": "b", "title": "Yes"}},
                                        "context": {"id": "wamid.1"},
                                    }
                                ],
                            },
                        },
                        {
                            "field": "message_template_status_update",
                            "value": {"event": "PAUSED", "message_template_id": 9, "message_template_name": "lead_welcome"},
                        },
                        {
                            "field": "user_preferences",
                            "value": {"user_preferences": [{"wa_id": "919876500001", "value": "stop", "timestamp": 1764000000}]},
                        },
                    ],
                }
            ],
        },
    ),
    "smtp": Example(
        {"username": "", "password": ""},
        {"security": "none", "from_email": "hello@example.com"},
        EmailMessageRequest(ATTEMPT, "asha@example.com", "Hello", "<p>Hello</p>", "Hello"),
    ),
}
