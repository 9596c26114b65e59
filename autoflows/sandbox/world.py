"""The state of the sandbox world: its accounts, what it received, its faults, its clock. The vendors' routes work on it."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp

from autoflows.sandbox.faults import CutConnection, Faults
from autoflows.sandbox.received import Received, now_iso
from autoflows.sandbox.scripts import Rates

log = logging.getLogger(__name__)

BOLNA_KEY = "bn-sandbox"
WHATSAPP_TOKEN, APP_SECRET, VERIFY_TOKEN = "sandbox-token", "sandbox-app-secret", "sandbox-verify"  # public, for local use
WABA_ID, PHONE_NUMBER_ID, DISPLAY_NUMBER = "100200300", "106540352242922", "+91 80357 00010"
SMTP_USER, SMTP_PASSWORD = "sandbox", "sandbox"  # public, for local use

KEEP_DETAILS = 1_000
KEEP_OBJECTS = 20_000

AGENT_IDS = ("5bc97541-e320-4d95-a3a5-242cfe45621d", "9f0c2d4e-7a51-4b0e-8f37-61d2a8c4e970")
NUMBERS = ("+918035700001", "+918035700002")


@dataclass(slots=True)
class Call:
    """One Bolna execution: `execution` is the vendor's JSON, `row` its line in the report."""

    execution: dict[str, Any]
    outcome: str
    row: dict[str, Any]
    stopped: bool = False
    first_webhook: asyncio.Event = field(default_factory=asyncio.Event)


def _agents() -> dict[str, dict[str, Any]]:
    names = ("Welcome call", "Follow-up call")
    return {
        agent_id: {
            "id": agent_id,
            "agent_name": name,
            "agent_type": "lead qualification",
            "agent_status": "processed",
            "created_at": now_iso(),
            "updated_at": now_iso(),
            "tasks": [],
            "ingest_source_config": None,
            "agent_prompts": {"task_1": {"system_prompt": "You greet a new lead by name and ask what they need."}},
            "agent_config": {"webhook_url": None},
        }
        for agent_id, name in zip(AGENT_IDS, names, strict=True)
    }


class World:
    """Everything that changes. `speed` divides every delay of the vendors; `seed` makes chance repeatable."""

    def __init__(self, speed: float = 10.0, seed: int | None = None, concurrency: int = 100, state: Path | None = None) -> None:
        self.speed = speed
        self.random = random.Random(seed)  # noqa: S311  # outcomes, not secrets
        self.rates = Rates()
        self.faults = Faults()
        self.concurrency = concurrency
        self.agents = _agents()
        self.callback_url: str | None = None
        self.http = httpx.AsyncClient(timeout=10, follow_redirects=False, trust_env=False)
        self.webhook_slots = asyncio.Semaphore(16)  # httpx slows down badly where thousands wait for a connection
        self.tasks: set[asyncio.Task[None]] = set()
        self.state = state
        self._load_addresses()
        self.clear()

    def _load_addresses(self) -> None:
        if self.state is None or not self.state.is_file():
            return
        kept = json.loads(self.state.read_text())
        self.callback_url = kept["whatsapp"]
        for agent_id, url in kept["bolna"].items():
            if agent_id in self.agents:
                self.agents[agent_id]["agent_config"]["webhook_url"] = url

    def keep_addresses(self) -> None:
        """Note where webhooks go, so that a restarted sandbox still knows, as the vendors would."""
        if self.state is not None:
            bolna = {agent_id: agent["agent_config"]["webhook_url"] for agent_id, agent in self.agents.items()}
            draft = self.state.with_suffix(".new")
            draft.write_text(json.dumps({"whatsapp": self.callback_url, "bolna": bolna}))
            draft.replace(self.state)

    def clear(self) -> None:
        """Forget all that was received; accounts, webhook addresses, faults and rates stay."""
        self.calls: OrderedDict[str, Call] = OrderedDict()
        self.active_calls = 0
        self.call_slot = asyncio.Condition()
        self.received = {kind: Received(KEEP_DETAILS) for kind in ("calls", "messages", "emails")}
        self.webhooks: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.last_inbound: dict[str, float] = {}

    async def reset(self) -> None:
        """Stop all that is going on and forget it; faults and rates go back to the start. Accounts and webhook addresses stay."""
        await self._cancel_tasks()
        self.rates, self.faults = Rates(), Faults()
        self.clear()

    async def close(self) -> None:
        """Stop all that is going on."""
        await self._cancel_tasks()
        await self.http.aclose()

    async def _cancel_tasks(self) -> None:
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` of the vendors' time pass."""
        await asyncio.sleep(seconds / self.speed)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in the background; a failure is logged."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("sandbox task failed", exc_info=error)

    def happens(self, rate: float) -> bool:
        """Whether a thing of this probability happens now."""
        return rate > 0 and self.random.random() < rate

    def remember(self, call: Call) -> None:
        """Keep the call for look-ups; the oldest ones that have ended are forgotten beyond `KEEP_OBJECTS`."""
        self.calls[call.execution["id"]] = call
        while len(self.calls) > KEEP_OBJECTS:
            self.calls.popitem(last=False)

    async def answer_acted(self, answer: Response, before: Callable[[], Awaitable[object]] | None = None) -> ASGIApp:
        """The answer to a request that was acted on, unless a fault spoils it. `before` waits for the first webhook."""
        faults = self.faults
        if before and self.happens(faults.webhook_before_answer):
            try:
                await asyncio.wait_for(before(), 5)
            except TimeoutError:
                log.info("no webhook went out before the answer")
        if self.happens(faults.reset):
            return CutConnection()
        if self.happens(faults.hang):
            await asyncio.sleep(faults.hang_seconds)
        if self.happens(faults.error_500_after_acting):
            return HTMLResponse("<html><body><h1>500 Internal Server Error</h1></body></html>", 500)
        return answer
