"""`make bench`: ingest, burst, speed to lead, start and idle cost, as one JSON and one table.

`--big` adds the same on tables of millions of rows, with the plans of the statements that must stay quick; `--compare FILE` sets the
figures against those of an earlier run in the same hour. `--watchers N` measures something else: N tabs that watch leads run through.
`--builder` measures the flow builder in a browser instead, beside so many lead events.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from autoflows.analytics.period import last_days
from autoflows.ids import utc_now
from bench import analytics, big, lists, measure, report, watchers
from bench.database import plans
from bench.stack import ROOT, connect_whatsapp, free_port, running, whatsapp_flow

RATES = (10, 25, 50)
UPLOADED = 100_000
MILLION = 1_000_000
LEADS = 2_000
"""In a burst that tells what keeping the rollups costs."""


def run(results: dict[str, Any], scale: float, workers: int, size: int) -> None:
    """Put all measurements into `results`, on one fresh product; with `size`, again with so many sleeping and so many finished
    executions beside."""
    port = free_port()
    counting = subprocess.Popen([sys.executable, "-m", "bench.provider", str(port)], cwd=ROOT)
    others = {"provider": counting.pid}
    results |= {"machine": measure.machine(), "workers": workers}
    leads, seconds = int(1000 * scale), 20 * scale
    try:
        started = time.perf_counter()
        with running(workers) as stack:
            results["start_seconds"] = round(time.perf_counter() - started, 1)
            with measure.one_more_worker(stack) as (_, ready):
                results["worker_start_seconds"] = ready
            results["idle"] = measure.measure_idle(stack)
            ids = connect_whatsapp(stack, port)
            results["ingest"] = measure.measure_ingest(stack, others, 2 * leads)
            results["ingest_at"] = measure.measure_ingest_at(stack, others, 200, seconds / 2)
            flow = whatsapp_flow(stack, ids, measure.STEPS)
            results["burst"] = measure.measure_burst(stack, others, port, leads)
            with measure.one_more_worker(stack) as (second, _):
                both = {**others, "worker 2": second.pid}
                results["burst_two_workers"] = measure.measure_burst(stack, both, port, leads)
            results["steady"] = [measure.measure_steady(stack, others, port, rate, seconds) for rate in RATES]
            if size:
                results["big"] = asyncio.run(big.seed(stack, size, flow, ids["channel"]))
                results["big"]["plans"] = asyncio.run(plans(stack, UUID(results["big"]["account"])))
                results["big"]["steady"] = measure.measure_steady(stack, others, port, RATES[-1], seconds)
            results["upload"] = measure.measure_beside_upload(stack, others, port, int(UPLOADED * scale), RATES[0], seconds)
            stack.api("DELETE", f"/api/automation/flows/{flow}")
            results["ledger"] = measure.leads_accounted(stack)
    finally:
        counting.terminate()
        counting.wait(5)


def run_analytics(results: dict[str, Any], scale: float, logs: int, kept: Path | None, only: str, save: Callable[[], None]) -> None:
    """Put the analytics' measurements into `results`, on a product with a year of so many logs; `save` is called after each of them."""
    port = free_port()
    counting = subprocess.Popen([sys.executable, "-m", "bench.provider", str(port)], cwd=ROOT)
    try:
        with running(1, kept) as stack:
            results["seed"] = asyncio.run(analytics.seed(stack, logs))
            year = last_days(366, zone="Asia/Kolkata", now=utc_now())
            parts: dict[str, Callable[[], dict[str, Any]]] = {
                "rollups": lambda: analytics.rebuild(stack),
                "endpoints": lambda: analytics.endpoints(stack),
                "plans": lambda: asyncio.run(analytics.plans(stack, UUID(results["seed"]["account"]), year)),
                "upkeep": lambda: analytics.upkeep(stack, {"provider": counting.pid}, port, int(LEADS * scale)),
            }
            for name, part in parts.items():
                if only in name:
                    results[name] = part()
                    save()
    finally:
        counting.terminate()
        counting.wait(5)


def main(arguments: list[str] | None = None) -> None:
    """Run, print the table, write the JSON and the comparison if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the full size; 0.1 for a quick look")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument(
        "--big", type=int, nargs="?", const=MILLION, default=0, metavar="N", help="with N sleeping and N finished executions"
    )
    parser.add_argument(
        "--analytics", type=int, nargs="?", const=5 * MILLION, default=0, metavar="N", help="the analytics alone, on a year of N logs"
    )
    parser.add_argument(
        "--builder", type=int, nargs="?", const=MILLION, default=0, metavar="N", help="the flow builder, beside N lead events"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="print ratios to the figures in this file")
    parser.add_argument("--lists", action="store_true", help="instead: the list of executions beside a million of them (or --big N)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="with --lists or --analytics: keep what was filled here, and use it again")
    parser.add_argument("--only", default="", metavar="TEXT", help="with --lists or --analytics: only what has this in its name")
    parser.add_argument("--watchers", type=int, default=0, metavar="N", help="instead: N tabs on the list of executions, at 50 leads/s")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long --watchers measures")
    options = parser.parse_args(arguments)
    if options.watchers:
        watched = watchers.run(options.watchers, RATES[-1], options.seconds, options.workers)
        if options.json:
            options.json.write_text(json.dumps(watched, indent=1))
        print(watchers.table(watched))
        return
    if options.lists:
        found = lists.run(options.big or MILLION, options.keep, options.only)
        print(lists.table(found), lists.slow(found), sep="\n")
        if options.json:
            options.json.write_text(json.dumps(found, indent=1))
        return
    if options.builder:
        from bench import builder  # it needs a browser, which the rest does not

        with running(0) as stack:
            found = builder.measure(stack, options.builder)
        if options.json:
            options.json.write_text(json.dumps(found, indent=1))
        print(builder.table(found))
        return
    earlier = json.loads(options.compare.read_text()) if options.compare else None
    results: dict[str, Any] = {}

    def save() -> None:
        if options.json:
            options.json.write_text(json.dumps(results, indent=1))

    try:
        if options.analytics:
            run_analytics(results, options.scale, options.analytics, options.keep, options.only, save)
        else:
            run(results, options.scale, options.workers, options.big)
    finally:  # what was measured before a failure took minutes, too
        save()
    if options.analytics:
        print(report.lines(analytics.rows(results)))
        _print_plans(results.get("plans", {}))
        return
    print(report.table(results))
    if "big" in results:
        _print_plans(results["big"]["plans"])
    if earlier is not None:
        print("", report.comparison(earlier, results), sep="\n")


def _print_plans(plans: dict[str, Any]) -> None:
    for name, plan in plans.items():
        print(f"\n{name}: {plan['ms']:g} ms", *plan["plan"], sep="\n    ")


if __name__ == "__main__":
    main()
