"""What of an account's settings is needed to read a lead or a search: kept for a moment, since each of them asks."""

from __future__ import annotations

import time
from uuid import UUID

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import NotSignedIn
from autoflows.engine.pool import get_pool
from autoflows.services.access import open_to

SETTINGS_SECONDS = 5.0
"""How old an account's settings may be; only the default country is read from them here."""

_settings: dict[UUID, tuple[float, AccountSettings]] = {}


@open_to("services")
async def account_settings(account_id: UUID) -> AccountSettings:
    """An account's settings, at most `SETTINGS_SECONDS` old. Raises NotSignedIn if the account is gone."""
    now = time.monotonic()
    cached = _settings.get(account_id)
    if cached is not None and now - cached[0] < SETTINGS_SECONDS:
        return cached[1]
    pool = await get_pool()
    stored = await pool.fetchval("SELECT settings FROM users WHERE id = $1", account_id)
    if stored is None:
        raise NotSignedIn("This account does not exist any more.")
    if len(_settings) > 10_000:
        _settings.clear()
    settings = AccountSettings.model_validate(stored)
    _settings[account_id] = (now, settings)
    return settings
