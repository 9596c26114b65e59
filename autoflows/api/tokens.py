"""API tokens."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.services import tokens
from autoflows.services.pages import Page
from autoflows.services.views.tokens import TokenCreate, TokenCreated, TokenView

router = APIRouter(prefix="/tokens", tags=["API tokens"])


@router.get("", summary="List tokens")
async def list_tokens(actor: CurrentActor, session: Transaction, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[TokenView]:
    """The account's tokens that work, newest first; never their secrets."""
    return await tokens.list_tokens(actor, session, limit=limit, cursor=cursor)


@router.post("", status_code=201, summary="Make a token")
async def add_token(actor: CurrentActor, session: Transaction, body: TokenCreate) -> TokenCreated:
    """Makes a token that acts as you, within its scopes. Its secret is in this answer and nowhere else."""
    return await tokens.add_token(actor, session, body)


@router.delete("/{token_id}", status_code=204, summary="Revoke a token")
async def revoke_token(actor: CurrentActor, session: Transaction, token_id: UUID) -> None:
    """Ends a token, within five seconds everywhere."""
    await tokens.revoke_token(actor, session, token_id)
