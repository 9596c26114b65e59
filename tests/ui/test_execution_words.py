"""What can be done to an execution and what was, in sentences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from autoflows.services.views.executions import CostView
from autoflows.services.views.story import ActView
from autoflows.ui.execution_head import head_of
from autoflows.ui.execution_words import act_in_words, cancel_in_words, cancelled_in_words, retry_in_words
from autoflows.ui.timeline import timeline
from tests.ui.runs import NOW, ORIGIN, PLAN, log, run, story


def test_a_cancel_says_what_it_does_at_this_moment() -> None:
    assert cancel_in_words(run("completed"), []) == ""
    assert cancel_in_words(run(waiting="Flow hours"), []).startswith("It waits, and the wait ends: nothing more is sent")
    assert cancel_in_words(run(), [log(2, "wait", "running")]).startswith("It waits, and the wait ends")
    assert cancel_in_words(run(), []).startswith("Its next step has not begun, and never will")
    assert cancel_in_words(run(), [log(1, "ai_call", "running")]).startswith("Step 1 is going out at this moment")
    queued = log(1, "ai_call", "running", provider_ref="c-1", result_data={"status": "queued"})
    assert "stands in the provider's queue" in cancel_in_words(run(), [queued])
    talking = log(1, "ai_call", "running", provider_ref="c-1", result_data={"status": "in-progress"})
    assert cancel_in_words(run(), [talking]).startswith("The call of step 1 is in progress. It goes on to its end")


def test_what_came_of_a_cancel_is_told() -> None:
    assert cancelled_in_words([]) == "Nothing more is sent. What was sent already stays sent."
    dropped = log(1, "ai_call", "cancelled", result_data={"stopped_at_provider": True})
    assert cancelled_in_words([dropped]) == "Its call was dropped from the provider's queue. Nothing more is sent."
    begun = log(1, "ai_call", "running", result_data={"stopped_at_provider": False})
    assert cancelled_in_words([begun]).startswith("Its call had begun and goes on.")
    assert cancelled_in_words([log(1, "ai_call", "running")]).startswith("Its call may have begun; the provider is asked to drop it.")
    assert cancelled_in_words([log(3, "email", "running")]).startswith("Step 3 was going out and may still reach the contact.")


def retry(status: str, *logs: Any, **values: Any) -> tuple[str, str]:
    execution = run(status, **values)
    told = retry_in_words(execution, PLAN, logs, timeline(story(execution, logs), {}))
    return told.text, told.problem


def test_a_retry_says_from_which_step() -> None:
    assert retry("running", log(1, "ai_call", "failed")) == ("", "")
    assert retry("failed", log(1, "ai_call", "failed"), is_test_run=True) == ("", "")
    text, problem = retry(
        "failed", log(1, "ai_call", "success", outcome="answered"), log(3, "email", "failed"), log(3, "email", "failed", 2)
    )
    assert text.startswith("It goes on from step 3 (E-mail). Its attempts surely failed, so it is made once more")
    assert text.endswith("Nothing that was sent is sent again.")
    assert problem == ""
    both, _ = retry("failed", log(1, "ai_call", "failed"), log(3, "email", "failed"))
    assert both.startswith("It goes on from step 1: step 1 (AI call) and step 3 (E-mail) surely failed and are made once more")
    none, _ = retry("failed", log(2, "wait", "failed"))
    assert none.startswith("No step surely failed, so none is made again")


def test_what_is_in_the_way_of_a_retry_is_told() -> None:
    _, problem = retry("failed", log(1, "ai_call", "unknown"), log(3, "email", "failed"))
    assert problem.startswith("What became of step 1 is unknown.")
    execution = run("failed")
    assert retry_in_words(execution, None, [], []).problem.startswith("What is stored of this version")


@pytest.mark.parametrize(
    ("act", "text", "said"),
    [
        ({"act": "enrolled"}, "Started it by hand", ""),
        ({"act": "moved", "version": 3}, "Moved it to version 3 by publishing that", ""),
        ({"act": "cancelled", "reason": "Sold"}, "Cancelled it", "Sold"),
        ({"act": "cancelled", "reason": "Cancelled by Meera"}, "Cancelled it", ""),
        ({"act": "cancelled_many", "reason": "Wrong", "count": 1201}, "Cancelled it together with 1,200 others", "Wrong"),
        ({"act": "cancelled_many", "count": 2}, "Cancelled it together with 1 other", ""),
        ({"act": "cancelled_many", "count": 1}, "Cancelled it by a filter", ""),
        ({"act": "cancelled_by_publish", "version": 2, "count": 5}, "Cancelled it by publishing version 2", ""),
        ({"act": "retried", "steps": [1, 3]}, "Had steps 1 and 3 tried again", ""),
        ({"act": "retried_many", "steps": [3], "count": 40}, "Had step 3 tried again together with 39 others", ""),
        ({"act": "retried"}, "Had it go on", ""),
        ({"act": "resolved", "steps": [1], "status": "success", "outcome": "missed", "note": "Billed"},
         "Said that step 1 reached them (missed)", "Billed"),
        ({"act": "resolved", "steps": [3], "status": "failed"}, "Said that step 3 did not reach them", ""),
    ],
)  # fmt: skip
def test_acts_are_sentences(act: dict[str, Any], text: str, said: str) -> None:
    line = act_in_words(ActView(at=NOW, actor_name="Meera", **act))
    assert (line.text, line.said, line.by) == (text, said, "Meera")
    assert line.icon


def test_the_head_tells_origin_clock_and_cost() -> None:
    ended = run("completed", completed_at=NOW + timedelta(minutes=2), speed_to_lead_ms=4200, speed_to_conversation_ms=9000)
    costs = [CostView(amount=450, currency="INR"), CostView(amount=12, currency="USD")]
    head = head_of(story(ended, [], costs=costs), "Asia/Kolkata")
    assert (head.lead_source, head.zone_text, head.lead_zone) == ("IndiaMART · API", "Asia/Kolkata, from the phone number", "Asia/Kolkata")
    assert (head.cost, head.speed, head.conversation, head.duration) == ("4.50 INR + 0.12 USD", "4.2 s", "9.0 s", "2 min")
    many = ORIGIN.model_copy(update={"zones": ["A/1", "A/2", "A/3", "A/4", "A/5"], "zone_origin": "address and phone"})
    spread = head_of(story(run(), [], origin=many), "UTC")
    assert spread.zone_text == "A/1, A/2, A/3 and 2 more, from the address and from the phone number"
    assert spread.lead_zone == ""
    by_hand = ORIGIN.model_copy(update={"lead_source": "manual", "entry_type": None})
    assert head_of(story(run(), [], origin=by_hand), "UTC").lead_source == "By hand"
