"""The limits of one batch: read under the lock that makes them exact, kept in memory while its executions take from them, written back.

Accounts that limit nothing, and whose channels all work, cost one query here and take no lock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from datetime import time as wall_clock
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from autoflows.domain import queues
from autoflows.domain.capacity import Allowance, BreakerState, Health, Limits, Lines, Rate
from autoflows.domain.flow import Action, ActionType
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.domain.hours import instant_of
from autoflows.engine.pool import Connection

if TYPE_CHECKING:
    from autoflows.engine.runs import Run

SET_PACE = "INSERT INTO paces (key, next_at) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET next_at = excluded.next_at"
USE = """
INSERT INTO usage_counters (key, day, used) VALUES ($1, $2, $3)
ON CONFLICT (key, day) DO UPDATE SET used = usage_counters.used + excluded.used
"""
PROBE_OUT = "UPDATE channels SET breaker_state = 'probing', breaker_until = $2 WHERE id = $1 AND breaker_state <> 'closed'"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

Charge = tuple[UUID, date, int]
"""What an attempt used of a daily allowance: whose, on which day, how much."""


@dataclass(slots=True)
class Channel:
    """A channel as limits see it: how many calls at once, contacts a minute and a day, and its circuit breaker."""

    id: UUID
    name: str
    lines: int | None
    per_minute: int | None
    per_day: int | None
    state: BreakerState
    until: datetime | None
    reason: str

    @property
    def limited(self) -> bool:
        """Whether it holds anything back but calls beyond its lines."""
        return self.per_minute is not None or self.per_day is not None or self.state is not BreakerState.CLOSED


Place = tuple[datetime, UUID]
"""Since when an execution waits, and its id."""


@dataclass(slots=True)
class Queue:
    """Who stands where: fresh leads before bulk ones, each kind in the order in which they began to wait."""

    fresh: list[Place] = field(default_factory=list)
    bulk: list[Place] = field(default_factory=list)

    def ahead(self, run: Run, place: Place) -> int:
        """How many stand before this execution, or would if it joined now."""
        return bisect_left(self.bulk, place) + len(self.fresh) if run.bulk else bisect_left(self.fresh, place)

    def leave(self, run: Run, place: Place) -> None:
        """It stands here no more."""
        mine = self.bulk if run.bulk else self.fresh
        at = bisect_left(mine, place)
        if mine[at : at + 1] == [place]:
            del mine[at]

    def join(self, run: Run, place: Place) -> None:
        """It stands here from now on, at the place it has by the time it waits already."""
        mine = self.bulk if run.bulk else self.fresh
        at = bisect_left(mine, place)
        if mine[at : at + 1] != [place]:
            mine.insert(at, place)


class _LimitsOf(Mapping[int, Limits]):
    """The limits of one execution's actions, worked out for those that are asked about."""

    def __init__(self, capacity: Capacity, run: Run) -> None:
        self._capacity, self._run = capacity, run
        self._known: dict[int, Limits] = {}

    def __getitem__(self, order: int) -> Limits:
        if order not in self._known:
            self._known[order] = self._capacity.limits(self._run, self._run.definition.action(order))
        return self._known[order]

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, len(self) + 1))

    def __len__(self) -> int:
        return len(self._run.definition.actions)


class Capacity:
    """What the executions of one batch may still take. Each decision sees what those before it took."""

    def __init__(self, now: datetime, probe_time: timedelta) -> None:
        self.now, self.probe_time = now, probe_time
        self.carriers: dict[UUID, Mapping[int, UUID]] = {}
        self.channels: dict[UUID, Channel] = {}
        self.in_use: Counter[UUID] = Counter()
        self.next_at: dict[UUID, datetime] = {}
        self.used: Counter[UUID] = Counter()
        self.queues: dict[str, Queue] = {}
        self.recent: dict[UUID, list[datetime]] = {}
        self.limited: set[UUID] = set()
        self._paced: set[UUID] = set()
        self._charged: Counter[tuple[UUID, date]] = Counter()
        self._probes: set[UUID] = set()

    def channel_id(self, run: Run, action: Action) -> UUID | None:
        """The channel that carries an action, if what it names is there."""
        return self.carriers[run.version_id].get(action.action_order)

    def _channel(self, run: Run, action: Action) -> Channel | None:
        channel_id = self.channel_id(run, action)
        return self.channels.get(channel_id) if channel_id is not None else None

    def limits(self, run: Run, action: Action) -> Limits:
        """All that limits one action of an execution now."""
        if action.action_type not in CHANNEL_OF_ACTION:
            return Limits()
        channel = self._channel(run, action)
        return Limits(
            self._health(run, channel),
            self._lines(run, channel) if action.action_type is ActionType.AI_CALL else (),
            self._rates(run, channel),
            self._allowances(run, channel, action),
        )

    def _ahead(self, queue: str, run: Run) -> int:
        return self.queues[queue].ahead(run, self._place(run)) if queue in self.queues else 0

    def _place(self, run: Run) -> Place:
        return run.policy.parked_at or self.now, run.id

    def _health(self, run: Run, channel: Channel | None) -> Health | None:
        if channel is None or channel.state is BreakerState.CLOSED:
            return None
        queue = queues.channel_queue(channel.id)
        return Health(f"The channel '{channel.name}'", queue, channel.state, channel.until, channel.reason, self._ahead(queue, run))

    def _lines(self, run: Run, channel: Channel | None) -> tuple[Lines, ...]:
        found = []
        if run.account.max_concurrent_calls is not None:
            found.append(("The account", run.account_id, run.account.max_concurrent_calls))
        if channel is not None and channel.lines is not None:
            found.append((f"'{channel.name}'", channel.id, channel.lines))
        return tuple(
            Lines(owner, queue := queues.line_queue(key), limit, self.in_use[key], self._ahead(queue, run), run.bulk)
            for owner, key, limit in found
        )

    def _rates(self, run: Run, channel: Channel | None) -> tuple[Rate, ...]:
        found = []
        if channel is not None and channel.per_minute is not None:
            found.append((f"The channel '{channel.name}'", channel.id, channel.per_minute, MINUTE))
        if run.definition.max_contacts_per_hour is not None:
            found.append((f"The flow '{run.flow_name}'", run.flow_id, run.definition.max_contacts_per_hour, HOUR))
        return tuple(self._rate(run, *one) for one in found)

    def _rate(self, run: Run, owner: str, key: UUID, limit: int, period: timedelta) -> Rate:
        queue = queues.rate_queue(key)
        rate = Rate(owner, queue, limit, period, self.next_at.get(key, self.now), self._ahead(queue, run))
        if (next_at := rate.bounded(self.now)) != rate.next_at:
            self.next_at[key], rate = next_at, replace(rate, next_at=next_at)
            self._paced.add(key)
        return rate

    def _allowances(self, run: Run, channel: Channel | None, action: Action) -> tuple[Allowance, ...]:
        found = []
        if channel is not None and channel.per_day is not None:
            found.append((f"Daily quota of '{channel.name}'", channel.id, channel.per_day, 1))
        if run.account.daily_budget is not None:
            price = run.account.prices.get(action.action_type, 0)
            found.append(("Daily budget", run.account_id, run.account.daily_budget, price))
        if not found:
            return ()
        zone = ZoneInfo(run.policy.account_zone)
        midnight = instant_of(self.today(run) + DAY, wall_clock(0), zone)
        return tuple(
            Allowance(owner, queue := queues.quota_queue(key), limit, self.used[key], midnight, cost, self._ahead(queue, run))
            for owner, key, limit, cost in found
        )

    def today(self, run: Run) -> date:
        """The date in the account's zone."""
        return self.now.astimezone(ZoneInfo(run.policy.account_zone)).date()

    def prepare(self, run: Run) -> None:
        """Give the execution's policy what it may take now."""
        if run.account_id in self.limited:
            run.policy = replace(run.policy, limits=_LimitsOf(self, run))
        if run.contact_id in self.recent:
            run.policy = replace(run.policy, recent_contacts=tuple(self.recent[run.contact_id]))

    def take(self, run: Run, action: Action) -> tuple[tuple[Charge, ...], bool]:
        """An attempt will be made: count what it uses. Gives its charges, and whether it is the probe of a channel that was held."""
        if run.contact_id in self.recent and action.action_type in CHANNEL_OF_ACTION:
            self.recent[run.contact_id].append(self.now)
        if run.account_id not in self.limited:
            return (), False
        limits, channel = self.limits(run, action), self._channel(run, action)
        if action.action_type is ActionType.AI_CALL:
            self.in_use.update({key: 1 for key in (run.account_id, channel.id if channel else None) if key is not None})
        for rate in limits.rates:
            key = channel.id if channel and rate.queue == queues.rate_queue(channel.id) else run.flow_id
            self.next_at[key] = rate.taken(self.now)
            self._paced.add(key)
        charges = []
        for allowance in limits.allowances:
            key = channel.id if channel and allowance.queue == queues.quota_queue(channel.id) else run.account_id
            self.used[key] += allowance.cost
            charges.append((key, self.today(run), allowance.cost))
            self._charged[key, self.today(run)] += allowance.cost
        probe = channel is not None and limits.health is not None
        if probe and channel is not None:
            channel.state, channel.until = BreakerState.PROBING, self.now + self.probe_time
            self._probes.add(channel.id)
        return tuple(charges), probe

    def stand(self, run: Run, queue: str | None) -> None:
        """The execution stands in this queue from now on, and in no other."""
        for name, known in self.queues.items():
            if name != queue:
                known.leave(run, self._place(run))
        if queue in self.queues:
            self.queues[queue].join(run, self._place(run))

    async def write(self, connection: Connection) -> None:
        """What was taken, in the transaction that took it."""
        if self._paced:
            await connection.executemany(SET_PACE, [(key, self.next_at[key]) for key in sorted(self._paced)])
        if self._charged:
            await connection.executemany(USE, [(key, day, amount) for (key, day), amount in sorted(self._charged.items())])
        for channel_id in sorted(self._probes):
            await connection.execute(PROBE_OUT, channel_id, self.channels[channel_id].until)


async def refund(connection: Connection, charges: Iterable[Charge]) -> None:
    """Give back what attempts had been charged that the provider surely did not make."""
    back: Counter[tuple[UUID, date]] = Counter()
    for key, day, amount in charges:
        back[key, day] -= amount
    if back:
        await connection.executemany(USE, [(key, day, amount) for (key, day), amount in sorted(back.items())])
