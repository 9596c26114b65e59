"""What channels offer: voice agents, numbers, templates; and the bodies that make and change them by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from autoflows.services.views.bodies import Body, Trimmed
from autoflows.services.views.masking import View


class ItemView(View):
    """What every catalogue item has. Its `id` is what an action's config names; `label` is how pickers show it."""

    id: UUID
    channel_id: UUID
    channel_name: str
    label: str
    origin: Literal["synced", "manual"]
    is_active: bool
    synced_at: datetime | None
    created_at: datetime
    updated_at: datetime


class AgentView(ItemView):
    """An AI voice agent."""

    name: str
    provider_agent_id: str


class PhoneNumberView(ItemView):
    """A caller id, E.164."""

    phone_number: str


class WhatsAppNumberView(ItemView):
    """A WhatsApp sender."""

    provider_number_id: str
    display_number: str
    verified_name: str


class WhatsAppTemplateView(ItemView):
    """A message template; only an `APPROVED` one can be sent."""

    name: str
    language: str
    status: str
    category: str
    body: str
    variables: list[str]
    named_parameters: bool


class EmailTemplateView(ItemView):
    """Subject, HTML and text of a mail, in Liquid."""

    name: str
    subject: str
    html: str
    text: str


class NewAgent(Trimmed):
    """POST /api/agents."""

    channel_id: UUID
    name: str = Field(min_length=1, max_length=255)
    provider_agent_id: str = Field(min_length=1, max_length=100)


class AgentChange(Trimmed):
    """PATCH /api/agents/{id}."""

    name: str | None = Field(default=None, min_length=1, max_length=255)
    provider_agent_id: str | None = Field(default=None, min_length=1, max_length=100)
    is_active: bool | None = None


class NewPhoneNumber(Trimmed):
    """POST /api/phone-numbers."""

    channel_id: UUID
    phone_number: str = Field(min_length=1, max_length=60, examples=["+918035735900"])
    label: str = Field(default="", max_length=100)


class PhoneNumberChange(Trimmed):
    """PATCH /api/phone-numbers/{id}."""

    phone_number: str | None = Field(default=None, min_length=1, max_length=60)
    label: str | None = Field(default=None, max_length=100)
    is_active: bool | None = None


class NewWhatsAppNumber(Trimmed):
    """POST /api/whatsapp-numbers."""

    channel_id: UUID
    provider_number_id: str = Field(pattern=r"^\d{1,100}$", description="Meta's phone number id, digits")
    display_number: str = Field(default="", max_length=40)
    verified_name: str = Field(default="", max_length=255)


class WhatsAppNumberChange(Trimmed):
    """PATCH /api/whatsapp-numbers/{id}."""

    provider_number_id: str | None = Field(default=None, pattern=r"^\d{1,100}$")
    display_number: str | None = Field(default=None, max_length=40)
    verified_name: str | None = Field(default=None, max_length=255)
    is_active: bool | None = None


class NewWhatsAppTemplate(Trimmed):
    """POST /api/whatsapp-templates. `variables` are read from the body's {{1}} or {{name}} when left out."""

    channel_id: UUID
    name: str = Field(min_length=1, max_length=512)
    language: str = Field(default="en", min_length=1, max_length=20)
    category: str = Field(default="", max_length=40)
    body: str = Field(min_length=1, max_length=4096)
    variables: list[str] | None = Field(default=None, max_length=100)


class WhatsAppTemplateChange(Trimmed):
    """PATCH /api/whatsapp-templates/{id}."""

    name: str | None = Field(default=None, min_length=1, max_length=512)
    language: str | None = Field(default=None, min_length=1, max_length=20)
    category: str | None = Field(default=None, max_length=40)
    body: str | None = Field(default=None, min_length=1, max_length=4096)
    variables: list[str] | None = Field(default=None, max_length=100)
    is_active: bool | None = None


class NewEmailTemplate(Body):
    """POST /api/email-templates. One of `html` and `text` is needed."""

    channel_id: UUID
    name: str = Field(min_length=1, max_length=255)
    subject: str = Field(min_length=1, max_length=998)
    html: str = Field(default="", max_length=200_000)
    text: str = Field(default="", max_length=200_000)


class EmailTemplateChange(Body):
    """PATCH /api/email-templates/{id}."""

    channel_id: UUID | None = None
    name: str | None = Field(default=None, min_length=1, max_length=255)
    subject: str | None = Field(default=None, min_length=1, max_length=998)
    html: str | None = Field(default=None, max_length=200_000)
    text: str | None = Field(default=None, max_length=200_000)
    is_active: bool | None = None
