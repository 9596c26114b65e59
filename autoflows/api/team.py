"""The people of the account."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.services import team
from autoflows.services.pages import Page
from autoflows.services.views.team import MemberCreate, MemberUpdate, MemberView

router = APIRouter(prefix="/team", tags=["Team"])


@router.get("", summary="List members")
async def list_members(actor: CurrentActor, session: Transaction, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[MemberView]:
    """Everybody of the account, the owner first."""
    return await team.list_members(actor, session, limit=limit, cursor=cursor)


@router.post("", status_code=201, summary="Add a member")
async def add_member(actor: CurrentActor, session: Transaction, body: MemberCreate) -> MemberView:
    """Makes a member who can sign in with the given password at once."""
    return await team.add_member(actor, session, body)


@router.patch("/{member_id}", summary="Change a member")
async def update_member(actor: CurrentActor, session: Transaction, member_id: UUID, body: MemberUpdate) -> MemberView:
    """Changes name, role or password, deactivates or brings back. The owner keeps the role and cannot be deactivated (409)."""
    return await team.update_member(actor, session, member_id, body)


@router.delete("/{member_id}", status_code=204, summary="Deactivate a member")
async def deactivate_member(actor: CurrentActor, session: Transaction, member_id: UUID) -> None:
    """Ends a membership: the member's sessions and tokens stop working. `PATCH` with `is_active` true brings them back."""
    await team.deactivate_member(actor, session, member_id)
