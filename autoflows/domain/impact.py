"""What a change of triggers or of priorities means for leads that came: which flow takes each of them before and after. Pure.

Only triggers and priorities are asked: whether a gate (cooldown, do-not-call, hours) would have held a lead up is another question.
A set of leads is one integer, a bit for each lead, so that thousands of leads against hundreds of flows cost milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from autoflows.domain.analyse import Conditions, Ranked
from autoflows.domain.conditions import Lead, compare_folded, fold, values_of
from autoflows.domain.flow import TriggerCondition, TriggerType

LeadSet = int


class Leads:
    """Leads that came, each condition compared once with each distinct value that they have."""

    def __init__(self, leads: Sequence[Lead]) -> None:
        self.leads = leads
        self._values: dict[tuple[TriggerType, str | None], dict[tuple[str, ...], LeadSet]] = {}
        self._met: dict[TriggerCondition, LeadSet] = {}

    @property
    def all(self) -> LeadSet:
        """Every one of them."""
        return (1 << len(self.leads)) - 1

    def take(self, conditions: Conditions) -> LeadSet:
        """Those that meet all of the conditions; none without conditions."""
        return reduce(and_, map(self._meet, conditions)) if conditions else 0

    def _meet(self, condition: TriggerCondition) -> LeadSet:
        if condition not in self._met:
            groups = self._group(condition.condition_type, condition.condition_field)
            operator, wanted = condition.condition_operator, fold(condition.condition_value)
            self._met[condition] = sum(leads for values, leads in groups.items() if compare_folded(operator, values, wanted))
        return self._met[condition]

    def _group(self, kind: TriggerType, field: str | None) -> dict[tuple[str, ...], LeadSet]:
        if (kind, field) not in self._values:
            groups: dict[tuple[str, ...], LeadSet] = {}
            for place, lead in enumerate(self.leads):
                values = tuple(fold(value) for value in values_of(lead, kind, field))
                groups[values] = groups.get(values, 0) | 1 << place
            self._values[kind, field] = groups
        return self._values[kind, field]

    def share_out(self, flows: Sequence[Ranked]) -> list[LeadSet]:
        """The leads that each flow wins; `flows` are in order of priority. Last, those that none takes."""
        won: list[LeadSet] = []
        left = self.all
        for flow in flows:
            won.append(self.take(flow.conditions) & left)
            left &= ~won[-1]
        return [*won, left]


@dataclass(frozen=True, slots=True)
class Shift:
    """So many leads go from one flow to another; None: no flow takes them."""

    before: Ranked | None
    after: Ranked | None
    leads: int


def shifts(leads: Leads, before: Sequence[Ranked], after: Sequence[Ranked]) -> list[Shift]:
    """Who loses leads to whom, the largest shift first. Both are in order of priority; a flow is the same by its id."""
    found = []
    ends = [list(zip([*flows, None], leads.share_out(flows), strict=True)) for flows in (before, after)]
    for old, had in ends[0]:
        for new, has in ends[1] if had else ():
            if _key(old) != _key(new) and (count := (had & has).bit_count()):
                found.append(Shift(old, new, count))
    return sorted(found, key=lambda shift: -shift.leads)


def _key(flow: Ranked | None) -> object:
    return ("none",) if flow is None else flow.flow_id


@dataclass(frozen=True, slots=True)
class Overlap:
    """So many leads meet the triggers of both; `first` has the higher priority and takes them, unless one before it does."""

    first: Ranked
    second: Ranked
    leads: int


def overlaps(leads: Leads, flows: Sequence[Ranked]) -> list[Overlap]:
    """Every two flows that leads meet both of, the largest overlap first; `flows` are in order of priority."""
    taken = [(flow, leads.take(flow.conditions)) for flow in flows]
    found = [
        Overlap(first, second, count)
        for place, (first, mine) in enumerate(taken)
        for second, theirs in taken[place + 1 :]
        if (count := (mine & theirs).bit_count())
    ]
    return sorted(found, key=lambda overlap: -overlap.leads)


def untaken(leads: Leads, flows: Iterable[Ranked]) -> dict[str, int]:
    """How many leads of each source no flow takes, most first."""
    left = leads.all & ~reduce(or_, (leads.take(flow.conditions) for flow in flows), 0)
    counts: dict[str, int] = {}
    for place, lead in enumerate(leads.leads):
        if left >> place & 1:
            counts[lead.lead_source] = counts.get(lead.lead_source, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
