"""Many tabs on the list of executions while leads run through: how late each of them is, and what that costs.

The tabs are sockets in a process of their own, and one real browser whose paint is measured. Lateness is from the news of an execution
(a worker publishes it right after its commit) until a tab shows that execution or a newer one; all clocks are this machine's.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from typing import Any

import psutil
from playwright.async_api import async_playwright

from bench import load, measure
from bench.sockets import LIST_PAGE, Lateness, follow_news
from bench.stack import PASSWORD, ROOT, Stack, autoflows, connect_whatsapp, free_port, running, whatsapp_flow
from bench.usage import seconds_of

PEOPLE = {"manager": 4, "viewer": 4}
"""Who watches besides the owner: what they may see differs, so not all of them can share."""
ONE_EXECUTION_EACH = 20
"""One of so many tabs shows a single execution instead of the list."""
WARM_SECONDS = 10.0
SAMPLE_SECONDS = 5.0

SEE = """
() => {
  const id = /[0-9a-f]{8}-[0-9a-f-]{27}/;
  const newest = () => {
    let top = "";
    for (const link of document.querySelectorAll('main a[href*="/executions/"]')) {
      const found = link.getAttribute("href").match(id);
      if (found && found[0] > top) top = found[0];
    }
    return top;
  };
  window.seen = [];
  let last = "", waiting = false;
  const look = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      const top = newest();
      const painted = new MessageChannel();
      painted.port1.onmessage = () => { if (top !== last) { last = top; window.seen.push([Date.now() / 1000, top]); } };
      painted.port2.postMessage(0);
    });
  };
  const all = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver(look).observe(document.querySelector("main"), all);
  look();
}
"""


def run(amount: int, rate: float, seconds: float, workers: int) -> dict[str, Any]:
    """The figures of so many tabs, on one fresh product."""
    port = free_port()
    counting = subprocess.Popen([sys.executable, "-m", "bench.provider", str(port)], cwd=ROOT)
    try:
        with running(workers) as stack:
            whatsapp_flow(stack, connect_whatsapp(stack, port), measure.STEPS)
            return {"machine": measure.machine(), **asyncio.run(_measure(stack, {"provider": counting.pid}, amount, rate, seconds))}
    finally:
        counting.terminate()
        counting.wait(5)


async def _measure(stack: Stack, others: dict[str, int], amount: int, rate: float, seconds: float) -> dict[str, Any]:
    cookies = [sign_in(stack.url, email) for email in people(stack)]
    await load.steady(stack.port, stack.token, rate, 1.0)
    await asyncio.to_thread(measure.wait_idle, stack)
    known = [row["id"] for row in stack.api("GET", "/api/automation/executions?limit=50")["data"]]
    single = amount // ONE_EXECUTION_EACH
    paths = [f"{LIST_PAGE}/{known[n % len(known)]}" for n in range(single)] + [LIST_PAGE] * (amount - single)
    redis_url = stack.instance()["redis_url"]
    asked = json.dumps({"port": stack.port, "redis_url": redis_url, "cookies": cookies, "paths": paths})
    before_tabs = web_mib(stack)
    sockets = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.sockets", asked),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**28,
    )
    assert sockets.stdin is not None
    assert sockets.stdout is not None
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        name, value = cookies[0].split("=", 1)
        await context.add_cookies([{"name": name, "value": value, "url": stack.url}])
        page = await context.new_page()
        await page.goto(stack.url + LIST_PAGE)
        await page.wait_for_selector('main[data-ready="true"]')
        if (said := await sockets.stdout.readline()) != b"open\n":
            raise RuntimeError(f"the tabs did not open: {said!r}")
        pixels = Lateness()
        news = asyncio.create_task(follow_news(redis_url, pixels))
        with_tabs = web_mib(stack)
        warm = asyncio.create_task(load.steady(stack.port, stack.token, rate, WARM_SECONDS + seconds))
        await asyncio.sleep(WARM_SECONDS)
        await page.evaluate(SEE)
        processes = {**stack.children(), **others, "sockets": sockets.pid, "load and news": os.getpid()}
        cpu = _cpu(processes)
        sockets.stdin.write(b"go\n")
        memory = await _sampled(stack, seconds)
        used = {name: round((now - cpu[name]) / seconds * 100, 1) for name, now in _cpu(processes).items()}
        sockets.stdin.write(b"stop\n")
        posted = await warm
        answer = json.loads(await sockets.stdout.readline())
        for at, newest in await page.evaluate("window.seen"):
            pixels.shows(page, newest, at)
        news.cancel()
        await browser.close()
    sockets.stdin.close()
    await sockets.wait()
    await asyncio.sleep(SAMPLE_SECONDS)
    return {
        "tabs": amount,
        "on_one_execution": single,
        "people": 1 + sum(PEOPLE.values()),
        "leads_per_second": rate,
        "seconds": seconds,
        "refused": posted.refused,
        "sockets": _figures(answer["seconds"], len(paths) - single),
        "pixels": _figures(pixels.seconds, 1),
        "refreshes_per_second": round(answer["lists_per_second"], 1),
        "refreshes_per_tab_and_second": round(answer["lists_per_second"] / max(amount - single, 1), 2),
        "kib_per_tab_and_second": round(answer["bytes_per_second"] / 1024 / amount, 1),
        "closed": answer["closed"],
        "cpu_percent": used,
        "web_mib": {"before": before_tabs, "with_tabs": with_tabs, "samples": memory, "after": web_mib(stack)},
    }


def people(stack: Stack) -> list[str]:
    """The e-mail addresses of those who watch; members of the owner's account are made."""
    emails = ["owner@example.com"]
    for role, number in PEOPLE.items():
        for n in range(number):
            emails.append(f"{role}{n}@example.com")
            arguments = ("--email", emails[-1], "--password", PASSWORD, "--role", role, "--owner", emails[0])
            autoflows(stack.home, "user", "create", *arguments)
    return emails


def sign_in(url: str, email: str) -> str:
    """A session's cookie, as a browser sends it."""
    body = json.dumps({"email": email, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{url}/api/login", data=body, headers={"Content-Type": "application/json", "X-Requested-With": "x"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.headers["Set-Cookie"]).split(";")[0]


def web_mib(stack: Stack) -> float:
    """What the web process and its children hold in memory of their own."""
    web = psutil.Process(stack.children()["web"])
    return round(sum(p.memory_full_info().uss for p in [web, *web.children(recursive=True)]) / 2**20, 1)


async def _sampled(stack: Stack, seconds: float) -> list[float]:
    """The web process's memory every few seconds, for so long."""
    until, samples = time.monotonic() + seconds, [web_mib(stack)]
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(SAMPLE_SECONDS, left))
        samples.append(web_mib(stack))
    return samples


def _cpu(processes: dict[str, int]) -> dict[str, float]:
    """CPU seconds by name; what is ours and has no name of its own is the browser's."""
    found = {name: seconds_of(psutil.Process(pid)) for name, pid in processes.items() if pid != os.getpid()}
    own = next(name for name, pid in processes.items() if pid == os.getpid())
    found[own] = sum(os.times()[:2])
    found["browser"] = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            if "chrom" in child.name() or "node" in child.name():
                found["browser"] += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return found


def _figures(seconds: list[float], tabs: int) -> dict[str, Any]:
    return {"of": len(seconds), "per_tab": round(len(seconds) / max(tabs, 1)), **measure.quantiles(seconds)}


def table(figures: dict[str, Any]) -> str:
    """The figures for people."""
    memory, cpu = figures["web_mib"], figures["cpu_percent"]
    growth = statistics.mean(memory["samples"][-3:]) - statistics.mean(memory["samples"][:3])
    lines = {
        "tabs": f"{figures['tabs']} of {figures['people']} people, {figures['on_one_execution']} of them on one execution; and a browser",
        "leads": f"{figures['leads_per_second']:g}/s for {figures['seconds']:g} s, {figures['refused']} refused",
        "news -> socket": _late(figures["sockets"]),
        "news -> pixel": _late(figures["pixels"]),
        "refreshes": f"{figures['refreshes_per_second']:g}/s in all, {figures['refreshes_per_tab_and_second']:g}/s each; "
        f"{figures['kib_per_tab_and_second']:g} KiB/s each; {figures['closed']} sockets lost",
        "CPU, percent of a core": ", ".join(f"{name} {used:g}" for name, used in cpu.items()) + f"; in all {sum(cpu.values()):.0f}",
        "web, MiB": f"{memory['before']:g} before, {memory['with_tabs']:g} with tabs, {memory['samples'][0]:g} to "
        f"{memory['samples'][-1]:g} while measured ({growth:+.1f}), {memory['after']:g} after",
    }
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {name} | {figure} |" for name, figure in lines.items())])


def _late(figures: dict[str, Any]) -> str:
    if "p50" not in figures:
        return "nothing was seen"
    return f"p50 {figures['p50']:g}, p95 {figures['p95']:g}, p99 {figures['p99']:g} ms, of {figures['of']:,}"
