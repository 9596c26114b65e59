"""What is kept under `AUTOFLOWS_SECRET_KEY`: channel credentials at rest (JSON sealed with Fernet, AES-128-CBC + HMAC-SHA256), and keyed
hashes of addresses, by which a person is known again whose address is not stored any more.

The setting may hold several keys, comma-separated: the first seals and hashes, all open and find, so a key can be changed without downtime.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from autoflows.domain.errors import AutoflowsError
from autoflows.settings import get_settings


class SealBroken(AutoflowsError):
    """Sealed with another key than this process has."""

    title = "Credentials cannot be read"


def _secrets(setting: str) -> list[str]:
    return [part.strip() for part in setting.split(",") if part.strip()]


@lru_cache(maxsize=4)
def _fernet(secret: str) -> MultiFernet:
    keys = _secrets(secret)
    if not keys:
        raise SealBroken("AUTOFLOWS_SECRET_KEY is not set, so channel credentials can be neither stored nor read")
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys])


@lru_cache(maxsize=4)
def _address_secrets(setting: str) -> list[bytes]:
    return [hashlib.sha256(b"autoflows address key\0" + key.encode()).digest() for key in _secrets(setting)]


def seal(credentials: dict[str, Any]) -> str:
    """Encrypt credentials for the database."""
    return _fernet(get_settings().secret_key).encrypt(json.dumps(credentials).encode()).decode()


def unseal(sealed: str) -> dict[str, Any]:
    """Decrypt them again. Raises SealBroken when the secret key is not the one they were sealed with."""
    try:
        return dict(json.loads(_fernet(get_settings().secret_key).decrypt(sealed.encode())))
    except InvalidToken:
        raise SealBroken("The channel's credentials were sealed with another AUTOFLOWS_SECRET_KEY; enter them again") from None


def address_keys(account_id: UUID, address: str) -> list[str]:
    """The keyed hashes (HMAC-SHA256, hex) that a normalised address of an account may be stored under; the first is the present one.

    Without a secret key there are none: nothing was stored then, either.
    """
    told = account_id.bytes + address.encode()
    return [hmac.digest(secret, told, "sha256").hex() for secret in _address_secrets(get_settings().secret_key)]


def address_key(account_id: UUID, address: str) -> str:
    """The one to store. Raises SealBroken without a secret key."""
    keys = address_keys(account_id, address)
    if not keys:
        raise SealBroken("AUTOFLOWS_SECRET_KEY is not set, so no suppression can be stored")
    return keys[0]
