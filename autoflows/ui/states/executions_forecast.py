"""What goes on in the next hour, as bars and as a sentence. Pure."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from autoflows.services.views.executions import DueBucket, Forecast
from autoflows.ui.states.executions_rows import rule_in_words


class Bar(BaseModel):
    """Some minutes: when they begin, how many go on in them, and how high the bar is, in percent."""

    model_config = ConfigDict(frozen=True)

    time: str
    count: int
    height: str
    text: str


class Reason(BaseModel):
    """What holds some of them until then."""

    model_config = ConfigDict(frozen=True)

    rule: str
    label: str
    count: int
    width: str


class Outlook(BaseModel):
    """The next hour."""

    model_config = ConfigDict(frozen=True)

    text: str
    bars: list[Bar]
    reasons: list[Reason]


def outlook_of(found: Forecast, zone: str) -> Outlook:
    """The forecast by the viewer's clock."""
    highest = max((bucket.due for bucket in found.buckets), default=0) or 1
    most = max(found.by_rule.values(), default=0) or 1
    ranked = sorted(found.by_rule.items(), key=lambda pair: -pair[1])
    return Outlook(
        text=_sentence(found),
        bars=[_bar(bucket, highest, zone) for bucket in found.buckets],
        reasons=[
            Reason(rule=rule, label=rule_in_words(rule), count=number, width=f"{max(100 * number / most, 2):.0f}%")
            for rule, number in ranked
        ],
    )


def _bar(bucket: DueBucket, highest: int, zone: str) -> Bar:
    time = bucket.at.astimezone(ZoneInfo(zone)).strftime("%H:%M")
    return Bar(
        time=time,
        count=bucket.due,
        height=f"{max(100 * bucket.due / highest, 4 if bucket.due else 0):.0f}%",
        text=f"From {time}: {bucket.due:,}" + (f" ({_listed(bucket.by_rule)})" if bucket.due else ""),
    )


def _sentence(found: Forecast) -> str:
    if not found.total:
        return "None of those that wait is due in the next hour."
    if found.total == 1:
        return "1 that waits is due in the next hour."
    return f"{found.total:,}{' or more' if found.capped else ''} that wait are due in the next hour."


def _listed(by_rule: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {rule_in_words(rule).lower()}" for rule, number in by_rule.items())
