"""`python -m tests.docs.diagram`: draw the state diagrams of docs/engine.md from the tables of the code."""

from __future__ import annotations

import re

from autoflows.domain.executions import EXECUTION_TRANSITIONS, LOG_TRANSITIONS, ExecutionStatus, LogStatus
from autoflows.embedded.web import SOURCE

PAGE = SOURCE / "docs" / "engine.md"
BLOCK = re.compile(r"<!-- drawn from the code: {name} -->\n.*?<!-- end -->".replace("{name}", r"(\w+)"), re.DOTALL)


def executions() -> str:
    """The states of an execution, as Mermaid."""
    lines = [f"    [*] --> {ExecutionStatus.RUNNING}: a lead is enrolled"]
    for state, moves in EXECUTION_TRANSITIONS.items():
        lines += [f"    {state} --> {to}: {why}" for to, why in moves.items()]
        lines += [f"    {state} --> [*]"] if not moves else []
    return "\n".join(["stateDiagram-v2", *lines])


def attempts() -> str:
    """The states of an attempt, as Mermaid."""
    lines = [f"    [*] --> {LogStatus.RUNNING}: the row is written", f"    [*] --> {LogStatus.SKIPPED}: a gate said no"]
    for state in LogStatus:
        moves = LOG_TRANSITIONS[state]
        lines += [f"    {state} --> {to}" for to in LogStatus if to in moves]
        lines += [f"    {state} --> [*]"] if not moves else []
    return "\n".join(["stateDiagram-v2", *lines])


DIAGRAMS = {"executions": executions, "attempts": attempts}


def drawn(text: str) -> str:
    """The page with each diagram as the code has it."""

    def block(match: re.Match[str]) -> str:
        name = match[1]
        return f"<!-- drawn from the code: {name} -->\n```mermaid\n{DIAGRAMS[name]()}\n```\n<!-- end -->"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
