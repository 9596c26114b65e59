"""API tokens: made, shown once, revoked."""

from __future__ import annotations

from typing import Any

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.permissions import ALL_SCOPES, Permission
from autoflows.services import tokens
from autoflows.services.views.tokens import TokenCreate
from autoflows.ui.states.base import Base, PageState, id_of, text_of


class TokenRow(BaseModel):
    """A token in the list."""

    id: str
    name: str
    prefix: str
    scopes: str
    user_name: str
    created_at: Any
    last_used_at: Any


class TokensState(PageState, Base):
    """The account's tokens. `secret` holds a new one until its dialog is closed."""

    rows: list[TokenRow] = []
    scope_choices: list[str] = []
    form_open: bool = False
    secret: str = ""

    def _close_dialogs(self) -> None:
        self.form_open, self.secret = False, ""

    async def _load(self) -> None:
        found = await self._service(tokens.list_tokens, limit=200)
        self.rows = [
            TokenRow(
                id=str(token.id),
                name=token.name,
                prefix=f"{token.prefix}…",
                scopes="Everything its person may do" if ALL_SCOPES in token.scopes else ", ".join(token.scopes),
                user_name=token.user_name,
                created_at=token.created_at,
                last_used_at=token.last_used_at,
            )
            for token in found.data
        ]
        self.scope_choices = [scope.value for scope in Permission if scope.value in self.me.permissions]

    @rx.event
    def set_form_open(self, is_open: bool):
        """Open the form empty; closing it forgets the secret that was shown."""
        self.form_open = bool(is_open)
        self.secret, self.problems = "", {}

    @rx.event
    async def save(self, form: dict[str, Any]):
        """Make the token and show its secret, this once."""
        chosen = [scope for scope in self.scope_choices if form.get(f"scope-{scope}")]
        scopes = [ALL_SCOPES] if form.get("scope-all") else chosen
        with self._problems_of():
            if not scopes:
                raise Invalid("A token needs a scope.", errors=[FieldError("/scopes", "choose at least one")])
            made = await self._service(tokens.add_token, TokenCreate(name=text_of(form.get("name") or "", 200), scopes=scopes))
            self.secret = made.token
            await self._load()

    @rx.event
    async def revoke(self, token_id: str):
        """End a token."""
        await self._service(tokens.revoke_token, id_of(token_id))
        await self._load()
        return rx.toast.success("The token no longer works")
