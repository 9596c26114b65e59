"""`make bench`: ingest, burst, speed to lead, start and idle cost, as one JSON and one table."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from bench import load, provider
from bench.stack import ROOT, Stack, connect_whatsapp, free_port, running, whatsapp_flow

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
    """Until no execution runs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not stack.api("GET", "/api/automation/executions?status=running&limit=1")["data"]:
            return
        time.sleep(0.2)


def measure_ingest(stack: Stack, amount: int) -> dict[str, Any]:
    """Leads accepted and durable per second with nothing to do for them (no flow matches)."""
    posted, seconds = asyncio.run(load.burst(stack.port, stack.token, amount))
    return {"leads": amount, "per_second": round(amount / seconds), "refused": posted.refused, **quantiles(posted.took)}


def measure_burst(stack: Stack, port: int, amount: int, steps: int) -> dict[str, Any]:
    """Executions per second for so many leads at once, from the first post to the last provider request."""
    provider.ask(port, "/reset", "POST")
    started = time.time()
    posted, seconds = asyncio.run(load.burst(stack.port, stack.token, amount))
    counts = wait_for_requests(port, amount * steps)
    return {
        "leads": amount,
        "steps": steps,
        "executions_per_second": round(amount / (counts["last"] - started), 1),
        "ingest_per_second": round(amount / seconds),
        "requests": counts["requests"],
        "repeated": counts["repeated"],
        "refused": posted.refused,
    }


def measure_steady(stack: Stack, port: int, rate: float, seconds: float) -> dict[str, Any]:
    """Lead posted, and lead answered -> first provider request, and the ingest call itself, at a steady rate."""
    provider.ask(port, "/reset", "POST")
    posted = asyncio.run(load.steady(stack.port, stack.token, rate, seconds))
    counts = wait_for_requests(port, len(posted.answered) * STEPS, 30)
    first = counts["first"]
    # A request may be out before the answer is read here: that is no wait at all.
    from_answer = [max(first[phone] - at, 0.0) for phone, at in posted.answered.items() if phone in first]
    from_post = [first[phone] - at for phone, at in posted.sent.items() if phone in first]
    wait_idle(stack)
    return {
        "rate": rate,
        "leads": len(posted.sent),
        "never_reached": len(posted.sent) - len(from_post),
        "answered_to_first_request": quantiles(from_answer),
        "posted_to_first_request": quantiles(from_post),
        "ingest": quantiles(posted.took),
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


def measure_worker_start(stack: Stack) -> float:
    """Seconds from starting one more worker process to its word that it is ready."""
    instance = stack.instance()
    environment = {
        **os.environ,
        "AUTOFLOWS_DATABASE_URL": instance["database_url"],
        "AUTOFLOWS_REDIS_URL": instance["redis_url"],
        "AUTOFLOWS_SECRET_KEY": "only for this measurement",
    }
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "workers"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        while "worker ready" not in process.stderr.readline():
            if process.poll() is not None:
                raise RuntimeError("the worker did not start")
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()
    return round(time.perf_counter() - started, 2)


def run(scale: float, workers: int) -> dict[str, Any]:
    """All measurements, on one fresh product."""
    port = free_port()
    counting = subprocess.Popen([sys.executable, "-m", "bench.provider", str(port)], cwd=ROOT)
    results: dict[str, Any] = {"machine": machine(), "workers": workers}
    try:
        started = time.perf_counter()
        with running(workers) as stack:
            results["start_seconds"] = round(time.perf_counter() - started, 1)
            results["worker_start_seconds"] = measure_worker_start(stack)
            results["idle"] = measure_idle(stack)
            load_ids = connect_whatsapp(stack, port)
            results["ingest"] = measure_ingest(stack, int(2000 * scale))
            flow = whatsapp_flow(stack, load_ids, STEPS)
            results["burst"] = measure_burst(stack, port, int(1000 * scale), STEPS)
            wait_idle(stack)
            results["steady"] = [measure_steady(stack, port, rate, 20 * scale) for rate in (10, 25, 50)]
            stack.api("DELETE", f"/api/automation/flows/{flow}")
            results["ledger"] = stack.api("GET", "/api/health")["leads"]
    finally:
        counting.terminate()
        counting.wait(5)
    return results


def table(results: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    rows = [
        ("leads accepted and durable", f"{results['ingest']['per_second']}/s, p99 {results['ingest'].get('p99')} ms"),
        ("burst of leads x 3 actions", f"{results['burst']['executions_per_second']} executions/s"),
        ("provider requests sent twice", str(results["burst"]["repeated"])),
    ]
    for steady in results["steady"]:
        for name in ("posted", "answered"):
            lag = steady[f"{name}_to_first_request"]
            what = f"lead {name} -> first provider request at {steady['rate']}/s"
            rows.append((what, f"p50 {lag['p50']}, p95 {lag['p95']}, p99 {lag['p99']} ms, {steady['never_reached']} never reached"))
    rows += [
        ("whole product ready", f"{results['start_seconds']} s"),
        ("worker ready", f"{results['worker_start_seconds']} s"),
        ("memory, idle", f"{results['idle']['total_mib']} MiB"),
        *((f"idle: {name}", f"{f['cpu_percent']} % CPU, {f['mib']} MiB") for name, f in results["idle"]["processes"].items()),
        ("leads unaccounted for", str(results["ledger"]["unaccounted"])),
    ]
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {name} | {figure} |" for name, figure in rows)])


def main(arguments: list[str] | None = None) -> None:
    """Run, print the table, write the JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the full size; 0.1 for a quick look")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    results = run(options.scale, options.workers)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    print(table(results))


if __name__ == "__main__":
    main()
