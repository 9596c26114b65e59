"""What an account has set for all its flows. Kept on the owner's user row, which is the account."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import col, select

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import Invalid
from autoflows.domain.holidays import holiday_problems
from autoflows.domain.permissions import Permission
from autoflows.domain.queues import account_queue
from autoflows.engine import control
from autoflows.ids import utc_now
from autoflows.models import User
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, open_to, requires
from autoflows.services.after_commit import after_commit
from autoflows.services.validation import invalid
from autoflows.services.views.settings import SettingsView

log = logging.getLogger(__name__)


@open_to("services")
async def account_rules(actor: Actor, session: AsyncSession) -> SettingsView:
    """The account's settings for what acts in its name, whoever asks."""
    return settings_of((await session.exec(select(User).where(col(User.id) == actor.account_id))).one())


@open_to("services")
async def account_settings(session: AsyncSession, account_id: UUID) -> AccountSettings:
    """The account's settings alone, as the engine takes them."""
    raw = (await session.exec(select(User.settings).where(col(User.id) == account_id))).one()
    return AccountSettings.model_validate(raw)


def settings_of(owner: User) -> SettingsView:
    """An owner's row as the account's settings."""
    return SettingsView.model_validate(
        {**owner.settings, "default_business_hours": owner.default_business_hours, "timezone": owner.timezone}
    )


@requires(Permission.SETTINGS_READ)
async def get_settings(actor: Actor, session: AsyncSession) -> SettingsView:
    """The account's settings."""
    return await account_rules(actor, session)


@requires(Permission.SETTINGS_WRITE)
async def update_settings(actor: Actor, session: AsyncSession, changes: Mapping[str, Any]) -> SettingsView:
    """Merge `changes` into the settings: what is not named stays; inside an object (hours, prices) null takes a key away.

    Raises Invalid naming each wrong value; then nothing is changed. What waits under the old rules is looked at again afterwards.
    """
    owner = (await session.exec(select(User).where(col(User.id) == actor.account_id).with_for_update(key_share=True))).one()
    before = settings_of(owner)
    merged = merge(before.model_dump(mode="json"), changes)
    try:
        after = SettingsView.model_validate(merged)
    except ValidationError as error:
        raise invalid(error) from None
    if wrong := holiday_problems(after):
        raise Invalid("Some values cannot be used.", errors=wrong)
    if after == before:
        return after
    owner.settings = after.model_dump(mode="json", include=set(AccountSettings.model_fields))
    owner.default_business_hours = after.default_business_hours.model_dump(mode="json") if after.default_business_hours else None
    owner.timezone = after.timezone
    owner.updated_at = utc_now()
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    changed = {key: {"from": old[key], "to": new[key]} for key in new if old[key] != new[key]}
    audit.record(session, actor, "settings.updated", "account", actor.account_id, **changed)
    after_commit(session, lambda: _wake(actor.account_id, set(changed)))
    return after


async def _wake(account_id: UUID, changed: set[str]) -> None:
    """Look again at what waits: after the kill switch alone those it held, which stand in the account's own queue, else everything."""
    if changed == {"kill_switch"}:
        await control.wake_queue(account_id, account_queue(account_id))
    else:
        await control.wake_account(account_id)


def merge(current: Any, changes: Any) -> Any:
    """JSON merge patch (RFC 7396), but a null at the top is a value: it means "none", not "back to what it was"."""
    return {**current, **{key: _merged(current.get(key), value) for key, value in changes.items()}}


def _merged(current: Any, change: Any) -> Any:
    if not isinstance(change, Mapping):
        return change
    base = dict(current) if isinstance(current, Mapping) else {}
    for key, value in change.items():
        if value is None:
            base.pop(key, None)
        else:
            base[key] = _merged(base.get(key), value)
    return base
