"""Running the sandbox world: one HTTP port for Bolna, WhatsApp, the control routes and the page, one port for mail."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.routing import Mount

from autoflows.sandbox import bolna, control, whatsapp
from autoflows.sandbox.bolna_calls import BolnaError
from autoflows.sandbox.mail import start_mail
from autoflows.sandbox.whatsapp_templates import GraphError
from autoflows.sandbox.world import World

log = logging.getLogger(__name__)

READY_SECONDS = 10.0


def application(world: World) -> Starlette:
    """The HTTP side of `world`."""
    app = Starlette(
        routes=[Mount("/bolna", routes=bolna.ROUTES), Mount("/graph", routes=whatsapp.ROUTES), *control.ROUTES],
        exception_handlers={
            BolnaError: bolna.refusal,
            GraphError: whatsapp.refusal,
            control.ControlError: control.refusal,
        },
    )
    app.state.world = world
    return app


@asynccontextmanager
async def running(world: World, port: int, smtp_port: int, host: str = "127.0.0.1") -> AsyncIterator[World]:
    """Serve `world` while the block runs. Raises `OSError` with a plain sentence if a port cannot be had."""
    _must_be_free(host, port)
    mail = await _mail(world, host, smtp_port)
    server = Server(application(world), address=host, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    try:
        await _until_ready(serving, host, port)
        yield world
    finally:
        await world.close()
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.gather(serving, return_exceptions=True)
        mail.close()


def _must_be_free(host: str, port: int) -> None:
    """Asked beforehand: the web server would share a taken port or fail in its own thread."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(f"The sandbox's port {port} cannot be used: {error}. Choose another one.") from error


async def _mail(world: World, host: str, port: int) -> asyncio.Server:
    try:
        return await start_mail(world, host, port)
    except OSError as error:
        raise OSError(f"The sandbox's mail port {port} cannot be used: {error}. Choose another one.") from error


async def _until_ready(serving: asyncio.Task[None], host: str, port: int) -> None:
    """Return once the port takes connections."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            if serving.done():
                raise OSError(f"The sandbox's web server on port {port} did not start.") from serving.exception()
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            await writer.wait_closed()
            return


async def serve(
    port: int = 8600,
    smtp_port: int | None = None,
    speed: float = 10.0,
    *,
    host: str = "127.0.0.1",
    seed: int | None = None,
    concurrency: int = 100,
    bolna_webhook_url: str | None = None,
    whatsapp_callback_url: str | None = None,
    state: Path | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set (or for ever).

    `smtp_port` is `port` + 1 where it is None. `speed` divides the vendors' delays. The two addresses are set at the start, as an
    admin would at the vendors; WhatsApp's is verified as often as it takes until our web process answers. `state` is a file that keeps
    the addresses from one start to the next.
    """
    world = World(speed, seed, concurrency, state)
    if bolna_webhook_url:
        control.set_bolna_webhook(world, bolna_webhook_url)
    async with running(world, port, smtp_port or port + 1, host):
        log.info("sandbox on http://%s:%s, mail on %s", host, port, smtp_port or port + 1)
        subscribing = asyncio.create_task(_subscribe(world, whatsapp_callback_url))
        try:
            await (stop or asyncio.Event()).wait()
        finally:
            subscribing.cancel()
            await asyncio.gather(subscribing, return_exceptions=True)


async def _subscribe(world: World, url: str | None) -> None:
    while url and (problem := await whatsapp.subscribe(world, url)):
        log.debug("WhatsApp callback not verified yet: %s", problem)
        await asyncio.sleep(1)


def main(
    port: int = 8600,
    smtp_port: int | None = None,
    speed: float = 10.0,
    *,
    host: str = "127.0.0.1",
    seed: int | None = None,
    concurrency: int = 100,
    bolna_webhook_url: str | None = None,
    whatsapp_callback_url: str | None = None,
    state: Path | None = None,
) -> None:
    """`autoflows sandbox`: serve until SIGINT or SIGTERM. Parameters as in `serve`."""

    async def run() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        await serve(
            port,
            smtp_port,
            speed,
            host=host,
            seed=seed,
            concurrency=concurrency,
            bolna_webhook_url=bolna_webhook_url,
            whatsapp_callback_url=whatsapp_callback_url,
            state=state,
            stop=stop,
        )

    asyncio.run(run())
