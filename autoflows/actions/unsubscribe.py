"""The link by which a person stops e-mails without signing in (RFC 8058). It holds account and address, sealed."""

from __future__ import annotations

from uuid import UUID

from autoflows.providers.vault import SealBroken, seal, unseal
from autoflows.settings import get_settings

PATH = "/api/unsubscribe/"
LONGEST = 2000


def unsubscribe_url(account_id: UUID, address: str) -> str | None:
    """The link for the mails of an account to an address; None where nobody outside could open it."""
    settings = get_settings()
    if not settings.is_reachable:
        return None
    return f"{settings.public_url}{PATH}{seal({'unsubscribe': [account_id.hex, address]}).rstrip('=')}"


def read_token(token: str) -> tuple[UUID, str] | None:
    """The account and the address in a link's last part, or None if we did not make it."""
    if not token.isascii() or len(token) > LONGEST:
        return None
    try:
        account, address = unseal(token + "=" * (-len(token) % 4))["unsubscribe"]
        return UUID(hex=account), str(address)
    except (SealBroken, KeyError, ValueError, TypeError):
        return None
