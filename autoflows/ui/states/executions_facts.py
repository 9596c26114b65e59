"""What a number of the analytics asks the list of executions for: read from an address, passed to the services, and said in words. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from autoflows.domain.errors import Invalid
from autoflows.domain.flow import ActionType
from autoflows.domain.flow_words import ACTION_TITLES, GATES
from autoflows.services.views.execution_facts import Reached, results_of
from autoflows.ui.components import duration_text
from autoflows.ui.states.asked import id_asked, moment_asked, number_asked, span_in_words
from autoflows.ui.states.base import choice_of, text_of

REACHED = {
    Reached.CONTACTED: "were contacted",
    Reached.NOT_CONTACTED: "were not contacted",
    Reached.ANSWERED: "answered or replied",
    Reached.CONVERTED: "met the goal",
    Reached.MEASURED: "have used up their time to meet the goal",
    Reached.WON: "met the goal, and whose time for it is over",
}


class Facts(BaseModel):
    """As texts; an empty one does not narrow. `speed` is seconds from and up to, such as `60-300`; times are moments, not days."""

    model_config = ConfigDict(frozen=True)

    since: str = ""
    until: str = ""
    version: str = ""
    channel: str = ""
    reached: str = ""
    speed: str = ""
    furthest: str = ""
    step: str = ""
    attempt: str = ""
    action: str = ""
    result: str = ""
    reason: str = ""
    made_since: str = ""
    made_until: str = ""
    split: str = ""
    arm: str = ""


def _speed(value: Any) -> str:
    low, dash, high = text_of(value, 30).partition("-")
    if not low:
        return ""
    if not dash:
        raise Invalid("A span of time to the first contact is two numbers of seconds, such as 60-300.")
    return f"{number_asked(low)}-{number_asked(high)}"


def _results(value: Any) -> str:
    try:
        return ",".join(results_of(text_of(value, 200)))
    except ValueError as error:
        raise Invalid(str(error)) from None


READERS: dict[str, Callable[[Any], str]] = {
    "since": moment_asked,
    "until": moment_asked,
    "version": number_asked,
    "channel": id_asked,
    "reached": lambda value: choice_of(value, Reached),
    "speed": _speed,
    "furthest": number_asked,
    "step": number_asked,
    "attempt": number_asked,
    "action": lambda value: choice_of(value, ActionType),
    "result": _results,
    "reason": lambda value: text_of(value, 100),
    "made_since": moment_asked,
    "made_until": moment_asked,
    "split": id_asked,
    "arm": lambda value: text_of(value, 40),
}
NONE = Facts()


def is_asked(facts: Facts) -> bool:
    """Whether anything of it narrows the list."""
    return any(getattr(facts, name) for name in READERS)


def filter_fields(facts: Facts) -> dict[str, Any]:
    """The same as fields of the services' filter. Raises Invalid for an arm without its split."""
    if facts.arm and not facts.split:
        raise Invalid("An arm is one of a split; the link names none.")
    low, _, high = facts.speed.partition("-")
    numbers = {
        "version": facts.version,
        "min_speed": low,
        "max_speed": high,
        "furthest_step": facts.furthest,
        "step": facts.step,
        "attempt": facts.attempt,
    }
    texts = {"reached": facts.reached, "action_type": facts.action, "result": facts.result, "because": facts.reason, "arm": facts.arm}
    moments = {"since": facts.since, "until": facts.until, "made_since": facts.made_since, "made_until": facts.made_until}
    ids = {"channel_id": facts.channel, "split_id": facts.split}
    return {
        **{name: int(text) for name, text in numbers.items() if text},
        **{name: text for name, text in texts.items() if text},
        **{name: datetime.fromisoformat(text) for name, text in moments.items() if text},
        **{name: UUID(text) for name, text in ids.items() if text},
    }


def facts_of(kept: Any) -> dict[str, str]:
    """What a saved filter asks for of these, but for `since` and `until`."""
    low, high = kept.min_speed, kept.max_speed
    fields = {
        "version": kept.version,
        "channel": kept.channel_id,
        "reached": kept.reached and kept.reached.value,
        "speed": None if low is None and high is None else f"{low or 0}-{'' if high is None else high}",
        "furthest": kept.furthest_step,
        "step": kept.step,
        "attempt": kept.attempt,
        "action": kept.action_type and kept.action_type.value,
        "result": kept.result,
        "reason": kept.because,
        "made_since": kept.made_since and said(kept.made_since),
        "made_until": kept.made_until and said(kept.made_until),
        "split": kept.split_id,
        "arm": kept.arm,
    }
    return {name: str(value) for name, value in fields.items() if value is not None}


def said(moment: datetime) -> str:
    """A moment as it stands in an address."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def in_words(facts: Facts, zone: ZoneInfo) -> str:
    """What is asked for as a phrase: `that were contacted, with an attempt at step 2 that ended missed`; empty for nothing."""
    parts = [
        span_in_words("begun", facts.since, facts.until, zone),
        f"on version {facts.version}" if facts.version else "",
        "by one channel" if facts.channel else "",
        _arm(facts, zone),
        f"that {REACHED[Reached(facts.reached)]}" if facts.reached else "",
        _speed_words(facts.speed),
        _furthest(facts.furthest),
        _attempt(facts, zone),
    ]
    return ", ".join(filter(None, parts))


def _arm(facts: Facts, zone: ZoneInfo) -> str:
    if not facts.split:
        return ""
    through = f"arm {facts.arm} of a split" if facts.arm else "a split"
    return " ".join(
        filter(None, [f"each person's first way through {through}", span_in_words("", facts.made_since, facts.made_until, zone)])
    )


def _speed_words(speed: str) -> str:
    low, _, high = speed.partition("-")
    if not speed:
        return ""
    if not high:
        return f"first contacted after {duration_text(int(low) * 1000)} or later"
    limits = duration_text(int(high) * 1000)
    return f"first contacted within {limits}" if low in ("", "0") else f"first contacted after {duration_text(int(low) * 1000)} to {limits}"


def _furthest(step: str) -> str:
    return "" if not step else "that came to no step yet" if step == "0" else f"that came to step {step} and to none after it"


def _attempt(facts: Facts, zone: ZoneInfo) -> str:
    """Of the attempt that is asked for."""
    if facts.split or not any((facts.step, facts.attempt, facts.action, facts.result, facts.reason, facts.made_since, facts.made_until)):
        return ""
    which = "an attempt" if not facts.attempt else "a first attempt" if facts.attempt == "1" else f"an attempt number {facts.attempt}"
    kind = ACTION_TITLES.get(facts.action, "attempt")
    parts = [
        f"with {which} ({kind})" if facts.action else f"with {which}",
        f"at step {facts.step}" if facts.step else "",
        span_in_words("made", facts.made_since, facts.made_until, zone),
        f"that ended: {' or '.join(result.replace('_', ' ') for result in facts.result.split(','))}" if facts.result else "",
        f"because of: {GATES.get(facts.reason, facts.reason)}" if facts.reason else "",
    ]
    return " ".join(filter(None, parts))
