"""The whole product in processes of its own beside a provider that nobody kills: how it is set up, and how the two are compared."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from autoflows.embedded.home import open_home, secret_key
from bench import provider
from bench.stack import ROOT, Stack, connect_whatsapp, free_port, running
from tests.chaos.provider import AGENT, CALL

ANSWERED_TEMPLATE, MISSED_TEMPLATE, LAST_TEMPLATE = "hello", "missed_you", "thanks"
WAIT_SECONDS = 1
STEPS = {1: CALL, 2: ANSWERED_TEMPLATE, 3: MISSED_TEMPLATE, 4: "wait", 5: LAST_TEMPLATE}
"""The flow: a call, a message that depends on how it went (2 or 3), a wait, and one more message for all."""
SHORT = {
    "AUTOFLOWS_LEASE_SECONDS": "3",
    "AUTOFLOWS_PROVIDER_TIMEOUT_SECONDS": "2",
    "AUTOFLOWS_UNKNOWN_GRACE_SECONDS": "2",
    "AUTOFLOWS_CALL_DEADLINE_SECONDS": "2",
    "AUTOFLOWS_RETRY_BASE_SECONDS": "0.3",
}
"""Deadlines of seconds instead of minutes."""
LOGS = """
SELECT e.id AS execution, e.status AS state, c.phone, l.id::text AS id, l.action_order AS step, l.attempt, l.status, l.outcome,
       l.error_message AS error, COALESCE((l.result_data->>'lookups')::int, 0) AS lookups,
       extract(epoch FROM l.completed_at - l.started_at) AS took
FROM flow_executions e JOIN contacts c ON c.id = e.contact_id LEFT JOIN flow_action_logs l ON l.flow_execution_id = e.id
WHERE c.phone LIKE $1 ORDER BY c.phone, l.action_order, l.attempt
"""
GOING_ON = """
SELECT (SELECT count(*) FROM lead_events WHERE disposition = 'queued') + (SELECT count(*) FROM flow_executions WHERE status = 'running')
     + (SELECT count(*) FROM flow_action_logs WHERE status = 'running')
"""


@dataclass
class Verdict:
    """The product's rows held against what the provider saw. `wrong` names every contradiction; it is empty in a world in order."""

    executions: int = 0
    requests: int = 0
    acted: int = 0
    repeats: int = 0
    """attempt ids that were asked for more than once"""
    second_contacts: int = 0
    """(person, step) for which the provider acted more than once"""
    unknown: int = 0
    """attempts that the team is shown as `unknown`"""
    unsent: int = 0
    """of these, attempts that the provider never acted on: the messages that are missing"""
    retried: int = 0
    """new attempts at a step after one that surely did not happen"""
    lookups: int = 0
    """times that the provider was asked what became of an attempt"""
    lost: int = 0
    """executions that did not end, and steps neither made, skipped by a rule, refused for good nor listed as unknown"""
    wrong: list[str] = field(default_factory=list)


@dataclass
class Battlefield:
    """A running product with one flow, and its provider."""

    stack: Stack
    provider_port: int
    hooks: dict[str, str] = field(default_factory=dict)
    """Where the provider sends its webhooks, by provider."""

    def setup(self, **behaviour: Any) -> None:
        """Tell the provider how to behave from now on."""
        body = json.dumps(behaviour).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.provider_port}/setup", data=body, method="POST")
        urllib.request.urlopen(request, timeout=10).close()

    def seen(self) -> dict[str, Any]:
        """What the provider saw, by attempt id, and what it still has to tell."""
        return provider.ask(self.provider_port, "/seen")

    def health(self) -> dict[str, Any]:
        return dict(self.stack.api("GET", "/api/health"))

    def worker_logs(self) -> dict[str, str]:
        """What the product's own workers have logged, by file."""
        return {path.name: path.read_text() for path in (self.stack.home / "logs").glob("worker-*.log")}

    def web_log_of(self, number: str | None) -> str:
        """What the web process logged of an unexpected error with this number."""
        text = (self.stack.home / "logs" / "web.log").read_text()
        return text[text.index(number) :][:6000] if number and number in text else text[-6000:]

    async def rows(self, sql: str, *args: Any) -> list[Any]:
        """A query's rows, read beside the product."""
        connection = await asyncpg.connect(self.stack.instance()["database_url"].replace("+asyncpg", ""))
        try:
            return list(await connection.fetch(sql, *args))
        finally:
            await connection.close()

    async def until_quiet(self, leads: int, patience: float) -> dict[str, Any]:
        """Wait until so many leads have come, nothing runs, and the provider has told all it has to tell; the health figures then."""
        deadline = time.monotonic() + patience
        health: dict[str, Any] = {}
        while time.monotonic() < deadline:
            await asyncio.sleep(0.3)
            try:
                if (await self.rows(GOING_ON))[0][0] or (await asyncio.to_thread(self.seen))["under_way"]:
                    continue
                health = await asyncio.to_thread(self.health)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                continue
            if health["leads"]["received"] >= leads:
                return health
        raise AssertionError(f"work is still going on after {patience} s: {health}")

    async def judge(self, prefix: str, leads: int) -> Verdict:
        """Compare all that was done for the persons of this prefix with what the provider saw of them."""
        seen = (await asyncio.to_thread(self.seen))["attempts"]
        mine = {key: value for key, value in seen.items() if ("+" + value["person"]).startswith(prefix)}
        return judge(await self.rows(LOGS, prefix + "%"), mine, leads)


def judge(rows: list[Any], seen: dict[str, dict[str, Any]], leads: int) -> Verdict:
    """The verdict on these log rows (`LOGS`) and the provider's attempts."""
    verdict, wrong = Verdict(), []
    logs = {row["id"]: row for row in rows if row["id"]}
    contacts: Counter[tuple[str, str]] = Counter()
    for attempt_id, attempt in seen.items():
        verdict.requests += attempt["requests"]
        verdict.acted += attempt["acted"]
        verdict.repeats += attempt["requests"] > 1
        contacts[attempt["person"], attempt["step"]] += attempt["acted"]
        if attempt_id not in logs:
            wrong.append(f"the provider was asked for {attempt_id}, which has no row")
    verdict.second_contacts = sum(1 for times in contacts.values() if times > 1)
    by_execution: dict[Any, list[Any]] = {}
    for row in rows:
        by_execution.setdefault(row["execution"], []).append(row)
    verdict.executions = len(by_execution)
    verdict.lost = max(leads - len({row["phone"] for row in rows}), 0)
    if len(by_execution) != leads:
        wrong.append(f"{len(by_execution)} executions for {leads} leads")
    for row in logs.values():
        wrong += _contradiction(row, seen.get(row["id"]))
        acted = seen.get(row["id"], {}).get("acted", 0)
        verdict.unknown += row["status"] == "unknown"
        verdict.unsent += row["status"] == "unknown" and not acted
        verdict.retried += row["attempt"] > 1
        verdict.lookups += row["lookups"]
    for execution in by_execution.values():
        verdict.lost += _lost(execution, seen, wrong)
    verdict.wrong = wrong
    return verdict


def _contradiction(row: Any, asked: dict[str, Any] | None) -> list[str]:
    """What an attempt's row says against what the provider did for it."""
    acted = asked["acted"] if asked else 0
    told = f"step {row['step']} of {row['phone']}: {row['status']} {row['outcome'] or ''}, and the provider acted {acted} times ({asked})"
    match row["status"]:
        case "success" if row["step"] == 4:
            right = asked is None and row["took"] >= WAIT_SECONDS
        case "success":
            right = acted == 1
        case "skipped":
            right = asked is None
        case "failed":
            right = acted == (row["outcome"] == "failed")
        case "unknown":
            right = acted <= 1
        case _:
            right = False
    if row["outcome"] not in (None, "unknown") and asked and row["outcome"] != asked["ending"]:
        right = False
    return [] if right else [told]


def _lost(execution: list[Any], seen: dict[str, dict[str, Any]], wrong: list[str]) -> int:
    """How many things of this execution are missing without a word."""
    if execution[0]["state"] == "running":
        return 1
    by_step = {order: [row for row in execution if row["step"] == order] for order in STEPS}
    # The last word on a step may be a failure only if it was the provider who said no.
    silent = [rows[-1] for rows in by_step.values() if rows and rows[-1]["status"] == "failed" and rows[-1]["id"] not in seen]
    wrong += [f"step {row['step']} of {row['phone']} was never sent, after {row['attempt']} attempts: {row['error']}" for row in silent]
    missing = len(silent) + sum(1 for rows in by_step.values() if not rows)
    made = {order for order, rows in by_step.items() if any(row["status"] != "skipped" for row in rows)}
    answered = any(row["outcome"] == "answered" for row in by_step[1])
    # A call that is named after it was given up has led to the other branch already.
    named_late = any(row["lookups"] >= 3 for row in by_step[1])
    if made not in ({1, 2, 4, 5}, {1, 3, 4, 5}) or (not named_late and answered != (2 in made)):
        wrong.append(f"{execution[0]['phone']}: steps {sorted(made)} after a call that was {'' if answered else 'not '}answered")
    return missing


@contextmanager
def chaos_provider() -> Iterator[int]:
    """The provider in a process of its own; its port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.chaos.provider", str(port)], cwd=ROOT)
    try:
        for _ in range(200):
            try:
                provider.ask(port, "/seen")
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(5)


@contextmanager
def fighting(workers: int = 2, **environment: str) -> Iterator[Battlefield]:
    """The product and its provider, with the flow of `STEPS` for any lead."""
    with chaos_provider() as port, running(workers, None, **SHORT, **environment) as stack:
        hooks = _make_flow(stack, port)
        field_ = Battlefield(stack, port, {kind: url.replace("localhost", "127.0.0.1") for kind, url in hooks.items()})
        field_.setup(hooks=field_.hooks)
        yield field_


def worker_environment(field: Battlefield) -> dict[str, str]:
    """What a worker of this product needs to know."""
    instance = field.stack.instance()
    return {
        **os.environ,
        **SHORT,
        "PYTHONPATH": str(ROOT),
        "AUTOFLOWS_HOME": str(field.stack.home),
        "AUTOFLOWS_SECRET_KEY": secret_key(open_home(field.stack.home)),
        "AUTOFLOWS_DATABASE_URL": instance["database_url"],
        "AUTOFLOWS_REDIS_URL": instance["redis_url"],
        "AUTOFLOWS_ALLOW_PRIVATE_NETWORK": "1",
    }


@asynccontextmanager
async def workers(field: Battlefield, amount: int, environments: Sequence[dict[str, str]] = ({},)) -> AsyncIterator[list[Path]]:
    """So many workers of the product's, with these environments in turn; their logs. Each must end well when told to."""
    logs = [field.stack.home / "logs" / f"own-worker-{number}.log" for number in range(amount)]
    processes = []
    for number, path in enumerate(logs):
        environment = worker_environment(field) | environments[number % len(environments)]
        with path.open("wb") as log:
            command = [sys.executable, "-m", "workers"]
            processes.append(await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=log, stderr=log))
    try:
        yield logs
    finally:
        for process in processes:
            process.terminate()
        codes = [await asyncio.wait_for(process.wait(), 30) for process in processes]
    assert codes == [0] * amount, "\n".join(path.read_text() for path in logs)


def _make_flow(stack: Stack, port: int) -> dict[str, str]:
    """Channels, and an enabled flow for any lead; the channels' webhook addresses by provider."""

    def add(path: str, **body: Any) -> str:
        return str(stack.api("POST", path, body)["id"])

    ids = connect_whatsapp(stack, port)
    address = {"base_url": f"http://127.0.0.1:{port}"}
    bolna = add("/api/channels", provider="bolna", name="Bolna", credentials={"api_key": "bn-1"}, settings=address)
    agent = add("/api/agents", channel_id=bolna, name="Welcome", provider_agent_id=AGENT)
    templates = [ids["template"]] + [
        add("/api/whatsapp-templates", channel_id=ids["channel"], name=name, language="en", body="Hi {{1}}", variables=["1"])
        for name in (MISSED_TEMPLATE, LAST_TEMPLATE)
    ]
    whens: list[dict[str, Any]] = [
        {"condition_type": "call_outcome", "condition_value": "answered"},
        {"condition_type": "call_outcome", "condition_value": "not_answered"},
        {},
    ]
    actions: list[dict[str, Any]] = [{"action_order": 1, "action_type": "ai_call", "action_config": {"agent_id": agent}}]
    actions.append({"action_order": 4, "action_type": "wait", "action_config": {"duration_seconds": WAIT_SECONDS}})
    for order, template, when in zip((2, 3, 5), templates, whens, strict=True):
        config = {"whatsapp_phone_number_id": ids["sender"], "template_id": template, "variable_mappings": {"1": "name"}}
        actions.append({"action_order": order, "action_type": "whatsapp_message", "action_config": config, **when})
    stack.api(
        "POST",
        "/api/automation/flows",
        {
            "name": "Call, then write",
            "is_enabled": True,
            "conditions": [{"condition_type": "lead_source", "condition_operator": "any"}],
            "actions": actions,
            "exit_rules": {"on_answered": False, "on_reply": False},
        },
    )
    channels = {"bolna": bolna, "whatsapp": ids["channel"]}
    return {kind: stack.api("GET", f"/api/channels/{channel}")["webhook_url"] for kind, channel in channels.items()}
