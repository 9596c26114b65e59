"""The words of pages: those of flows, which are the domain's, and those of what became of executions. Pure."""

from __future__ import annotations

from autoflows.domain.flow_words import (
    CALL_OUTCOMES,
    CONDITION_TYPES,
    CONTACT_FIELDS,
    DAYS,
    ENTRY_TYPES,
    GATES,
    MESSAGE_STATES,
    OPERATORS,
    WITHOUT_VALUE,
    action_in_words,
    condition_in_words,
    days_in_words,
    duration_in_words,
    joined,
    step_in_words,
    trigger_in_words,
    when_in_words,
)

__all__ = [
    "CALL_OUTCOMES",
    "CONDITION_TYPES",
    "CONTACT_FIELDS",
    "DAYS",
    "ENTRY_TYPES",
    "EXECUTION_STATUSES",
    "GATES",
    "LOG_STATUSES",
    "MESSAGE_STATES",
    "OPERATORS",
    "WITHOUT_VALUE",
    "action_in_words",
    "condition_in_words",
    "days_in_words",
    "duration_in_words",
    "joined",
    "step_in_words",
    "trigger_in_words",
    "when_in_words",
]

EXECUTION_STATUSES = {
    "running": "Running",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "skipped": "Skipped",
}
LOG_STATUSES = {
    "pending": "Pending",
    "running": "Running",
    "success": "Done",
    "failed": "Failed",
    "skipped": "Skipped",
    "unknown": "Unknown",
    "cancelled": "Cancelled",
}
