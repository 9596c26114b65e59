"""What the world has received: exact counts for ever, details of the latest only."""

from __future__ import annotations

from collections import Counter, deque
from datetime import UTC, datetime
from typing import Any


def now_iso() -> str:
    """The present UTC time as vendors write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Received:
    """One kind of contact (calls, messages or e-mails) that was acted on, counted by our attempt id and by person."""

    def __init__(self, keep: int) -> None:
        self.total = 0
        self.by_attempt: Counter[str] = Counter()
        self.by_person: Counter[str] = Counter()
        self.latest: deque[dict[str, Any]] = deque(maxlen=keep)

    def add(self, attempt: str | None, person: str, **details: Any) -> dict[str, Any]:
        """Count one contact; returns its detail row, which the caller keeps up to date."""
        self.total += 1
        if attempt:
            self.by_attempt[attempt] += 1
        self.by_person[person] += 1
        row = {"at": now_iso(), "attempt_id": attempt, "person": person, **details}
        self.latest.append(row)
        return row

    def report(self, limit: int | None = None, counts: bool = True) -> dict[str, Any]:
        """Counts, and the latest `limit` details (None = all that are kept), newest first."""
        twice = [attempt for attempt, times in self.by_attempt.items() if times > 1] if counts else []
        maps = {"by_attempt": dict(self.by_attempt), "by_person": dict(self.by_person), "attempts_twice": twice} if counts else {}
        return {"total": self.total, "people": len(self.by_person), **maps, "items": list(reversed(self.latest))[:limit]}
