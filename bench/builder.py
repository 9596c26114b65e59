"""The flow builder in a browser: how soon an edit is seen, what it costs on the socket, and what publishing costs beside many leads."""

from __future__ import annotations

import asyncio
import http.cookiejar
import json
import re
import shutil
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from playwright.async_api import Page, WebSocket, async_playwright

from bench.big import OWNER, QUICKLY, SECONDS
from bench.database import connect
from bench.measure import quantiles
from bench.stack import PASSWORD, Stack, connect_whatsapp, free_port

SIZES = (100, 200)
EDITS = 40
ASKED = 30
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

# From the moment a field is left until the card that shows it has been drawn: two frames after the text is in the page.
EDIT = """
([field, value, card, text]) => new Promise((resolve) => {
  const input = document.querySelector(field), shown = document.querySelector(card);
  input.focus();
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, value);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  const began = performance.now();
  const look = new MutationObserver(() => {
    if (!shown.innerText.includes(text)) return;
    look.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)));
  });
  look.observe(document.body, { subtree: true, childList: true, characterData: true });
  input.blur();
})
"""
SELECT = """
([card, title]) => new Promise((resolve) => {
  const began = performance.now();
  const look = new MutationObserver(() => {
    if (document.querySelector("#inspector h2").innerText !== title) return;
    look.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)));
  });
  look.observe(document.body, { subtree: true, childList: true, characterData: true });
  document.querySelector(card).click();
})
"""
PEOPLE = """
INSERT INTO contacts (id, user_id, name, phone, company, lead_source, entry_type, created_at, updated_at)
SELECT uuidv7(), $1, 'Person ' || n, '+9170' || lpad(n::text, 8, '0'), 'Company ' || n % 1000, 'Website', 'api', now(), now()
FROM generate_series(1, $2::int / 10) AS n
"""
LEADS = """
INSERT INTO lead_events (id, user_id, contact_id, lead_source, entry_type, external_id, request_hash, payload, received_at, disposition,
                         reason, trace, due_at)
SELECT uuidv7(), $1, c.id, 'Website', 'api', c.phone || '-' || k, '', '{}', now() - random() * interval '40 days', 'no_match', '', '[]',
       NULL
FROM contacts c, generate_series(1, 10) AS k WHERE c.user_id = $1
"""
RECENT = """
EXPLAIN (ANALYZE, BUFFERS) SELECT e.lead_source, e.entry_type, c.name, c.phone, c.email, c.company, c.timezone, c.tags, c.custom_fields
FROM lead_events e JOIN contacts c ON c.id = e.contact_id
WHERE e.user_id = $1 AND e.received_at >= now() - interval '30 days' AND c.deleted_at IS NULL
ORDER BY e.received_at DESC, e.id DESC LIMIT 5001
"""


def measure(stack: Stack, leads: int) -> dict[str, Any]:
    """All of it, on one fresh product."""
    ids = connect_whatsapp(stack, free_port())
    flows = {size: _flow(stack, ids, size) for size in SIZES}
    found: dict[str, Any] = {"editing": asyncio.run(_editing(stack, flows))}
    found["rest_save"] = {size: _saves(stack, flow) for size, flow in flows.items()}
    found |= asyncio.run(_leads(stack, leads))
    found["impact"] = _impact(stack, flows[SIZES[0]])
    return found


def _flow(stack: Stack, ids: dict[str, str], size: int) -> str:
    """A flow of waits and messages by turns; its id."""
    message = {"whatsapp_phone_number_id": ids["sender"], "template_id": ids["template"], "variable_mappings": {"1": "name"}}
    kinds = (("wait", {"duration_minutes": 10}), ("whatsapp_message", message))
    actions = [
        {"action_order": n, "action_type": kind, "action_config": config} for n, (kind, config) in enumerate(kinds * (size // 2), start=1)
    ]
    conditions = [{"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "Website"}]
    body = {"name": f"{size} steps", "is_enabled": True, "conditions": conditions, "actions": actions}
    return str(stack.api("POST", "/api/automation/flows", body)["id"])


@dataclass
class Wire:
    """What goes over the event socket: each event sent, and the time and size of what came back."""

    sent: list[tuple[float, str]] = field(default_factory=list)
    received: list[tuple[float, str]] = field(default_factory=list)

    def attach(self, socket: WebSocket) -> None:
        """Listen to one socket."""
        socket.on("framesent", lambda text: self.sent.append((time.perf_counter(), str(text))))
        socket.on("framereceived", lambda text: self.received.append((time.perf_counter(), str(text))))

    def trips(self, event: str, answer: str) -> tuple[list[float], list[int]]:
        """Seconds from each such event to the first frame after it that holds `answer`, and the sizes of those frames."""
        took, sizes = [], []
        for began in (at for at, text in self.sent if f'flow_builder.{event}"' in text):
            got = next(((at, len(text)) for at, text in self.received if at > began and answer in text), None)
            if got is not None:
                took.append(got[0] - began)
                sizes.append(got[1])
        return took, sizes


async def _editing(stack: Stack, flows: dict[int, str]) -> dict[int, dict[str, Any]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": name, "value": value, "url": stack.url} for name, value in _sign_in(stack).items()])
        found = {size: await _edit(await context.new_page(), stack.url, flow, size) for size, flow in flows.items()}
        await browser.close()
    return found


def _sign_in(stack: Stack) -> dict[str, str]:
    jar = http.cookiejar.CookieJar()
    request = urllib.request.Request(
        f"{stack.url}/api/login", data=json.dumps({"email": "owner@example.com", "password": PASSWORD}).encode()
    )
    request.add_header("Content-Type", "application/json")
    request.add_header("X-Requested-With", "bench")
    urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar)).open(request, timeout=30).close()
    return {cookie.name: str(cookie.value) for cookie in jar}


async def _edit(page: Page, url: str, flow: str, size: int) -> dict[str, Any]:
    wire = Wire()
    page.on("websocket", wire.attach)
    began = time.perf_counter()
    await page.goto(f"{url}/dashboard/auto-engagement/{flow}/edit")
    await page.wait_for_selector('main[data-ready="true"]')
    await page.wait_for_function(f"document.querySelectorAll('.af-fb-steps > li').length === {size}")
    opened = time.perf_counter() - began
    stops = await page.evaluate("[...document.querySelectorAll('[data-stop]')].map((e) => e.id)")
    card = f"[id='{stops[1]}']"
    amount = f"[id='{stops[1].removeprefix('step-')}-duration_minutes']"
    selected = [await page.evaluate(SELECT, [f"[id='{stops[n]}']", title]) for n, title in _titles(EDITS // 2)]
    await page.evaluate(SELECT, [card, "1. Wait"])
    painted = []
    for n in range(EDITS):
        painted.append(await page.evaluate(EDIT, [amount, str(61 + n), card, f"Wait 1 hour {n + 1} minute"]))
        await page.wait_for_function("document.querySelector('#save-state').innerText.includes('not live')")
        await page.wait_for_timeout(100)
    edits, sizes = wire.trips("set_duration", "cards_rx_state_")
    saves, save_sizes = wire.trips("set_duration", "saved_at_rx_state_")
    await page.close()
    return {
        "opened": round(opened, 2),
        "selected": quantiles([ms / 1000 for ms in selected]),
        "painted": quantiles([ms / 1000 for ms in painted]),
        "edit": quantiles(edits),
        "edit_bytes": max(sizes, default=0),
        "save": quantiles(saves),
        "save_bytes": max(save_sizes, default=0),
    }


def _titles(count: int) -> list[tuple[int, str]]:
    """Steps to select in turn: their place among what can be selected, and the panel's title."""
    return [(n, f"{n}. {'Wait' if n % 2 else 'WhatsApp message'}") for n in range(1, count + 1)]


def _saves(stack: Stack, flow: str) -> dict[str, float]:
    draft = stack.api("POST", f"/api/automation/flows/{flow}/draft")
    took = []
    for n in range(ASKED):
        body = {"revision": draft["revision"], "definition": {**draft["definition"], "description": f"Edit {n}"}}
        began = time.perf_counter()
        draft = stack.api("PUT", f"/api/automation/drafts/{draft['id']}", body)
        took.append(time.perf_counter() - began)
    return quantiles(took)


async def _leads(stack: Stack, amount: int) -> dict[str, Any]:
    """So many lead events, and the plan of the statement that every impact begins with."""
    connection = await connect(stack)
    await connection.execute(QUICKLY)
    account: UUID = await connection.fetchval(OWNER)
    await connection.execute(PEOPLE, account, amount, timeout=SECONDS)
    await connection.execute(LEADS, account, timeout=SECONDS)
    for table in ("contacts", "lead_events"):
        await connection.execute(f"VACUUM (ANALYZE) {table}", timeout=SECONDS)
    plans = [[row[0] for row in await connection.fetch(RECENT, account)] for _ in range(3)]
    rows = await connection.fetchval("SELECT count(*) FROM lead_events", timeout=SECONDS)
    await connection.close()
    ms = min(float(found.group(1)) for plan in plans if (found := re.search(r"Execution Time: ([\d.]+)", "\n".join(plan))))
    return {"lead_events": rows, "recent_leads": {"ms": ms, "plan": plans[-1]}}


def _impact(stack: Stack, flow: str) -> dict[str, float]:
    draft = stack.api("POST", f"/api/automation/flows/{flow}/draft")
    took = []
    for _ in range(ASKED):
        began = time.perf_counter()
        stack.api("GET", f"/api/automation/drafts/{draft['id']}/impact")
        took.append(time.perf_counter() - began)
    return quantiles(took)


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown table, and the plan."""
    rows = []
    for size, one in found["editing"].items():
        rows += [
            (f"{size} steps: opened", f"{one['opened']} s"),
            (f"{size} steps: a card is clicked -> its panel is drawn", _quantiles(one["selected"])),
            (f"{size} steps: a field is left -> its card is drawn", _quantiles(one["painted"])),
            (f"{size} steps: edit on the socket", f"{_quantiles(one['edit'])}, {one['edit_bytes']:,} bytes"),
            (f"{size} steps: edited -> saved, on the socket", f"{_quantiles(one['save'])}, {one['save_bytes']:,} bytes"),
            (f"{size} steps: save by REST", _quantiles(found["rest_save"][size])),
        ]
    rows.append((f"publish impact beside {found['lead_events']:,} lead events", _quantiles(found["impact"])))
    rows.append(("of which the newest leads, in PostgreSQL", f"{found['recent_leads']['ms']:g} ms"))
    lines = ["| what | figure |", "|---|---|", *(f"| {name} | {figure} |" for name, figure in rows)]
    return "\n".join([*lines, "", *(f"    {line}" for line in found["recent_leads"]["plan"])])


def _quantiles(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {ms}" for name, ms in found.items()) + " ms"
