"""Suppressions: who must not be contacted, as shown and as sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from autoflows.domain.people import mask_email, mask_phone
from autoflows.services.views.bodies import Trimmed
from autoflows.services.views.bulk import BulkItemError
from autoflows.services.views.masking import Mask, View, as_is

Channel = Literal["all", "call", "whatsapp", "sms", "email"]


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


def mask_address(address: str | None) -> str | None:
    """An e-mail address or a phone number as viewers see it."""
    return mask_email(address) if address and "@" in address else mask_phone(address)


class SuppressionView(View):
    """No contact to an address, by one channel or by all."""

    id: UUID
    address: str | None = Field(description="null once the person was erased; the address is still known when it comes again")
    channel: str = Field(examples=["all"])
    reason: str = Field(description="opt_out, unsubscribe, provider, complaint, manual or erasure", examples=["opt_out"])
    detail: str = Field(description="what the person wrote, the provider said or the team noted")
    sentence: str = Field(examples=["Suppressed: the person opted out (STOP) on 24 Nov 2026"])
    contact_id: UUID | None = Field(description="the person, where they said so themselves")
    created_by_name: str | None = Field(description="who of the team added it")
    created_at: datetime

    personal: ClassVar[dict[str, Mask]] = {"address": mask_address, "channel": as_is, "reason": as_is, "sentence": as_is}


class SuppressionCreate(Trimmed):
    """Body of POST. `address` is a phone number in any way of writing, or an e-mail address."""

    address: Annotated[str, StringConstraints(min_length=1, max_length=320), AfterValidator(_storable)] = Field(
        examples=["+91 98765 00001"]
    )
    channel: Channel = Field(default="all", description="what is closed; calls, whatsapp and sms need a phone number")
    detail: Annotated[str, StringConstraints(max_length=500), AfterValidator(_storable)] = Field(
        default="", description="why, for the team", examples=["Asked on the phone"]
    )


class SuppressionItemView(View):
    """One address's result, in the order of the request."""

    index: int
    status: int = Field(description="201 added, 200 was on the list, 422 refused")
    error: BulkItemError | None = None


class SuppressionBulkView(View):
    """The answer to a list of addresses."""

    added: int
    known: int
    refused: int
    results: list[SuppressionItemView]


class UnsubscribeView(View):
    """What an unsubscribe page says: who writes, and to whom (masked)."""

    account_name: str
    address: str

    personal: ClassVar[dict[str, Any]] = {"address": mask_email}
