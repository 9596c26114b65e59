"""What a phase of the measurement cost: CPU seconds of each process, and how much of the machine was left to us at all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psutil

from bench.stack import Stack


def processes(stack: Stack, others: Mapping[str, int]) -> dict[str, psutil.Process]:
    """The product's processes by the supervisor's names, and `others` (process ids by name)."""
    return {name: psutil.Process(pid) for name, pid in {**stack.children(), **others}.items()}


def seconds_of(process: psutil.Process) -> float:
    """CPU seconds of a process, of its children, and of those that have ended."""
    total = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return total


@contextmanager
def spent(stack: Stack, others: Mapping[str, int], into: dict[str, Any]) -> Iterator[None]:
    """Put the CPU milliseconds per unit of work of the block into `into["cpu_ms"]` (`into["leads"]` are the units), by process.

    `machine_ours` is the share of the whole machine's time that all of them had, the load generator included; `machine_busy` what
    everyone had. When it is busy and not ours, somebody else was measured, too.
    """
    known = processes(stack, others)
    before, own, idle, began = {n: seconds_of(p) for n, p in known.items()}, sum(os.times()[:2]), psutil.cpu_times().idle, time.monotonic()
    yield
    used = {name: seconds_of(process) - before[name] for name, process in known.items()} | {"load": sum(os.times()[:2]) - own}
    capacity = (time.monotonic() - began) * (psutil.cpu_count() or 1)
    into["cpu_ms"] = {name: round(seconds / into["leads"] * 1000, 2) for name, seconds in used.items()}
    into["cpu_ms"]["all"] = round(sum(used.values()) / into["leads"] * 1000, 2)
    into["machine_ours"] = round(sum(used.values()) / capacity, 2)
    into["machine_busy"] = round(1 - (psutil.cpu_times().idle - idle) / capacity, 2)
