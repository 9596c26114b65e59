"""Raising and resolving notices: one open row per account, kind and subject, however often the fault is seen.

Both are one statement in the caller's transaction, so a notice is there exactly if what it tells of was committed. Both give what to
publish after the commit, like every change of the engine: `batch.changes += await raise_notice(...)`.
"""

from __future__ import annotations

from uuid import UUID

from autoflows.domain.notices import MAX_DETAIL, MAX_TITLE
from autoflows.engine.live import LiveChange
from autoflows.engine.pool import Connection
from autoflows.ids import new_id

# Seen again within a minute in the same words, it is not written: neither row nor lock is touched, so a busy path may raise at will.
# The lock that is only tried lets nobody wait for another's first sight of the same fault.
RAISE = """
INSERT INTO notifications AS n (id, user_id, kind, subject, severity, title, detail, href, count, first_at, last_at)
SELECT $1::uuid, $2::uuid, $3::varchar, $4::varchar, $5::varchar, $6::varchar, $7::varchar, $8::varchar, 1, t, t
FROM clock_timestamp() AS t
WHERE NOT EXISTS (
    SELECT 1 FROM notifications o WHERE o.user_id = $2 AND o.kind = $3 AND o.subject = $4 AND o.resolved_at IS NULL
      AND o.severity = $5 AND o.title = $6 AND o.last_at > t - interval '60 seconds')
  AND pg_try_advisory_xact_lock(hashtextextended($2::text || $3 || $4, 0))
ON CONFLICT (user_id, kind, subject) WHERE resolved_at IS NULL DO UPDATE SET
  count = n.count + 1, last_at = excluded.last_at, severity = excluded.severity, title = excluded.title, detail = excluded.detail,
  href = excluded.href
RETURNING n.id
"""
RESOLVE = """
UPDATE notifications SET resolved_at = clock_timestamp()
WHERE user_id = $1 AND kind = $2 AND subject = $3 AND resolved_at IS NULL RETURNING id
"""


async def raise_notice(
    connection: Connection, account_id: UUID, kind: str, subject: str, severity: str, title: str, detail: str, href: str
) -> list[LiveChange]:
    """Tell the team of a fault, once while it is open: seen again, it counts one more, at most once a minute unless its title changed.

    Gives what to publish after the commit; nothing if nothing was written. `domain.notices.say` makes everything from the kind on.
    """
    texts = (_text(subject, 255), severity, _text(title, MAX_TITLE), _text(detail, MAX_DETAIL), _text(href, 500))
    written = await connection.fetchval(RAISE, new_id(), account_id, str(kind), *texts)
    return [_change(account_id)] if written else []


async def resolve(connection: Connection, account_id: UUID, kind: str, subject: str) -> list[LiveChange]:
    """The cause is gone: close the open notice, if there is one. Gives what to publish after the commit."""
    closed = await connection.fetchval(RESOLVE, account_id, str(kind), _text(subject, 255))
    return [_change(account_id)] if closed else []


def _change(account_id: UUID) -> LiveChange:
    return LiveChange(account_id, kind="notification")


def _text(value: str, limit: int) -> str:
    """Text that PostgreSQL takes whatever a provider said: a notice must never break the transaction it is raised in."""
    return value.encode("utf-8", "replace").decode().replace("\x00", "")[:limit]
