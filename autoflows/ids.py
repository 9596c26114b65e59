"""Fresh ids and the present moment: the two things a row needs that are not in the request. Light, so that a worker starts quickly."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh id: UUID version 7 (RFC 9562), so that ids of one table sort by the time they were made."""
    return uuid7()


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
