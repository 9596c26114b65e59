"""What the team can be told: every kind with how bad it is, whom it is for, and the sentence that says it.

No sentence names a person: it counts, and names flows and channels. Text of a provider's may still hold an address, so what is shown to
roles without `pii:read` is masked like everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from autoflows.domain.permissions import Permission

MAX_TITLE = 255
MAX_DETAIL = 1000


class Severity(StrEnum):
    """Error: something promised does not happen. Warning: a person should look. Info: as somebody wanted it."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class NoticeKind(StrEnum):
    """What a notice is about. With its subject (the id of the channel or flow, empty for the account) it names one fault."""

    UNACCOUNTED = "unaccounted"
    NO_WORKER = "no_worker"
    LEAD_STUCK = "lead_stuck"
    QUEUE_LATE = "queue_late"
    CHANNEL_DOWN = "channel_down"
    NO_FLOW = "no_flow"
    ATTEMPT_UNKNOWN = "attempt_unknown"
    LEAD_ERROR = "lead_error"
    KILL_SWITCH = "kill_switch"
    BUDGET_REACHED = "budget_reached"
    QUOTA_REACHED = "quota_reached"
    FLOW_PROBLEMS = "flow_problems"
    FLOW_HELD = "flow_held"
    SPEED_LATE = "speed_late"


class Notice(NamedTuple):
    """One notice in words; the fields stand in the order in which `engine.notices.raise_notice` takes them."""

    kind: NoticeKind
    subject: str
    severity: Severity
    title: str
    detail: str
    href: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What sentences are made of: how many, for how long, which flow or channel, and why."""

    number: int = 0
    seconds: float = 0.0
    name: str = ""
    reason: str = ""


Words = tuple[str, str, str]
"""Title, detail, and where to go."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How bad a kind is, the right whose holders are told, its sentence, and whether it counts leads, executions or attempts."""

    severity: Severity
    audience: Permission
    words: Callable[[Facts], Words]
    counts: bool = False


def say(kind: NoticeKind, subject: str = "", *, number: int = 0, seconds: float = 0.0, name: str = "", reason: str = "") -> Notice:
    """A notice of this kind. Each kind reads only some of the facts: see its sentence below."""
    known = KINDS[kind]
    title, detail, href = known.words(Facts(number, seconds, name, reason))
    return Notice(kind, subject, known.severity, title[:MAX_TITLE], detail[:MAX_DETAIL], href)


def kinds_for(permissions: frozenset[Permission]) -> tuple[NoticeKind, ...]:
    """The kinds that people with these rights are told of."""
    return tuple(kind for kind, known in KINDS.items() if known.audience in permissions)


def how_long(seconds: float) -> str:
    """A duration in words, coarse so that it does not change at every look: `12 minutes`, `3 hours`, `2 days`."""
    for size, unit in ((86_400, "days"), (3600, "hours")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return many(max(int(seconds // 60), 1), "minute", "minutes")


def how_long_exactly(seconds: float) -> str:
    """A target in words: `15 seconds`, `1 minute`."""
    return many(int(seconds), "second", "seconds") if seconds < 60 else many(int(seconds // 60), "minute", "minutes")


def many(number: int, one: str, several: str) -> str:
    """`1 lead is`, `12,000 leads are`."""
    return f"{number:,} {one if number == 1 else several}"


FLOWS = "/dashboard/auto-engagement"
RUNNING = f"{FLOWS}/executions?status=running"
IN_DOUBT = f"{FLOWS}/inbox?kind=unknown"


def _unaccounted(facts: Facts) -> Words:
    title = f"{many(facts.number, 'lead is', 'leads are')} unaccounted for"
    return title, "Taken in, and nobody knows where they stand. Please report this.", "/dashboard/leads"


def _no_worker(facts: Facts) -> Words:
    detail = "Leads are taken in and kept, and nobody is contacted until a worker is started."
    return "No worker is running", detail, "/dashboard/leads?disposition=queued"


def _lead_stuck(facts: Facts) -> Words:
    title = f"{many(facts.number, 'lead waits', 'leads wait')} to be matched for too long"
    return title, f"The oldest has been due for {how_long(facts.seconds)}; usual is under a second.", "/dashboard/leads?disposition=queued"


def _queue_late(facts: Facts) -> Words:
    title = f"{many(facts.number, 'execution is', 'executions are')} overdue"
    return title, f"The oldest has been due for {how_long(facts.seconds)}; workers do not keep up.", RUNNING


def _channel_down(facts: Facts) -> Words:
    return f"Channel '{facts.name}' does not work", facts.reason or "Check it to see why.", "/dashboard/channels"


def _no_flow(facts: Facts) -> Words:
    return "Leads come in and no flow is enabled", "They are taken in and kept, and nobody contacts them.", FLOWS


def _attempt_unknown(facts: Facts) -> Words:
    title = f"Not known whether {many(facts.number, 'contact attempt', 'contact attempts')} reached anyone"
    return title, "The provider never told what became of them; nothing is sent again by itself. Please find out.", IN_DOUBT


def _lead_error(facts: Facts) -> Words:
    return f"{many(facts.number, 'lead', 'leads')} could not be matched", "Each says why.", "/dashboard/leads?disposition=error"


def _kill_switch(facts: Facts) -> Words:
    detail = f"{many(facts.number, 'execution is', 'executions are')} held, the first for {how_long(facts.seconds)}."
    return "The kill switch is still on", detail, "/dashboard/settings"


def _flow_held(facts: Facts) -> Words:
    detail = f"{many(facts.number, 'execution waits', 'executions wait')} until it is released." if facts.number else "Nobody waits yet."
    return f"Flow '{facts.name}' is held", detail, FLOWS


def _flow_problems(facts: Facts) -> Words:
    title = f"Flow '{facts.name}' is on and has {many(facts.number, 'error', 'errors')}"
    return title, facts.reason or "Open it to see which.", f"{FLOWS}?show=problems"


def _budget_reached(facts: Facts) -> Words:
    return "The budget is used up", facts.reason or "Contacts that cost money wait until there is budget again.", "/dashboard/settings"


def _quota_reached(facts: Facts) -> Words:
    detail = facts.reason or "Its contacts wait until there is quota again."
    return f"Channel '{facts.name}' has used up its quota", detail, "/dashboard/channels"


def _speed_late(facts: Facts) -> Words:
    title = f"New leads wait longer than {how_long_exactly(facts.seconds)} for their first contact"
    return title, facts.reason or "The analytics say what they wait for.", f"{FLOWS}/analytics"


KINDS: dict[NoticeKind, Kind] = {
    NoticeKind.UNACCOUNTED: Kind(Severity.ERROR, Permission.CONTACTS_READ, _unaccounted, counts=True),
    NoticeKind.NO_WORKER: Kind(Severity.ERROR, Permission.EXECUTIONS_READ, _no_worker),
    NoticeKind.LEAD_STUCK: Kind(Severity.ERROR, Permission.CONTACTS_READ, _lead_stuck, counts=True),
    NoticeKind.QUEUE_LATE: Kind(Severity.ERROR, Permission.EXECUTIONS_READ, _queue_late, counts=True),
    NoticeKind.CHANNEL_DOWN: Kind(Severity.ERROR, Permission.CHANNELS_READ, _channel_down),
    NoticeKind.NO_FLOW: Kind(Severity.WARNING, Permission.FLOWS_READ, _no_flow),
    NoticeKind.SPEED_LATE: Kind(Severity.WARNING, Permission.ANALYTICS_READ, _speed_late),
    NoticeKind.ATTEMPT_UNKNOWN: Kind(Severity.WARNING, Permission.EXECUTIONS_READ, _attempt_unknown, counts=True),
    NoticeKind.LEAD_ERROR: Kind(Severity.WARNING, Permission.CONTACTS_READ, _lead_error, counts=True),
    NoticeKind.FLOW_PROBLEMS: Kind(Severity.WARNING, Permission.FLOWS_READ, _flow_problems),
    NoticeKind.KILL_SWITCH: Kind(Severity.WARNING, Permission.SETTINGS_READ, _kill_switch),
    NoticeKind.BUDGET_REACHED: Kind(Severity.WARNING, Permission.SETTINGS_READ, _budget_reached),
    NoticeKind.QUOTA_REACHED: Kind(Severity.WARNING, Permission.CHANNELS_READ, _quota_reached),
    NoticeKind.FLOW_HELD: Kind(Severity.INFO, Permission.FLOWS_READ, _flow_held),
}
"""The worst first: in this order they are listed where there is room for few."""
