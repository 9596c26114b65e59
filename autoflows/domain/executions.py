"""The states of executions and of their action logs, and which moves between them are legal."""

from __future__ import annotations

from enum import StrEnum


class ExecutionStatus(StrEnum):
    """One run of a flow. Only `running` moves by itself; the others absorb, but a person may have a failed one tried again."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class LogStatus(StrEnum):
    """One attempt at an action. `skipped`: a rule said no. `failed`: we tried. `unknown`: we tried and nobody told."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


EXECUTION_TRANSITIONS: dict[ExecutionStatus, dict[ExecutionStatus, str]] = {
    ExecutionStatus.RUNNING: {
        ExecutionStatus.COMPLETED: "no step is left, and a contact was made",
        ExecutionStatus.FAILED: "every contact that was tried failed",
        ExecutionStatus.SKIPPED: "rules said no to every contact",
        ExecutionStatus.CANCELLED: "a person stopped it",
    },
    ExecutionStatus.FAILED: {ExecutionStatus.RUNNING: "a person has it tried again"},
    ExecutionStatus.COMPLETED: {},
    ExecutionStatus.CANCELLED: {},
    ExecutionStatus.SKIPPED: {},
}
"""The legal moves of an execution, each with what brings it about."""

_NAMED = frozenset({LogStatus.SUCCESS, LogStatus.FAILED, LogStatus.UNKNOWN})

LOG_TRANSITIONS: dict[LogStatus, frozenset[LogStatus]] = {
    LogStatus.PENDING: _NAMED | {LogStatus.RUNNING, LogStatus.SKIPPED, LogStatus.CANCELLED},
    LogStatus.RUNNING: _NAMED | {LogStatus.SKIPPED, LogStatus.CANCELLED},
    # A late webhook, a look-up or a person may still name an unknown.
    LogStatus.UNKNOWN: frozenset({LogStatus.SUCCESS, LogStatus.FAILED}),
    # A message accepted by the provider may still bounce.
    LogStatus.SUCCESS: frozenset({LogStatus.FAILED}),
    # A provider that said no may be heard of later all the same: it acted, and nobody may be contacted again for it.
    LogStatus.FAILED: frozenset({LogStatus.SUCCESS, LogStatus.UNKNOWN}),
    LogStatus.SKIPPED: frozenset(),
    LogStatus.CANCELLED: frozenset(),
}
"""The legal moves of an attempt."""
