"""The figures as tables: of one run, and of two runs side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def table(results: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    return lines(_rows(results))


def lines(rows: Iterable[tuple[str, str]]) -> str:
    """Names and figures as a Markdown table."""
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {name} | {figure} |" for name, figure in rows)])


def _rows(results: dict[str, Any]) -> Iterator[tuple[str, str]]:
    ingest = results["ingest"]
    yield "leads accepted and durable", f"{ingest['per_second']}/s, p50 {ingest.get('p50')}, p99 {ingest.get('p99')} ms; {_cost(ingest)}"
    at = results["ingest_at"]
    yield f"ingest call at {at['rate']:g}/s", f"p50 {at.get('p50')}, p95 {at.get('p95')}, p99 {at.get('p99')} ms; {_cost(at)}"
    yield from _burst("burst, one worker", results["burst"])
    if "burst_two_workers" in results:
        yield from _burst("burst, two workers", results["burst_two_workers"])
    yield from _steady(results["steady"], "")
    if "big" in results:
        big = results["big"]
        rows = ", ".join(f"{count:,} {name}" for name, count in big["rows"].items())
        yield "large tables", f"{rows}; {big['database_gib']} GiB, filled in {big['seed_seconds']} s"
        for name, plan in big["plans"].items():
            yield f"large tables: {name}", f"{plan['ms']:g} ms"
        yield from _steady([big["steady"]], "large tables: ")
    upload = results["upload"]
    lag, beside = upload["answered_to_first_request"], f"beside an upload of {upload['uploaded']:,} leads"
    what = f"{beside}: fresh lead answered -> first provider request at {upload['rate']:g}/s"
    yield what, f"p50 {lag['p50']}, p95 {lag['p95']}, p99 {lag['p99']} ms, {upload['never_reached']} never reached"
    yield f"{beside}: worked off meanwhile", f"{upload['uploaded_per_second']}/s; {_cost(upload)}"
    yield "whole product ready", f"{results['start_seconds']} s"
    yield "worker ready", f"{results['worker_start_seconds']} s"
    yield "memory, idle", f"{results['idle']['total_mib']} MiB"
    for name, figures in results["idle"]["processes"].items():
        yield f"idle: {name}", f"{figures['cpu_percent']} % CPU, {figures['mib']} MiB"
    yield "leads unaccounted for", str(results["ledger"]["unaccounted"])


def _cost(figures: dict[str, Any]) -> str:
    each = ", ".join(f"{name} {ms}" for name, ms in figures["cpu_ms"].items() if name != "all" and ms >= 0.05)
    ours, busy = figures["machine_ours"], figures["machine_busy"]
    return f"CPU ms per lead: {each}, in all {figures['cpu_ms']['all']}; {ours:.0%} of the machine was ours, {busy:.0%} busy"


def _burst(name: str, figures: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield f"{name}: {figures['leads']} leads x {figures['steps']}", f"{figures['executions_per_second']} executions/s; {_cost(figures)}"
    waits = ", ".join(f"{wait} {share} %" for wait, share in figures["waits"].items())
    yield f"{name}: database sessions", f"{waits}; waiting for another's rows {figures['waits_for_rows']} %"
    yield f"{name}: requests sent twice", str(figures["repeated"])


def _steady(phases: list[dict[str, Any]], prefix: str) -> Iterator[tuple[str, str]]:
    for figures in phases:
        for name in ("posted", "answered"):
            lag = figures[f"{name}_to_first_request"]
            what = f"{prefix}lead {name} -> first provider request at {figures['rate']:g}/s"
            yield what, f"p50 {lag['p50']}, p95 {lag['p95']}, p99 {lag['p99']} ms, {figures['never_reached']} never reached"
        yield f"{prefix}at {figures['rate']:g}/s", _cost(figures)


COMPARED = {
    "leads accepted per second": ("ingest", "per_second"),
    "ingest: CPU per lead": ("ingest", "cpu_ms", "all"),
    "ingest: CPU per lead, web": ("ingest", "cpu_ms", "web"),
    "ingest: CPU per lead, PostgreSQL": ("ingest", "cpu_ms", "PostgreSQL"),
    "ingest call, p50": ("ingest_at", "p50"),
    "ingest call, p99": ("ingest_at", "p99"),
    "executions per second, one worker": ("burst", "executions_per_second"),
    "executions per second, two workers": ("burst_two_workers", "executions_per_second"),
    "burst: CPU per lead": ("burst", "cpu_ms", "all"),
    "burst: CPU per lead, web": ("burst", "cpu_ms", "web"),
    "burst: CPU per lead, worker": ("burst", "cpu_ms", "worker 1"),
    "burst: CPU per lead, PostgreSQL": ("burst", "cpu_ms", "PostgreSQL"),
    "answered -> first request at 50/s, p50": ("steady", -1, "answered_to_first_request", "p50"),
    "answered -> first request at 50/s, p99": ("steady", -1, "answered_to_first_request", "p99"),
    "at 50/s: CPU per lead": ("steady", -1, "cpu_ms", "all"),
    "large tables: answered -> first request, p50": ("big", "steady", "answered_to_first_request", "p50"),
    "large tables: answered -> first request, p99": ("big", "steady", "answered_to_first_request", "p99"),
    "large tables: claim executions": ("big", "plans", "claim executions", "ms"),
    "large tables: claim lead events": ("big", "plans", "claim lead events", "ms"),
    "large tables: ledger unaccounted": ("big", "plans", "ledger unaccounted", "ms"),
    "beside an upload: answered -> first request, p50": ("upload", "answered_to_first_request", "p50"),
    "beside an upload: answered -> first request, p99": ("upload", "answered_to_first_request", "p99"),
    "worker ready": ("worker_start_seconds",),
    "memory, idle": ("idle", "total_mib"),
}


def comparison(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Ratios of two runs as a Markdown table; they mean something when both were made on one machine in the same hour."""
    lines = ["| what | before | after | after / before |", "|---|---|---|---|"]
    for name, path in COMPARED.items():
        old, new = _at(before, path), _at(after, path)
        if old is not None and new is not None:
            lines.append(f"| {name} | {old:g} | {new:g} | {f'{new / old:.2f}' if old else '-'} |")
    return "\n".join(lines)


def _at(results: Any, path: tuple[str | int, ...]) -> float | None:
    for key in path:
        try:
            results = results[key]
        except (KeyError, IndexError, TypeError):
            return None
    return float(results)
