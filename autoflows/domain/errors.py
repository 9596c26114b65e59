"""The one tree of errors a user can meet. `api/errors.py` presents it as problem+json, `ui` as toasts.

Each class fixes the HTTP status and what the caller should do; the message is a sentence written for the user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong value: a JSON pointer into the request (`/actions/0/action_config/agent_id`) and what to do about it."""

    pointer: str
    detail: str


class AutoflowsError(Exception):
    """Root of the tree. `status` is the HTTP status, `title` the short name of the class of problem."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, *, errors: list[FieldError] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []


class Malformed(AutoflowsError):
    """The request cannot be read at all."""

    status = 400
    title = "Malformed request"


class NotSignedIn(AutoflowsError):
    """No valid session or token."""

    status = 401
    title = "Not signed in"


class Forbidden(AutoflowsError):
    """Known who it is; the role or the token's scopes do not allow it."""

    status = 403
    title = "Not allowed"


class NotFound(AutoflowsError):
    """Not there, or another account's."""

    status = 404
    title = "Not found"


class Conflict(AutoflowsError):
    """Well-formed, but the state of things does not allow it now."""

    status = 409
    title = "Conflict"


class TooLarge(AutoflowsError):
    """The body is larger than the limit."""

    status = 413
    title = "Too large"


class Invalid(AutoflowsError):
    """Values that cannot be used; `errors` names each field and the fix."""

    status = 422
    title = "Invalid values"


class TooManyRequests(AutoflowsError):
    """Over a rate limit; `retry_after` is in seconds."""

    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(AutoflowsError):
    """A part we depend on (database, provider) does not answer; trying again later is right."""

    status = 503
    title = "Temporarily unavailable"
