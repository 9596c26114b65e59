"""Who takes which lead before and after: the same answer as matching gives one by one, and cheap enough to be asked while dragging."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain import conditions as conditions_of_leads
from autoflows.domain import impact
from autoflows.domain.account import AccountSettings
from autoflows.domain.analyse import Ranked
from autoflows.domain.conditions import Lead
from autoflows.domain.flow import FlowDefinition, TriggerCondition
from autoflows.domain.impact import Leads, overlaps, shifts, untaken
from autoflows.domain.matching import Candidate, History, match
from tests.domain.build import NOW
from tests.domain.made import conditions, short
from tests.domain.settings import THOROUGH

tags = st.lists(short, max_size=2).map(tuple)
custom = st.dictionaries(short, short | st.integers(0, 9), max_size=2)
people = st.builds(Lead, short, st.sampled_from(["api", "email"]), name=short, company=short, tags=tags, custom_fields=custom)
triggers = st.lists(st.lists(conditions(), max_size=2), max_size=5)


def ranked(flows: list[list[TriggerCondition]]) -> list[Ranked]:
    return [Ranked(UUID(int=n), f"Flow {n}", n, trigger) for n, trigger in enumerate(flows, 1)]


def winner(lead: Lead, flows: list[Ranked]) -> UUID | None:
    candidates = [
        Candidate(f.flow_id or UUID(int=0), f.name, place, FlowDefinition(name=f.name, conditions=list(f.conditions)))
        for place, f in enumerate(flows)
    ]
    account = AccountSettings(cooldown_minutes=0)
    found = match(lead, candidates, History(), account, None, None, frozenset(), NOW)
    return next((UUID(t["flow_id"]) for t in found.trace if t["matched"]), None)


@THOROUGH
@given(st.lists(people, max_size=6), triggers, st.data())
def test_it_says_what_matching_says(leads: list[Lead], made: list[list[TriggerCondition]], data: st.DataObject) -> None:
    before = ranked(made)
    after = data.draw(st.permutations(before))
    sample = Leads(leads)
    shares = sample.share_out(before)
    assert sum(s.bit_count() for s in shares) == len(leads)
    for place, lead in enumerate(leads):
        (at,) = [n for n, share in enumerate(shares) if share >> place & 1]
        assert winner(lead, before) == (before[at].flow_id if at < len(before) else None)
    moved = Counter((winner(lead, before), winner(lead, after)) for lead in leads)
    expected = {pair: n for pair, n in moved.items() if pair[0] != pair[1]}
    assert {(s.before and s.before.flow_id, s.after and s.after.flow_id): s.leads for s in shifts(sample, before, after)} == expected


IM = TriggerCondition.model_validate({"condition_type": "lead_source", "condition_value": "IndiaMART"})
VIP = TriggerCondition.model_validate({"condition_type": "tag", "condition_value": "vip"})


def test_a_flow_that_loses_its_trigger_gives_its_leads_to_the_next_and_to_nobody() -> None:
    leads = Leads(
        [Lead("IndiaMART", "api", tags=("vip",)), Lead("IndiaMART", "api"), Lead("Web", "api"), Lead("Fair", "api", tags=("vip",))]
    )
    first, second = ranked([[IM], [VIP]])
    narrowed = Ranked(first.flow_id, "First", 1, [])
    told = [(s.before and s.before.name, s.after and s.after.name, s.leads) for s in shifts(leads, [first, second], [narrowed, second])]
    assert sorted(told, key=str) == [("Flow 1", "Flow 2", 1), ("Flow 1", None, 1)]
    assert shifts(leads, [first, second], [first, second]) == []
    assert [(o.first.name, o.second.name, o.leads) for o in overlaps(leads, [first, second])] == [("Flow 1", "Flow 2", 1)]
    assert untaken(leads, [first, second]) == {"Web": 1}
    assert untaken(leads, []) == {"IndiaMART": 2, "Web": 1, "Fair": 1}
    assert Leads([]).share_out([first]) == [0, 0]


def test_each_condition_is_compared_once_with_each_distinct_value(monkeypatch: pytest.MonkeyPatch) -> None:
    leads = [Lead(f"Source {n % 40}", "api", name=f"Person {n}", tags=(f"t{n % 7}",), custom_fields={"qty": n}) for n in range(5000)]
    kinds = [
        {"condition_type": "custom_field", "condition_field": "qty", "condition_operator": "greater_than"},
        {"condition_type": "contact_field", "condition_field": "name", "condition_operator": "contains"},
    ]
    flows = ranked(
        [[TriggerCondition.model_validate({**kinds[n % 2], "condition_value": str(n * 10)}), IM, VIP][: 1 + n % 3] for n in range(20)]
    )
    asked: list[object] = []

    def counted(*what: Any) -> bool:
        asked.append(what)
        return conditions_of_leads.compare_folded(*what)

    monkeypatch.setattr(impact, "compare_folded", counted)
    assert shifts(Leads(leads), flows, flows[::-1])
    sources, tags, values = 40, 7, 5000
    assert len(asked) == sources + tags + 20 * values, "however many flows ask it, and in both orders"
