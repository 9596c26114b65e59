"""A provider that misbehaves by a script: WhatsApp Cloud's and Bolna's protocols, every request counted by attempt id and by person.

Runs in a process of its own that nobody kills: what it saw is the truth that the product is held to. What befalls a request is drawn
from the seed, the person, the step and how often it was asked before, so that a run can be repeated whatever the timing.
`POST /setup` names the webhook addresses and the behaviour, `GET /seen` tells everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import random
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvloop

from bench import provider as bench

APP_SECRET = "s"
AGENT = "agent-1"
CALL = "call"
"""The step of a call; that of a message is its template's name."""
ATTEMPT_KEY = "autoflows_attempt_id"
WEBHOOK_TRIES = 200
WEBHOOK_PAUSE = 0.3

FATES = {
    "ok": 50,
    "early": 14,  # its webhook comes before its own answer
    "reset_before": 5,  # the connection breaks, nothing was done
    "reset_after": 6,  # the connection breaks, and it was done
    "hang_before": 4,
    "hang_after": 5,
    "error_after": 8,  # a server's error page, and it was done
    "refused": 8,  # a definite no that may be tried again
}
DELIVERIES = {"once": 40, "doubled": 20, "reordered": 20, "lost": 20}
ENDINGS = {"answered": 5, "missed": 2, "busy": 1, "voicemail": 1, "failed": 1}
CALM: dict[str, Any] = {"fates": {"ok": 1}, "deliveries": {"once": 1}}
WILD: dict[str, Any] = {"fates": FATES, "deliveries": DELIVERIES}
STATUS = {"answered": "completed", "missed": "no-answer", "busy": "busy", "voicemail": "completed", "failed": "failed"}


@dataclass
class Attempt:
    """What came under one attempt id, and what was done for it."""

    person: str
    step: str
    requests: int = 0
    acted: int = 0
    fate: str = ""
    delivery: str = ""
    ref: str = ""
    ending: str | None = None


@dataclass
class World:
    """All that was asked for, and how to behave."""

    attempts: dict[str, Attempt] = field(default_factory=dict)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    hooks: dict[str, str] = field(default_factory=dict)
    seed: int = 1
    fates: dict[str, int] = field(default_factory=lambda: {"ok": 1})
    deliveries: dict[str, int] = field(default_factory=lambda: {"once": 1})
    endings: dict[str, int] = field(default_factory=lambda: ENDINGS)
    faulty_reads: float = 0.0  # how many of the questions about a call are answered 500
    think: float = 0.0  # the longest time until a request is acted on, in seconds
    talk: float = 0.4  # the longest call
    telling: set[asyncio.Task[None]] = field(default_factory=set)
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=5, trust_env=False))
    senders: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))  # httpx gets slow when many wait in its pool

    def take(self, attempt_id: str, person: str, step: str) -> tuple[Attempt, random.Random]:
        """Count a request and draw what befalls it."""
        self.asked[person, step] += 1
        chance = random.Random(f"{self.seed}:{person}:{step}:{self.asked[person, step]}")
        attempt = self.attempts.setdefault(attempt_id, Attempt(person, step))
        attempt.requests += 1
        attempt.fate, attempt.delivery = draw(chance, self.fates), draw(chance, self.deliveries)
        return attempt, chance

    def tell(self, kind: str, bodies: list[dict[str, Any]], delivery: str) -> list[asyncio.Task[None]]:
        """Send webhooks, each until it is taken; gives what is under way."""
        if delivery == "lost" or not self.hooks.get(kind):
            return []
        tasks = []
        for body in reversed(bodies) if delivery == "reordered" else bodies:
            for _ in range(2 if delivery == "doubled" else 1):
                task = asyncio.create_task(self._deliver(kind, json.dumps(body).encode()))
                self.telling.add(task)
                task.add_done_callback(self.telling.discard)
                tasks.append(task)
        return tasks

    async def _deliver(self, kind: str, raw: bytes) -> None:
        signature = "sha256=" + hmac.new(APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json"} | ({"X-Hub-Signature-256": signature} if kind == "whatsapp" else {})
        for _ in range(WEBHOOK_TRIES):
            with contextlib.suppress(httpx.HTTPError):
                async with self.senders:
                    answer = await self.http.post(self.hooks[kind], content=raw, headers=headers)
                if answer.is_success:
                    return
            await asyncio.sleep(WEBHOOK_PAUSE)


def draw(chance: random.Random, weights: dict[str, int]) -> str:
    """One of the names, by weight."""
    return chance.choices(list(weights), list(weights.values()))[0]


def now_iso() -> str:
    """The present moment as Bolna writes it."""
    return datetime.now(UTC).isoformat()


class Protocol(bench.Protocol):
    """One connection: requests are answered, not answered, or the connection is broken, as their fate says."""

    def __init__(self, world: World) -> None:
        super().__init__(bench.Counts())
        self.world = world

    def answer(self, line: list[str], body: bytes) -> None:
        task = asyncio.create_task(self._answer(line[0], urlsplit(line[1]), body))
        self.world.telling.add(task)
        task.add_done_callback(self.world.telling.discard)

    async def _answer(self, method: str, url: Any, body: bytes) -> None:
        path = url.path
        if method == "POST" and path.endswith("/messages"):
            await self._message(json.loads(body))
        elif (method, path) == ("POST", "/call"):
            await self._call(json.loads(body))
        elif method == "GET" and path.startswith("/executions/"):
            self._execution(path.rsplit("/", 1)[1])
        elif method == "GET" and path.startswith("/v2/agent/"):
            self._listing(parse_qs(url.query))
        elif (method, path) == ("POST", "/setup"):
            for name, value in json.loads(body).items():
                setattr(self.world, name, value)
            self.write({})
        elif (method, path) == ("GET", "/seen"):
            under_way = len(self.world.telling) - 1  # without this very answer
            self.write({"attempts": {key: asdict(value) for key, value in self.world.attempts.items()}, "under_way": under_way})
        else:
            self.write({"error": 404, "message": "Not found"}, 404)

    def write(self, answer: dict[str, Any], status: int = 200) -> None:
        """Answer with JSON, if the other side still listens."""
        self._send(status, b"application/json", json.dumps(answer).encode())

    def _send(self, status: int, kind: bytes, body: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            head = b"HTTP/1.1 %d X\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body))
            self.transport.write(head + body)

    def _befall(self, fate: str, answer: dict[str, Any], refusal: dict[str, Any], refusal_status: int) -> None:
        """Answer as the fate says; what was done is done already."""
        assert self.transport is not None
        if fate.startswith("reset"):
            self.transport.abort()
        elif fate == "error_after":
            self._send(500, b"text/html", b"<html>Internal Server Error</html>")
        elif fate == "refused":
            self.write(refusal, refusal_status)
        elif not fate.startswith("hang"):
            self.write(answer)

    async def _message(self, message: dict[str, Any]) -> None:
        world, attempt_id = self.world, message.get("biz_opaque_callback_data", "")
        attempt, chance = world.take(attempt_id, message["to"].lstrip("+"), message["template"]["name"])
        await asyncio.sleep(chance.uniform(0, world.think))
        if attempt.fate not in ("refused", "reset_before", "hang_before"):
            attempt.acted += 1
            attempt.ref = f"wamid.{attempt_id}.{attempt.acted}"
            # Meta gives our data back in a status; where it does not, only its own name for the message is left.
            named = attempt.fate != "early" or chance.random() < 0.5
            states = [status_body(attempt, attempt_id if named else None, state) for state in ("sent", "delivered")]
            told = world.tell("whatsapp", states, attempt.delivery)
            if attempt.fate == "early" and told:
                await asyncio.wait(told, timeout=1)
        accepted = {"messaging_product": "whatsapp", "contacts": [], "messages": [{"id": attempt.ref}]}
        self._befall(attempt.fate, accepted, {"error": {"code": 130429, "message": "Rate limit hit", "type": "OAuthException"}}, 400)

    async def _call(self, request: dict[str, Any]) -> None:
        world, user_data = self.world, request.get("user_data", {})
        attempt_id = str(user_data.get(ATTEMPT_KEY, ""))
        attempt, chance = world.take(attempt_id, request["recipient_phone_number"].lstrip("+"), CALL)
        await asyncio.sleep(chance.uniform(0, world.think))
        if attempt.fate not in ("refused", "reset_before", "hang_before"):
            attempt.acted += 1
            attempt.ref, attempt.ending = f"call-{attempt_id}-{attempt.acted}", draw(chance, world.endings)
            world.calls[attempt.ref] = {
                "id": attempt.ref,
                "status": "in-progress",
                "created_at": now_iso(),
                "telephony_data": {"to_number": request["recipient_phone_number"]},
                "context_details": {"recipient_data": user_data},
            }
            if attempt.fate == "early":
                told = self._end(attempt)
                if told:
                    await asyncio.wait(told, timeout=1)
            else:
                asyncio.get_running_loop().call_later(chance.uniform(0.05, world.talk), self._end, attempt)
        accepted = {"message": "done", "status": "queued", "execution_id": attempt.ref}
        self._befall(attempt.fate, accepted, {"error": 429, "message": "Too many requests"}, 429)

    def _end(self, attempt: Attempt) -> list[asyncio.Task[None]]:
        """The call is over: its execution says how, and so do the webhooks."""
        execution, ending = self.world.calls[attempt.ref], attempt.ending or ""
        before = {**execution, "status": "in-progress"}
        execution |= {
            "status": STATUS[ending],
            "conversation_duration": 20 if ending == "answered" else None,
            "answered_by_voice_mail": ending == "voicemail",
            "updated_at": now_iso(),
        }
        return self.world.tell("bolna", [before, dict(execution)], attempt.delivery)

    def _execution(self, ref: str) -> None:
        execution = self.world.calls.get(ref)
        if execution is None:
            self.write({"error": 404, "message": "Execution not found"}, 404)
        elif random.random() < self.world.faulty_reads:
            self.write({"error": 500, "message": "Internal server error"}, 500)
        else:
            self.write(execution)

    def _listing(self, query: dict[str, list[str]]) -> None:
        start, end = (datetime.fromisoformat(query[name][0]) for name in ("from", "to"))
        page, size = int(query.get("page_number", ["1"])[0]), int(query.get("page_size", ["20"])[0])
        found = [
            {name: call[name] for name in ("id", "status", "created_at", "telephony_data")}
            for call in reversed(self.world.calls.values())
            if start <= datetime.fromisoformat(call["created_at"]) <= end
        ]
        first = (page - 1) * size
        self.write({"page_number": page, "page_size": size, "data": found[first : first + size], "has_more": first + size < len(found)})


def status_body(attempt: Attempt, attempt_id: str | None, state: str) -> dict[str, Any]:
    """A status webhook as Meta sends it."""
    status: dict[str, Any] = {"id": attempt.ref, "status": state, "timestamp": str(int(datetime.now(UTC).timestamp()))}
    status |= {"recipient_id": attempt.person} | ({"biz_opaque_callback_data": attempt_id} if attempt_id else {})
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}, "statuses": [status]}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}


async def _serve(port: int) -> None:
    world = World()
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(world), "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
