"""Durations between what a person says and what a wait keeps."""

from __future__ import annotations

import pytest

from autoflows.ui.flow_cards import inspected
from autoflows.ui.flow_draft import action_body, step_of
from autoflows.ui.flow_duration import shown, stored
from autoflows.ui.flow_rows import Draft


@pytest.mark.parametrize(
    ("minutes", "seconds", "unit", "said"),
    [
        ("10", "", "", ("10", "minutes")),
        ("90", "", "", ("90", "minutes")),
        ("120", "", "", ("2", "hours")),
        ("2880", "", "", ("2", "days")),
        ("1", "30", "", ("90", "seconds")),
        ("", "0.5", "", ("0.5", "seconds")),
        ("", "", "", ("0", "minutes")),
        ("60", "", "minutes", ("60", "minutes")),  # as it was chosen
        ("30", "", "hours", ("0.5", "hours")),
        ("soon", "", "hours", ("soon", "hours")),
        ("nan", "", "", ("nan", "minutes")),
    ],
)
def test_a_duration_is_said_in_one_unit(minutes: str, seconds: str, unit: str, said: tuple[str, str]) -> None:
    assert shown(minutes, seconds, unit) == said


@pytest.mark.parametrize(
    ("amount", "unit", "kept"),
    [
        ("10", "minutes", ("10", "")),
        ("1.5", "hours", ("90", "")),
        ("2", "days", ("2880", "")),
        ("45", "seconds", ("", "45")),
        ("", "minutes", ("0", "")),
        ("soon", "hours", ("soon", "")),
        ("1e999", "days", ("1e999", "")),
    ],
)
def test_a_duration_is_kept_in_minutes_or_seconds(amount: str, unit: str, kept: tuple[str, str]) -> None:
    assert stored(amount, unit) == kept


def test_minutes_and_seconds_are_one_field_and_come_back_as_they_were() -> None:
    config = {"duration_minutes": 1, "duration_seconds": 30}
    step = step_of({"action_type": "wait", "action_config": config})
    fields = {field.name: field for field in inspected(Draft(steps=(step,)), step.id, {}, {}).fields}
    assert (fields["duration_minutes"].value, fields["duration_minutes"].unit) == ("90", "seconds")
    assert "duration_seconds" not in fields
    kept = action_body(step, 1)["action_config"]
    assert {name: kept[name] for name in config} == config


def test_what_is_wrong_with_the_seconds_is_told_at_the_one_field() -> None:
    step = step_of({"action_type": "wait", "action_config": {"duration_seconds": 10**9}})
    errors = {"/action_config/duration_seconds": "Seconds must be at most 86400."}
    row = inspected(Draft(steps=(step,)), step.id, {}, errors)
    assert [field.error for field in row.fields if field.error] == ["Seconds must be at most 86400."]
    assert row.error == ""
