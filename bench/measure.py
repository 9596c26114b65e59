"""The single measurements. Each gives a dict of figures; none judges them."""

from __future__ import annotations

import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from bench import big, load, provider
from bench.database import moving, watching
from bench.stack import ROOT, Stack
from bench.usage import spent

IDLE_SECONDS = 10.0
STEPS = 3
"""Messages per lead."""


def quantiles(seconds: list[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds."""
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"p{p}": round(cuts[p - 1] * 1000, 1) for p in (50, 95, 99)}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory = psutil.virtual_memory().total / 2**30
    return {"python": platform.python_version(), "system": platform.platform(), "cpus": psutil.cpu_count(), "memory_gib": round(memory, 1)}


def wait_for_requests(port: int, amount: int, seconds: float = 120) -> dict[str, Any]:
    """The provider's counts once it has seen so many requests, or what it has seen by the time limit."""
    deadline = time.monotonic() + seconds
    while True:
        counts: dict[str, Any] = provider.ask(port)
        if counts["requests"] >= amount or time.monotonic() > deadline:
            return counts
        time.sleep(0.05)


def wait_idle(stack: Stack, seconds: float = 60) -> None:
    """Until no lead and no execution needs attention soon; sleepers do not count."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and asyncio.run(moving(stack)):
        time.sleep(0.2)


def measure_ingest(stack: Stack, others: dict[str, int], amount: int) -> dict[str, Any]:
    """Leads accepted and durable per second with nothing to do for them (no flow matches)."""
    figures: dict[str, Any] = {"leads": amount}
    with spent(stack, others, figures):
        posted, seconds = asyncio.run(load.burst(stack.port, stack.token, amount))
    return {**figures, "per_second": round(amount / seconds), "refused": posted.refused, **quantiles(posted.took)}


def measure_ingest_at(stack: Stack, others: dict[str, int], rate: float, seconds: float) -> dict[str, Any]:
    """How long the ingest call takes at a steady rate."""
    figures: dict[str, Any] = {"leads": int(rate * seconds), "rate": rate}
    with spent(stack, others, figures):
        posted = asyncio.run(load.steady(stack.port, stack.token, rate, seconds))
    return {**figures, "refused": posted.refused, **quantiles(posted.took)}


def measure_burst(stack: Stack, others: dict[str, int], port: int, amount: int) -> dict[str, Any]:
    """Executions per second for so many leads at once, from the first post to the last provider request."""
    provider.ask(port, "/reset", "POST")
    figures: dict[str, Any] = {"leads": amount, "steps": STEPS}
    with spent(stack, others, figures), watching(stack, figures):
        started = time.time()
        posted, seconds = asyncio.run(load.burst(stack.port, stack.token, amount))
        counts = wait_for_requests(port, amount * STEPS)
    wait_idle(stack)
    return {
        **figures,
        "executions_per_second": round(amount / (counts["last"] - started), 1),
        "ingest_per_second": round(amount / seconds),
        "requests": counts["requests"],
        "repeated": counts["repeated"],
        "refused": posted.refused,
    }


def measure_steady(stack: Stack, others: dict[str, int], port: int, rate: float, seconds: float) -> dict[str, Any]:
    """Lead posted, and lead answered -> first provider request, and the ingest call itself, at a steady rate."""
    provider.ask(port, "/reset", "POST")
    figures: dict[str, Any] = {"leads": int(rate * seconds), "rate": rate}
    with spent(stack, others, figures):
        posted = asyncio.run(load.steady(stack.port, stack.token, rate, seconds))
        counts = wait_for_requests(port, len(posted.answered) * STEPS, 30)
    first = counts["first"]
    # A request may be out before the answer is read here: that is no wait at all.
    from_answer = [max(first[phone] - at, 0.0) for phone, at in posted.answered.items() if phone in first]
    from_post = [first[phone] - at for phone, at in posted.sent.items() if phone in first]
    wait_idle(stack)
    return {
        **figures,
        "never_reached": len(posted.sent) - len(from_post),
        "answered_to_first_request": quantiles(from_answer),
        "posted_to_first_request": quantiles(from_post),
        "ingest": quantiles(posted.took),
    }


def measure_beside_upload(stack: Stack, others: dict[str, int], port: int, amount: int, rate: float, seconds: float) -> dict[str, Any]:
    """Fresh leads at a steady rate while an upload of so many is being worked off; how much of it was, in that time.

    The provider is asked only for the fresh ones' first request: the upload's keep coming.
    """
    provider.ask(port, "/reset", "POST")
    asyncio.run(big.upload(stack, amount))
    figures: dict[str, Any] = {"leads": int(rate * seconds), "rate": rate, "uploaded": amount}
    started = time.monotonic()
    with spent(stack, others, figures):
        posted = asyncio.run(load.steady(stack.port, stack.token, rate, seconds))
        time.sleep(2)
        counts: dict[str, Any] = provider.ask(port)
    first = counts["first"]
    left = asyncio.run(big.waiting(stack))
    from_answer = [max(first[phone] - at, 0.0) for phone, at in posted.answered.items() if phone in first]
    return {
        **figures,
        "never_reached": len(posted.sent) - len(from_answer),
        "answered_to_first_request": quantiles(from_answer),
        "uploaded_per_second": round((amount - left) / (time.monotonic() - started), 1),
        "upload_left": left,
    }


def measure_idle(stack: Stack) -> dict[str, Any]:
    """CPU and memory of each process with nothing to do. Memory is what would be freed if it ended (PSS where the system tells)."""
    processes = {"supervisor": psutil.Process(stack.process.pid)}
    processes |= {name: psutil.Process(pid) for name, pid in stack.children().items()}
    groups = {name: [p, *(p.children(recursive=True) if name != "supervisor" else [])] for name, p in processes.items()}
    before = {name: sum(sum(p.cpu_times()[:2]) for p in group) for name, group in groups.items()}
    time.sleep(IDLE_SECONDS)
    figures = {}
    for name, group in groups.items():
        used = sum(sum(p.cpu_times()[:2]) for p in group) - before[name]
        figures[name] = {"cpu_percent": round(used / IDLE_SECONDS * 100, 2), "mib": round(sum(_memory(p) for p in group) / 2**20)}
    return {"processes": figures, "total_mib": sum(f["mib"] for f in figures.values())}


def _memory(process: psutil.Process) -> int:
    full = process.memory_full_info()
    return int(getattr(full, "pss", 0) or full.rss)


@contextmanager
def one_more_worker(stack: Stack) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """Another worker process of the same product, and the seconds from its start to its word that it is ready."""
    instance = stack.instance()
    environment = {
        **os.environ,
        "AUTOFLOWS_DATABASE_URL": instance["database_url"],
        "AUTOFLOWS_REDIS_URL": instance["redis_url"],
        "AUTOFLOWS_SECRET_KEY": (stack.home / "secret.key").read_text().strip(),
        "AUTOFLOWS_ALLOW_PRIVATE_NETWORK": "1",
    }
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "workers"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        while "worker ready" not in process.stderr.readline():
            if process.poll() is not None:
                raise RuntimeError("the worker did not start")
        yield process, round(time.perf_counter() - started, 2)
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()


def leads_accounted(stack: Stack, patience: float = 60) -> dict[str, int]:
    """What `/api/health` says of all leads; with millions of them the first count takes longer than a probe waits for it."""
    deadline = time.monotonic() + patience
    while True:
        leads: dict[str, int] | None = stack.api("GET", "/api/health")["leads"]
        if leads is not None:
            return leads
        if time.monotonic() > deadline:
            raise RuntimeError("/api/health does not tell the ledger")
