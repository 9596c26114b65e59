"""The team: who may sign in, and as what."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.permissions import Role
from autoflows.services import team
from autoflows.services.views.team import MemberCreate, MemberUpdate, MemberView
from autoflows.ui.states.base import Base, PageState, choice_of, id_of, text_of

MEMBER_ROLES = (Role.ADMIN, Role.MANAGER, Role.VIEWER)


class TeamState(PageState, Base):
    """Everybody of the account, and the form that adds or changes one."""

    rows: list[MemberView] = []
    form_open: bool = False
    member_id: str = ""
    name: str = ""
    email: str = ""
    role: str = Role.VIEWER

    def _close_dialogs(self) -> None:
        self.form_open = False

    async def _load(self) -> None:
        self.rows = (await self._service(team.list_members, limit=200)).data

    @rx.event
    def add(self):
        """An empty form."""
        self.member_id = self.name = self.email = ""
        self.role, self.problems, self.form_open = Role.VIEWER.value, {}, True

    @rx.event
    def edit(self, member_id: str):
        """The form with a member's values."""
        for row in self.rows:
            if str(row.id) == member_id:
                self.member_id, self.name, self.email, self.role = str(row.id), row.name, row.email, str(row.role)
                self.problems, self.form_open = {}, True

    @rx.event
    def set_form_open(self, is_open: bool):
        """Close the form."""
        self.form_open = bool(is_open)

    @rx.event
    async def save(self, form: dict[str, Any]):
        """Add or change a member."""
        password = form.get("password") or None
        with self._problems_of():
            role = choice_of(form.get("role"), MEMBER_ROLES, default=self.role)
            values: dict[str, Any] = {"name": text_of(form.get("name") or "", 400), "password": password}
            if self.member_id:
                if role != self.role:
                    values["role"] = role
                await self._service(team.update_member, id_of(self.member_id), MemberUpdate.model_validate(values))
            else:
                values |= {"email": text_of(form.get("email") or "", 400), "role": role, "password": password or ""}
                await self._service(team.add_member, MemberCreate.model_validate(values))
            self.form_open = False
            await self._load()
            return rx.toast.success("Saved", description="They can sign in with this password." if password else "")
        return None

    @rx.event
    async def set_active(self, member_id: str, is_active: bool):
        """End a membership at once, or bring it back."""
        await self._service(team.update_member, id_of(member_id), MemberUpdate(is_active=is_active is True))
        await self._load()
        return rx.toast.success("They can sign in again" if is_active is True else "They are signed out everywhere")
