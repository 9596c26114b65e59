"""What a run of the kills showed, as a page for people."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench.stack import ROOT
from tests.chaos.battlefield import Verdict

COLUMNS = (
    "kind", "kills", "executions", "provider requests", "repeats by attempt", "second contacts by person and step",
    "tried again after a no", "unknown attempts", "of these never sent", "lost", "unaccounted", "seconds",
)  # fmt: skip
HEAD = """# Killed, and nothing lost and nothing sent twice

Written by the test itself: `{command}`

{leads:,} leads, each with a call (Bolna's protocol), one of two messages by how the call went, and a last message (WhatsApp Cloud's
protocol), while parts of the product are killed at random, and in `provider` and `all` the provider misbehaves too: it hangs, breaks the
connection before or after it has acted, answers 500 after it has acted, refuses for the moment, sends its webhook before its own answer,
twice, out of order, or never. Counted at the provider, which nobody kills.

| | |
|---|---|
| when | {when} |
| commit | {commit} |
| machine | {cpus} CPUs, {memory:.0f} GiB, {system}, Python {python} |
| took | {seconds:.0f} s |

{table}

- **repeats by attempt**: attempt ids for which the provider got more than one request.
- **second contacts**: persons for whom the provider did the same step more than once.
- **tried again after a no**: second and later attempts at a step, each after one that surely did not happen: the provider refused it, or
  our database was away before it was sent.
- **unknown attempts**: shown to the team as such; some were sent and some were not, and nobody can tell. They are never sent again.
- **lost**: leads without an execution, executions that did not end, and steps neither made, nor skipped by a rule, nor refused by the
  provider, nor listed as unknown.
- **unaccounted**: `received - accounted` of `/api/health`.

Beside it, in `make chaos` and in CI's short form: a worker is killed at every point at which it waits for anything
([test_crash_points.py](../../tests/chaos/test_crash_points.py)), and two and four workers share the same work, also with clocks that are
half a minute wrong ([test_workers.py](../../tests/chaos/test_workers.py)).
"""


@dataclass
class Line:
    """One kind of violence and what came of it."""

    kind: str
    kills: str
    verdict: Verdict
    unaccounted: int
    seconds: float

    def figures(self) -> list[int]:
        """The counts, in the order of the columns between kills and seconds."""
        v = self.verdict
        return [
            v.executions, v.requests, v.repeats, v.second_contacts, v.retried, v.unknown, v.unsent, v.lost, self.unaccounted,
        ]  # fmt: skip


@dataclass
class Report:
    """All lines of a run."""

    lines: list[Line] = field(default_factory=list)

    def table(self) -> str:
        """As Markdown, with a line of sums."""
        rows = [[line.kind, line.kills, *map(str, line.figures()), f"{line.seconds:.0f}"] for line in self.lines]
        sums = [str(sum(column)) for column in zip(*(line.figures() for line in self.lines), strict=True)]
        total = ["**all kinds**", "", *(f"**{value}**" for value in sums), f"{sum(line.seconds for line in self.lines):.0f}"]
        return "\n".join("| " + " | ".join(row) + " |" for row in (list(COLUMNS), ["---"] * len(COLUMNS), *rows, total))


def write(report: Report) -> None:
    """Write the page to the path in `AUTOFLOWS_CHAOS_REPORT`, if there is one."""
    path = os.environ.get("AUTOFLOWS_CHAOS_REPORT")
    if not path or not report.lines:
        return
    page = HEAD.format(
        command=os.environ.get("AUTOFLOWS_CHAOS_COMMAND", "pytest -m chaos tests/chaos/test_kill.py"),
        leads=sum(line.verdict.executions for line in report.lines),
        when=datetime.now(UTC).strftime("%d %B %Y"),
        commit=_commit(),
        cpus=psutil.cpu_count(),
        memory=psutil.virtual_memory().total / 2**30,
        system=platform.system() + " " + platform.release().split("-")[0],
        python=platform.python_version(),
        seconds=sum(line.seconds for line in report.lines),
        table=report.table(),
    )
    Path(path).write_text(page)


def _commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    return (git("rev-parse", "--short", "HEAD") or "unknown") + (", with changes" if git("status", "--porcelain", "-uno") else "")
