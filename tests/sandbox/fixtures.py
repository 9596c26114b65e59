"""A sandbox world, a receiver of webhooks, and channels on them. Real servers on free ports, started once for all tests."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from autoflows.providers import get_provider
from autoflows.providers.base import Connection
from autoflows.sandbox.control import set_bolna_webhook
from autoflows.sandbox.server import running
from autoflows.sandbox.whatsapp import subscribe
from autoflows.sandbox.world import APP_SECRET, BOLNA_KEY, VERIFY_TOKEN, WABA_ID, WHATSAPP_TOKEN, World

SPEED = 400.0


def free_port() -> int:
    """A port that nothing listens on at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Sandbox:
    """A running world and where it is."""

    world: World
    port: int
    smtp_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Receiver:
    """A web server that keeps what is posted to it. `answers` are statuses to give first; then 200."""

    port: int
    bodies: list[dict[str, Any]] = field(default_factory=list)
    raws: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    verify_token: str = VERIFY_TOKEN

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def hook(self, request: Request) -> Response:
        if request.method == "GET":
            asked = request.query_params
            right = asked.get("hub.mode") == "subscribe" and asked.get("hub.verify_token") == self.verify_token
            return PlainTextResponse(asked["hub.challenge"] if right else "no", 200 if right else 403)
        raw = await request.body()
        self.raws.append((raw, dict(request.headers)))
        self.bodies.append(json.loads(raw))
        return PlainTextResponse("", self.answers.pop(0) if self.answers else 200)


async def until(done: Callable[[], Any], seconds: float = 8.0) -> None:
    """Wait until `done()` is true; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110  # the worlds under test set no event
            await asyncio.sleep(0.005)


@pytest.fixture(scope="session")
async def _sandbox_server() -> AsyncIterator[Sandbox]:
    port, smtp_port = free_port(), free_port()
    async with running(World(SPEED, seed=7), port, smtp_port) as world:
        yield Sandbox(world, port, smtp_port)


@pytest.fixture
async def sandbox(_sandbox_server: Sandbox) -> Sandbox:
    """The world, as new: nothing received, no faults, no webhook addresses."""
    world = _sandbox_server.world
    await world.reset()
    set_bolna_webhook(world, None)
    world.callback_url, world.speed, world.concurrency = None, SPEED, 100
    return _sandbox_server


@pytest.fixture(scope="session")
async def _receiver_server() -> AsyncIterator[Receiver]:
    receiver = Receiver(free_port())
    app = Starlette(routes=[Route("/hook", receiver.hook, methods=["GET", "POST"])])
    server = Server(app, port=receiver.port, interface=Interfaces.ASGINL, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient() as http:
        async with asyncio.timeout(10):
            while True:
                try:
                    await http.get(receiver.url)
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.01)
    yield receiver
    server.stop()  # type: ignore[no-untyped-call]
    await serving


@pytest.fixture
async def receiver(_receiver_server: Receiver, sandbox: Sandbox) -> Receiver:
    """An empty receiver that the world's webhooks go to, Bolna's and WhatsApp's."""
    _receiver_server.bodies, _receiver_server.raws, _receiver_server.answers = [], [], []
    set_bolna_webhook(sandbox.world, _receiver_server.url)
    assert await subscribe(sandbox.world, _receiver_server.url) is None
    return _receiver_server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


def connection(
    name: str, http: httpx.AsyncClient, credentials: dict[str, Any], settings: dict[str, Any], timeout: float = 5.0
) -> Connection:
    """A channel as the engine opens it: credentials and settings through the provider's models."""
    provider = get_provider(name)
    return Connection(uuid4(), provider.Credentials(**credentials), provider.Settings(**settings), http, timeout)


@pytest.fixture
def bolna(sandbox: Sandbox, http: httpx.AsyncClient) -> Connection:
    return connection("bolna", http, {"api_key": BOLNA_KEY}, {"base_url": f"{sandbox.url}/bolna"})


@pytest.fixture
def whatsapp(sandbox: Sandbox, http: httpx.AsyncClient) -> Connection:
    keys = {"access_token": WHATSAPP_TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN, "waba_id": WABA_ID}
    return connection("whatsapp_cloud", http, keys, {"base_url": f"{sandbox.url}/graph"})


@pytest.fixture
def smtp(sandbox: Sandbox, http: httpx.AsyncClient) -> Connection:
    settings = {"host": "127.0.0.1", "port": sandbox.smtp_port, "security": "none", "from_email": "hello@example.com"}
    return connection("smtp", http, {"username": "sandbox", "password": "sandbox"}, settings)


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


class RawServer:
    """A TCP server that behaves as badly as `talk` says; for failures that no real server can be asked for."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk

    async def __aenter__(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.talk(reader, writer)
        except ConnectionError:
            return  # the client has gone first
        finally:
            writer.transport.abort()

    async def __aexit__(self, *_: object) -> None:
        self._server.close()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that is bound and does not listen, so that nothing else can take it: every connection is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])
