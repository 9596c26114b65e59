"""`autoflows up`: the whole product on one machine under one supervisor.

PostgreSQL and Valkey (unless configured from outside), migrations, then the web process, the workers and, with `--demo`, the sandbox world
and its seeding. Prints the URL when a browser can really use it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoflows.embedded import frontend, migrations, postgres, valkey, web
from autoflows.embedded.home import Home, Instance, check_space, lock, open_home, record, running, secret_key
from autoflows.embedded.processes import MARK, CannotStart, Command, end, orphans
from autoflows.embedded.supervisor import Service, Supervisor, console, write
from autoflows.settings import Settings

FIRST_PORT = 8000
COMMAND_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for. `port` None: the first free one from FIRST_PORT on."""

    home: Path
    host: str
    port: int | None
    demo: bool
    leads_per_minute: float
    workers: int


def up(options: Options, settings: Settings) -> None:
    """Run until a signal ends it. Raises CannotStart with the reason if it cannot start; nothing is left running then."""
    home = open_home(options.home)
    if options.port is not None:
        _choose_port(options)  # before the long wait for a build
    frontend.ensure_built(console)
    with _owned(home):
        check_space(home)
        port = _choose_port(options)
        left = orphans(home.root)
        if left:
            console(f"Ending {len(left)} process{'es' if len(left) > 1 else ''} left over from an earlier run")
            end(left)
        asyncio.run(Stack(home, options, settings, port).run())


@contextlib.contextmanager
def _owned(home: Home) -> Iterator[None]:
    """Hold the home. A command that has the database for a moment is waited for; another supervisor is not."""
    deadline = time.monotonic() + COMMAND_PATIENCE_SECONDS
    while True:
        with lock(home, "up") as held:
            if held:
                yield
                return
        instance = running(home)
        if instance and instance.holder == "up":
            where = f" at {instance.url}" if instance.url else ""
            raise CannotStart(
                f"Autoflows already runs in {home.root}{where} (process {instance.pid}). Stop it first, or choose another --home."
            )
        if time.monotonic() > deadline:
            raise CannotStart(f"Another autoflows command still uses {home.root}. Wait for it to end and start again.")
        time.sleep(0.2)


def _choose_port(options: Options) -> int:
    """The port asked for, or the next free one. Raises CannotStart if the one asked for is taken."""
    if options.port is not None:
        if not valkey.port_is_free(options.port, options.host):
            raise CannotStart(f"Port {options.port} on {options.host} is in use. Choose another one with --port, or leave it out.")
        return options.port
    for port in range(FIRST_PORT, FIRST_PORT + 200):
        if valkey.port_is_free(port, options.host):
            if port != FIRST_PORT:
                console(f"Port {FIRST_PORT} is in use, taking {port}")
            return port
    raise CannotStart(f"No free port from {FIRST_PORT} to {FIRST_PORT + 199} on {options.host}. Choose one with --port.")


class Stack:
    """One run of the product: the services, in order, and what they need to know of each other."""

    def __init__(self, home: Home, options: Options, settings: Settings, port: int) -> None:
        self.home = home
        self.options = options
        self.settings = settings
        public_url = settings.public_url if "public_url" in settings.model_fields_set else f"http://localhost:{port}"
        self.instance = Instance(pid=os.getpid(), holder="up", url=public_url, port=port)
        self.environment = {
            MARK: str(home.root),
            "AUTOFLOWS_HOME": str(home.root),
            "AUTOFLOWS_PUBLIC_URL": public_url,
            "AUTOFLOWS_SECRET_KEY": settings.secret_key or secret_key(home),
            "PORT": str(port),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(web.SOURCE),
        }
        if options.demo:
            self.environment["AUTOFLOWS_ALLOW_PRIVATE_NETWORK"] = "1"
        self.sandbox_url = ""
        self.migrated = False
        self.supervisor = Supervisor(console, self._children_changed)
        self.local = f"http://{'127.0.0.1' if options.host in ('0.0.0.0', '::') else options.host}:{port}"  # noqa: S104 - a comparison

    def _children_changed(self, children: dict[str, int]) -> None:
        self.instance.children = children
        record(self.home, self.instance)

    async def run(self) -> None:
        """Start everything, announce it, wait for a signal, stop everything."""
        main = asyncio.current_task()
        assert main is not None
        stopping = False

        def on_signal() -> None:
            nonlocal stopping
            if stopping:
                self.supervisor.hurry()
                return
            stopping = True
            console("Stopping (again to stop at once)")
            main.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup(1) keeps us running
                loop.add_signal_handler(number, on_signal)
        try:
            await self._start()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not stopping:
                raise
        finally:
            await self.supervisor.stop()
        console("Stopped")

    async def _start(self) -> None:
        began = time.monotonic()
        await _together(self._start_database(), self._start_broker())
        record(self.home, self.instance)
        self.environment |= {"AUTOFLOWS_DATABASE_URL": self.instance.database_url, "AUTOFLOWS_REDIS_URL": self.instance.redis_url}
        _, demo = await _together(self._start_web(), self._migrate_then_start_the_rest())
        if demo and self.options.leads_per_minute:
            await self._start_leads(demo["api_token"])
        self.instance.ready = True
        record(self.home, self.instance)
        self._announce(demo, time.monotonic() - began)

    async def _start_database(self) -> None:
        if self.settings.database_url:
            self.instance.database_url = self.settings.database_url
            return
        log = self.home.logs / "postgres.log"
        server = await asyncio.to_thread(postgres.locate, self.home.root, log=log)
        if not (server.data / "PG_VERSION").exists():
            console("Making the database")
        await asyncio.to_thread(postgres.initialise, server)
        command = postgres.command(server)
        await self.supervisor.start(
            Service("PostgreSQL", lambda: command, lambda: postgres.is_ready(server), prepare=lambda: postgres.prepare(server), stage=0)
        )
        self.instance.database_url = server.url
        # Asked here, because the program that migrates takes seconds to find out that there is nothing to do.
        if await asyncio.to_thread(postgres.ask, server, "SELECT to_regclass('alembic_version')"):
            at = await asyncio.to_thread(postgres.ask, server, "SELECT version_num FROM alembic_version")
            self.migrated = at is not None and at == migrations.head()

    async def _start_broker(self) -> None:
        if self.settings.redis_url:
            self.instance.redis_url = self.settings.redis_url
            return
        server = valkey.locate(self.home.run, log=self.home.logs / "valkey.log")
        command = valkey.command(server, {MARK: str(self.home.root)})
        await self.supervisor.start(Service("Valkey", lambda: command, lambda: valkey.is_ready(server), stage=1))
        self.instance.redis_url = server.url

    async def _start_web(self) -> None:
        """Imports for seconds, so it starts while the database is migrated; nobody asks it anything before that is done."""
        command = self._command("web", *web.arguments(host=self.options.host, port=self.instance.port)[1:], env=web.ENVIRONMENT)

        def ready() -> bool:
            return self.migrated and _answers(f"{self.local}/api/health") and _answers(f"{self.local}/login")

        await self.supervisor.start(Service("web", lambda: command, ready, stage=3, seconds=300.0))

    async def _migrate_then_start_the_rest(self) -> dict[str, str] | None:
        if not self.migrated:
            await self.supervisor.run(self._command("migrate", "-m", "autoflows.cli", "migrate"))
            self.migrated = True
        demo, *_ = await _together(self._start_demo(), *(self._start_worker(n) for n in range(self.options.workers)))
        account: dict[str, str] | None = demo
        return account

    async def _start_worker(self, number: int) -> None:
        command = self._command(f"worker-{number + 1}", "-m", "workers", stop_seconds=25.0)
        await self.supervisor.start(Service(f"worker {number + 1}", lambda: command, lambda: True, stage=3))

    async def _start_demo(self) -> dict[str, str] | None:
        if not self.options.demo:
            return None
        ports = _kept_ports(self.home)
        url, smtp = f"http://127.0.0.1:{ports['http']}", ports["smtp"]
        self.sandbox_url = url
        arguments: tuple[str, ...] = ("-m", "autoflows.cli", "sandbox", "--port", str(ports["http"]), "--smtp-port", str(smtp))
        arguments += ("--state", str(self.home.root / "sandbox.json"))
        command = self._command("sandbox", *arguments)
        await self.supervisor.start(Service("sandbox", lambda: command, lambda: _listens(ports["http"]) and _listens(smtp), stage=2))
        printed = await self.supervisor.run(
            self._command("demo", "-m", "autoflows.cli", "demo", "--sandbox-url", url, "--smtp-port", str(smtp))
        )
        account: dict[str, str] = json.loads(printed.splitlines()[-1])
        return account

    async def _start_leads(self, token: str) -> None:
        rate = str(self.options.leads_per_minute)
        arguments = ("-m", "autoflows.cli", "demo-leads", "--url", self.local, "--per-minute", rate)
        command = self._command("demo-leads", *arguments, env={"AUTOFLOWS_DEMO_TOKEN": token})
        await self.supervisor.start(Service("demo leads", lambda: command, lambda: True, stage=4))

    def _command(self, name: str, *arguments: str, env: dict[str, str] | None = None, stop_seconds: float = 10.0) -> Command:
        return Command(
            name=name,
            argv=(sys.executable, *arguments),
            log=self.home.logs / f"{name}.log",
            env={**self.environment, **(env or {})},
            cwd=web.SOURCE,
            stop_seconds=stop_seconds,
        )

    def _announce(self, demo: dict[str, str] | None, seconds: float) -> None:
        lines = [f"Autoflows is ready:  {self.instance.url}"]
        if demo:
            lines += [f"Demo login:          {demo['email']}", f"Demo password:       {demo['password']}"]
            lines += [f"Sandbox world:       {self.sandbox_url}"]
        else:
            lines += [f"First owner:         {self.instance.url}/setup"]
        lines += [f"Data and logs:       {self.home.root}", "Stop with Ctrl-C"]
        rule = "-" * max(len(line) for line in lines)
        console(f"Started in {seconds:.1f} s")
        write("\n".join(["", rule, *lines, rule, "", ""]))


async def _together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """All at the same time; the first failure ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own http URL
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


def _kept_ports(home: Home) -> dict[str, int]:
    """The sandbox's ports, the same ones as last time if they are free: the demo's channels name them."""
    path = home.run / "sandbox.json"
    ports: dict[str, int] = {}
    with contextlib.suppress(FileNotFoundError, ValueError):
        ports = json.loads(path.read_text())
    for name, usual in (("http", 8600), ("smtp", 8601)):
        wanted = ports.get(name, usual)
        ports[name] = wanted if valkey.port_is_free(wanted) else valkey.free_port()
    path.write_text(json.dumps(ports))
    return ports
