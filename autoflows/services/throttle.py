"""Token buckets in memory: how many tries somebody has before they must wait. Each process counts for itself."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MAX_KEYS = 20_000
"""Buckets kept; the ones not used for longest are dropped first, which forgets only what a flood of keys costs."""


class Buckets:
    """One bucket per key: `capacity` tries at once, then one more every `refill_seconds`."""

    def __init__(self, capacity: int, refill_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.capacity = capacity
        self.refill_seconds = refill_seconds
        self._clock = clock
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> int:
        """Use one try of `key`: 0 if there was one, else the whole seconds until there is."""
        now = self._clock()
        level, since = self._levels.pop(key, (float(self.capacity), now))
        level = min(self.capacity, level + (now - since) / self.refill_seconds)
        allowed = level >= 1
        self._levels[key] = (level - 1 if allowed else level, now)
        while len(self._levels) > MAX_KEYS:
            self._levels.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - level) * self.refill_seconds))

    def give_back(self, key: Hashable) -> None:
        """Undo one `take` of `key`, for a try that turned out to be no guess."""
        level, since = self._levels.get(key, (float(self.capacity), self._clock()))
        self._levels[key] = (min(self.capacity, level + 1), since)

    def forget(self, key: Hashable) -> None:
        """Give `key` a full bucket again."""
        self._levels.pop(key, None)

    def clear(self) -> None:
        """Forget every key."""
        self._levels.clear()
