"""Events come twice, late, in any order and against each other; what is known of an attempt only ever grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.evidence import Attempted, weigh
from autoflows.domain.executions import LOG_TRANSITIONS, LogStatus
from autoflows.domain.outcomes import MESSAGE_RANK, CallOutcome, ErrorClass, EventKind, MessageState, ProviderEvent
from tests.domain.settings import THOROUGH

OUT = Attempted(LogStatus.RUNNING)
DECISIVE = [o for o in CallOutcome if o is not CallOutcome.UNKNOWN]


def ended(outcome: CallOutcome | None, *, terminal: bool = True, error: ErrorClass | None = None, **data: object) -> ProviderEvent:
    return ProviderEvent("e", EventKind.CALL, call_outcome=outcome, terminal=terminal, error_class=error, data=data)


def told(state: MessageState | None, *, reply: bool = False, error: ErrorClass | None = None) -> ProviderEvent:
    return ProviderEvent("e", EventKind.REPLY if reply else EventKind.MESSAGE, message_state=state, error_class=error)


def after(attempted: Attempted, events: Sequence[ProviderEvent]) -> Attempted:
    for event in events:
        change = weigh(attempted, event)
        attempted = Attempted(
            change.status or attempted.status, change.outcome or attempted.outcome, change.message_state or attempted.message_state
        )
    return attempted


CALLS = st.builds(ended, st.sampled_from([None, *CallOutcome]), terminal=st.booleans(), error=st.sampled_from([None, *ErrorClass]))
MESSAGES = st.builds(told, st.sampled_from([None, *MessageState]), reply=st.booleans(), error=st.sampled_from([None, *ErrorClass]))
STARTS = st.builds(
    Attempted,
    st.sampled_from(LogStatus),
    st.sampled_from([None, *CallOutcome]),
    st.sampled_from([None, *MessageState]),
)


@THOROUGH
@given(STARTS, st.one_of(CALLS, MESSAGES))
def test_moves_are_legal_and_never_back(start: Attempted, event: ProviderEvent) -> None:
    change = weigh(start, event)
    assert change.status is None or change.status in LOG_TRANSITIONS[start.status] | {start.status}
    if change.outcome is not None:
        assert start.outcome in (None, CallOutcome.UNKNOWN)
        assert event.terminal
    if change.message_state is not None and start.message_state is not None:
        assert MESSAGE_RANK[change.message_state] > MESSAGE_RANK[start.message_state]
    assert bool(change.note) != change.wakes, "whatever changes nothing says why, and nothing else wakes"
    assert change.error_class is not ErrorClass.TRANSIENT, "what a provider tells later is never a reason to send again"


@THOROUGH
@given(STARTS, st.one_of(CALLS, MESSAGES))
def test_the_same_event_twice_is_the_event_once(start: Attempted, event: ProviderEvent) -> None:
    once = after(start, [event])
    assert not weigh(once, event).wakes
    assert after(once, [event]) == once


@THOROUGH
@given(st.lists(MESSAGES, max_size=8), st.data())
def test_messages_in_any_order_end_alike(events: list[ProviderEvent], data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([OUT, Attempted(LogStatus.UNKNOWN), Attempted(LogStatus.SUCCESS, None, MessageState.SENT)]))
    shuffled = data.draw(st.permutations([*events, *data.draw(st.lists(st.sampled_from(events), max_size=3) if events else st.just([]))]))
    end = after(start, events)
    assert after(start, shuffled) == end
    if end.message_state is not None:
        assert end.status is (LogStatus.FAILED if end.message_state is MessageState.FAILED else LogStatus.SUCCESS)


@THOROUGH
@given(st.lists(CALLS.filter(lambda e: not e.terminal or e.call_outcome in (None, CallOutcome.UNKNOWN)), max_size=6), st.data())
def test_calls_in_any_order_end_alike(noise: list[ProviderEvent], data: st.DataObject) -> None:
    """Progress and unknowns before, after and between: the one word that decides is what remains."""
    outcome = data.draw(st.sampled_from(DECISIVE))
    events = data.draw(st.permutations([*noise, ended(outcome), ended(outcome)]))
    end = after(data.draw(st.sampled_from([OUT, Attempted(LogStatus.UNKNOWN, CallOutcome.UNKNOWN)])), events)
    assert end.outcome is outcome
    assert end.status is (LogStatus.FAILED if outcome is CallOutcome.FAILED else LogStatus.SUCCESS)


@pytest.mark.parametrize("first", DECISIVE)
@pytest.mark.parametrize("second", DECISIVE)
def test_the_first_decisive_word_stands(first: CallOutcome, second: CallOutcome) -> None:
    end = after(OUT, [ended(first), ended(second)])
    assert end.outcome is first
    change = weigh(after(OUT, [ended(first)]), ended(second, transcript="hello"))
    assert change.note
    assert change.data == ({"transcript": "hello"} if first is second else {})


@pytest.mark.parametrize("outcome", CallOutcome)
def test_an_unknown_may_be_named_late(outcome: CallOutcome) -> None:
    end = after(Attempted(LogStatus.UNKNOWN, CallOutcome.UNKNOWN), [ended(outcome)])
    assert end.outcome is outcome


def test_a_provider_that_does_not_know_either_leaves_it_unknown() -> None:
    end = after(OUT, [ended(CallOutcome.UNKNOWN)])
    assert end == Attempted(LogStatus.UNKNOWN, CallOutcome.UNKNOWN)
    assert after(end, [ended(CallOutcome.BUSY)]) == Attempted(LogStatus.SUCCESS, CallOutcome.BUSY)


@pytest.mark.parametrize("outcome", CallOutcome)
def test_an_outcome_stands_against_a_refusal(outcome: CallOutcome) -> None:
    """A provider that said no and called all the same: believing the refusal would call the person again."""
    end = after(Attempted(LogStatus.FAILED), [ended(outcome)])
    assert end.outcome is outcome


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.DELIVERED, MessageState.READ])
def test_a_message_on_its_way_stands_against_a_refusal(state: MessageState) -> None:
    assert after(Attempted(LogStatus.FAILED), [told(state)]) == Attempted(LogStatus.SUCCESS, None, state)


def test_delivered_after_failed_was_delivered() -> None:
    assert after(OUT, [told(MessageState.FAILED)]).status is LogStatus.FAILED
    assert after(OUT, [told(MessageState.FAILED), told(MessageState.DELIVERED)]).status is LogStatus.SUCCESS
    assert after(OUT, [told(MessageState.DELIVERED), told(MessageState.FAILED)]).message_state is MessageState.DELIVERED


def test_an_accepted_message_may_still_bounce() -> None:
    accepted = Attempted(LogStatus.SUCCESS, None, MessageState.SENT)
    change = weigh(accepted, replace(told(MessageState.FAILED, error=ErrorClass.LEAD), error_code="131026"))
    assert (change.status, change.error_class, change.error_code) == (LogStatus.FAILED, ErrorClass.LEAD, "131026")


def test_progress_is_shown_and_decides_nothing() -> None:
    change = weigh(OUT, ended(None, terminal=False, status="ringing"))
    assert (change.status, change.data, change.wakes) == (None, {"status": "ringing"}, False)
    assert weigh(after(OUT, [ended(CallOutcome.BUSY)]), ended(None, terminal=False, status="ringing")).data == {}


@pytest.mark.parametrize("kind", [EventKind.TEMPLATE, EventKind.OTHER])
def test_other_news_changes_no_attempt(kind: EventKind) -> None:
    change = weigh(OUT, ProviderEvent("e", kind, call_outcome=CallOutcome.ANSWERED, terminal=True))
    assert (change.status, change.wakes) == (None, False)


@pytest.mark.parametrize("status", [LogStatus.SKIPPED, LogStatus.CANCELLED])
def test_what_was_never_sent_stays_so(status: LogStatus) -> None:
    assert after(Attempted(status), [ended(CallOutcome.ANSWERED)]).status is status
    assert after(Attempted(status), [told(MessageState.DELIVERED)]).status is status


@THOROUGH
@given(st.sampled_from([LogStatus.SUCCESS, LogStatus.FAILED]), st.lists(st.one_of(CALLS, MESSAGES), max_size=6))
def test_what_a_person_said_stands_against_whatever_is_told_later(said: LogStatus, events: list[ProviderEvent]) -> None:
    call = CallOutcome.ANSWERED if said is LogStatus.SUCCESS else CallOutcome.FAILED
    attempted = Attempted(said, call, resolved=True)
    for event in events:
        change = weigh(attempted, event)
        assert change.status in (None, said)
        assert change.outcome in (None, call)
        attempted = replace(attempted, message_state=change.message_state or attempted.message_state)


def test_a_contradiction_of_a_person_says_so_and_a_reply_is_still_heard() -> None:
    gave_up = Attempted(LogStatus.FAILED, message_state=MessageState.FAILED, resolved=True)
    assert weigh(gave_up, told(MessageState.DELIVERED)).note == "A person had said failed; this says success"
    reply = weigh(gave_up, told(None, reply=True))
    assert (reply.status, reply.message_state, reply.wakes) == (None, MessageState.REPLIED, True)
    reached = Attempted(LogStatus.SUCCESS, message_state=MessageState.SENT, resolved=True)
    assert weigh(reached, told(MessageState.FAILED)).note
    assert weigh(reached, told(MessageState.READ)).message_state is MessageState.READ
