"""Passwords: what is asked of one, and Argon2id in a thread so that no request waits for another's."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from autoflows.domain.errors import FieldError, Invalid
from autoflows.services.access import open_to

MIN_LENGTH = 10
MAX_LENGTH = 200

# OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, 2 iterations, 1 lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def check_password(password: str, email: str, pointer: str = "/password") -> None:
    """Raise Invalid, naming the fix, unless the password may be used by the person with this e-mail address."""
    if len(password) < MIN_LENGTH:
        problem = f"must have at least {MIN_LENGTH} characters; a few words in a row are easy to remember"
    elif len(password) > MAX_LENGTH:
        problem = f"must have at most {MAX_LENGTH} characters"
    elif len(set(password)) < 4:
        problem = "is too easy to guess; use more different characters"
    elif password.strip().lower() == email.strip().lower():
        problem = "must not be the e-mail address"
    else:
        return
    raise Invalid("This password cannot be used.", errors=[FieldError(pointer, problem)])


@open_to("services")
async def hash_password(password: str) -> str:
    """The hash to store; about 20 ms of one core, off the event loop."""
    return await asyncio.to_thread(_hasher.hash, password)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash("the password of nobody")


def _matches(password_hash: str | None, password: str) -> bool:
    try:
        # Someone unknown costs what someone known costs, so that the time tells nothing.
        return _hasher.verify(password_hash or _nobody(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@open_to("services")
async def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; None (no such user) takes as long and is False."""
    return await asyncio.to_thread(_matches, password_hash, password)


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)
