"""`/api/suppressions`: who must not be contacted."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.domain.errors import FieldError, Invalid, Malformed
from autoflows.services import suppressions
from autoflows.services.pages import Page
from autoflows.services.views.suppressions import SuppressionBulkView, SuppressionCreate, SuppressionView

router = APIRouter(prefix="/suppressions", tags=["Suppressions"])

LIST_EXAMPLE = [{"address": "+91 98765 00001"}, {"address": "asha@example.com", "channel": "email", "detail": "Asked on the phone"}]
CSV = {"text/csv": {"schema": {"type": "string"}, "example": "address,channel,detail\n+91 98765 00001,all,Asked on the phone\n"}}
Word = Annotated[str, Query(max_length=40)]


@router.get("", summary="List suppressions")
async def list_suppressions(
    actor: CurrentActor,
    session: Transaction,
    search: Annotated[str, Query(max_length=255, description="an e-mail address, or a phone number in any way of writing")] = "",
    channel: Word = "",
    reason: Word = "",
    contact_id: Annotated[UUID | None, Query(description="only what is closed for this contact")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SuppressionView]:
    """Newest first. Opt-outs by a word, unsubscribes, providers' words and what the team added."""
    return await suppressions.list_suppressions(
        actor, session, search=search, channel=channel, reason=reason, contact_id=contact_id, limit=limit, cursor=cursor
    )


@router.post("", status_code=201, summary="Suppress an address")
async def add_suppression(actor: CurrentActor, session: Transaction, body: SuppressionCreate) -> SuppressionView:
    """Whatever waits for the person is ended at once. 409 if the address is on the list already."""
    return await suppressions.add_suppression(actor, session, body)


@router.post("/bulk", summary="Suppress up to 1,000 addresses", openapi_extra={"requestBody": {"content": CSV}})
async def add_suppressions(
    actor: CurrentActor,
    session: Transaction,
    body: Annotated[Any, Body(description='a list, `{"suppressions": [...]}`, or CSV as `text/csv`', examples=[LIST_EXAMPLE])],
) -> SuppressionBulkView:
    """Each address is added or refused by itself; the results are in the order of the addresses."""
    items = body.get("suppressions") if isinstance(body, dict) and set(body) == {"suppressions"} else body
    if isinstance(items, bytes):
        items = suppressions.parse_csv(_text(items))
    if not isinstance(items, list):
        raise Invalid("The addresses are missing.", errors=[FieldError("", 'send a list, {"suppressions": [...]}, or CSV as text/csv')])
    return await suppressions.add_suppressions(actor, session, items)


@router.delete("/{suppression_id}", status_code=204, summary="Remove a suppression")
async def remove_suppression(actor: CurrentActor, session: Transaction, suppression_id: UUID) -> None:
    """Flows may contact the address again. Nothing that was ended starts by it."""
    await suppressions.remove_suppression(actor, session, suppression_id)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Malformed("The CSV text is not UTF-8; save it as UTF-8 and send it again.") from None
