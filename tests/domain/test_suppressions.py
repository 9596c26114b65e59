"""What is closed for a person: at the gate, in a wait, at enrolment, and how it is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from autoflows.domain import decisions as d
from autoflows.domain.decide import decide
from autoflows.domain.gate_context import Policy
from autoflows.domain.leads import Disposition
from autoflows.domain.suppressions import CHANNELS, Suppressed, SuppressionReason, closing, fits
from tests.domain.build import ASHA, NOW, call, flow, log, mail, policy, situation, wait, whatsapp
from tests.domain.test_gates import asked, blocked
from tests.domain.test_matching import ANY, ORDER, candidate, gates_of, matched

LATE = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # the 24th in Kolkata
STOPPED = Suppressed("all", SuppressionReason.OPT_OUT, LATE, "STOP")
SAID = "Suppressed: the person opted out (STOP) on 24 Nov 2026"
NO_MAIL = Suppressed("email", SuppressionReason.UNSUBSCRIBE, LATE)


def closed(*suppressed: Suppressed) -> Policy:
    return replace(policy(), suppressed=suppressed)


def test_the_date_is_told_in_the_accounts_zone() -> None:
    assert STOPPED.sentence("Asia/Kolkata") == SAID
    assert STOPPED.sentence("UTC").endswith("on 23 Nov 2026")
    assert NO_MAIL.sentence("UTC") == "Suppressed for e-mail: the person unsubscribed on 23 Nov 2026"


@pytest.mark.parametrize("reason", list(SuppressionReason))
@pytest.mark.parametrize("channel", CHANNELS)
def test_every_reason_is_said_and_fits_its_column(reason: SuppressionReason, channel: str) -> None:
    said = Suppressed(channel, reason, LATE, "x" * 500).sentence("Asia/Kolkata")
    assert said.startswith("Suppressed")
    assert len(said) <= 255
    assert ("xxx" in said) == (reason is SuppressionReason.OPT_OUT)  # notes of the team stay on its list


def test_all_closes_every_channel_and_one_closes_its_own() -> None:
    assert closing([NO_MAIL, STOPPED], "email") == STOPPED
    assert closing([NO_MAIL], "email") == NO_MAIL
    assert closing([NO_MAIL], "call") is None
    assert closing([NO_MAIL]) is None
    assert [fits(channel, is_email=True) for channel in CHANNELS] == [True, False, False, False, True]
    assert [fits(channel, is_email=False) for channel in CHANNELS] == [True, True, True, True, False]


def test_the_gate_says_no_for_good() -> None:
    for action in (call(), whatsapp(), mail()):
        verdict = asked(flow(action), policy=closed(STOPPED))
        assert verdict.block is not None
        assert (verdict.block.gate, verdict.block.detail, verdict.block.next_allowed_at) == ("dnc", SAID, None)
    assert blocked(asked(flow(mail()), policy=closed(NO_MAIL))) == "dnc"
    assert blocked(asked(flow(call()), policy=closed(NO_MAIL))) is None
    assert blocked(asked(flow(wait(duration_minutes=1)), policy=closed(STOPPED))) is None


def test_an_opt_out_ends_a_wait_and_one_channel_does_not() -> None:
    definition = flow(wait(duration_minutes=10), mail())
    waiting = [log(1, "wait", "running", wait_until=NOW.replace(hour=9))]
    assert decide(situation(definition, policy=closed(STOPPED)), waiting) == d.EndWait(1, 1, SAID)
    assert isinstance(decide(situation(definition, policy=closed(NO_MAIL)), waiting), d.WaitUntil)
    ended = [log(1, "wait")]
    skip = decide(situation(definition, policy=closed(NO_MAIL)), ended)
    assert isinstance(skip, d.Skip)
    assert skip.reason == NO_MAIL.sentence("Asia/Kolkata")


def test_a_lead_of_a_suppressed_person_is_do_not_call() -> None:
    found = matched(candidate(1, ANY), suppressed=[STOPPED], zone="Asia/Kolkata")
    assert (found.disposition, found.reason, found.flow) == (Disposition.BLOCKED_DNC, SAID, None)
    assert gates_of(found) == [("dnc", False)]
    assert matched(suppressed=[STOPPED]).disposition is Disposition.BLOCKED_DNC
    assert matched(candidate(1, ANY), suppressed=[STOPPED], lead=replace(ASHA, tags=("dnc",))).reason == "DNC tag found"
    assert gates_of(matched(candidate(1, ANY), suppressed=[NO_MAIL])) == [(name, True) for name in ORDER]
