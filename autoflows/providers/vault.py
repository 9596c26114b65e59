"""Channel credentials at rest: JSON sealed with Fernet (AES-128-CBC + HMAC-SHA256) under `AUTOFLOWS_SECRET_KEY`.

The setting may hold several keys, comma-separated: the first seals, all open, so a key can be changed without downtime.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from autoflows.domain.errors import AutoflowsError
from autoflows.settings import get_settings


class SealBroken(AutoflowsError):
    """Sealed with another key than this process has."""

    title = "Credentials cannot be read"


@lru_cache(maxsize=4)
def _fernet(secret: str) -> MultiFernet:
    keys = [part.strip() for part in secret.split(",") if part.strip()]
    if not keys:
        raise SealBroken("AUTOFLOWS_SECRET_KEY is not set, so channel credentials can be neither stored nor read")
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys])


def seal(credentials: dict[str, Any]) -> str:
    """Encrypt credentials for the database."""
    return _fernet(get_settings().secret_key).encrypt(json.dumps(credentials).encode()).decode()


def unseal(sealed: str) -> dict[str, Any]:
    """Decrypt them again. Raises SealBroken when the secret key is not the one they were sealed with."""
    try:
        return dict(json.loads(_fernet(get_settings().secret_key).decrypt(sealed.encode())))
    except InvalidToken:
        raise SealBroken("The channel's credentials were sealed with another AUTOFLOWS_SECRET_KEY; enter them again") from None
