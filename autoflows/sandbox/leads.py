"""Demo leads: made-up people who enquire through the usual sources, posted to `POST /api/contacts` at a steady rate.

Numbers end in digits that force an outcome in the sandbox (docs/sandbox.md), in a realistic mix; addresses are under example.com.
"""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

log = logging.getLogger(__name__)

SOURCES = {"IndiaMART": 45, "TradeIndia": 20, "Website": 20, "Facebook Ads": 15}
ENTRY_TYPES = {"IndiaMART": "integration", "TradeIndia": "integration", "Website": "api", "Facebook Ads": "integration"}
"""Lead sources with their weights, and how a lead of theirs comes in."""

OUTCOMES = {"01": 46, "02": 26, "03": 9, "05": 8, "06": 5, "04": 2, "10": 1, "91": 2, "92": 1}
"""Endings of the numbers with their weights; 91 and 92 decide WhatsApp, and leave the call to chance."""

PREFIXES = ("98765", "99999", "90000", "91234", "99000")
"""Numbers that look made up. Meant for the sandbox alone: India reserves no range for fiction."""

PRODUCTS = (
    "Solar Water Pump", "Drip Irrigation Kit", "Rotavator", "Cattle Feed", "Power Tiller", "Greenhouse Film",
    "Submersible Pump", "Organic Fertiliser", "Milking Machine", "Cold Storage Unit", "Seed Drill", "Water Tank 5,000 l",
)  # fmt: skip
FIRST = ("Asha", "Ravi", "Meena", "Karan", "Divya", "Imran", "Lakshmi", "Nikhil", "Farah", "Suresh", "Priya", "Gopal", "Anita", "Vikram")
LAST = ("Patel", "Sharma", "Nair", "Reddy", "Khan", "Joshi", "Iyer", "Das", "Kulkarni", "Singh", "Bose", "Mehta")
TRADES = ("Agro", "Traders", "Farms", "Enterprises", "Industries", "Dairy", "Exports")
CITIES = ("Pune", "Nashik", "Surat", "Indore", "Jaipur", "Coimbatore", "Guntur", "Ludhiana", "Bharuch", "Hubli")
SPECIAL = {"bounce": 0.02, "busy": 0.01}
"""Names before the @ that the sandbox's mail server refuses, and how often they come."""

LONGEST_PAUSE = 30.0


def demo_lead(number: int, rng: random.Random, now: datetime) -> dict[str, Any]:
    """The lead with this running number, of another person than the leads shortly before."""
    source = rng.choices(list(SOURCES), list(SOURCES.values()))[0]
    ending = rng.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
    first, last = rng.choice(FIRST), rng.choice(LAST)
    box = next((name for name, rate in SPECIAL.items() if rng.random() < rate), f"{first}.{last}.{number}".lower())
    domain = "example.com" if box not in SPECIAL else f"d{number}.example.com"
    product = rng.choice(PRODUCTS)
    return {
        "name": f"{first} {last}",
        "phone": f"+91{PREFIXES[number // 1_000 % len(PREFIXES)]}{number % 1_000:03d}{ending}",
        "email": f"{box}@{domain}",
        "company": f"{last} {rng.choice(TRADES)}",
        "lead_source": source,
        "entry_type": ENTRY_TYPES[source],
        "external_id": f"DEMO-{number:08d}",
        "source_created_at": (now - timedelta(seconds=rng.uniform(1, 8))).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "tags": [product.split()[0].lower()],
        "custom_fields": {"product": product, "quantity": rng.choice([1, 2, 5, 10, 25]), "city": rng.choice(CITIES)},
    }


async def post_lead(http: httpx.AsyncClient, lead: dict[str, Any]) -> httpx.Response:
    """Post one lead until it is taken or refused for good, always with the same `Idempotency-Key`; returns the last answer."""
    pause = 0.5
    while True:
        try:
            answer = await http.post("/api/contacts", json=lead, headers={"Idempotency-Key": lead["external_id"]})
            if answer.status_code < 500 and answer.status_code not in (408, 409, 425, 429):
                return answer
            log.info("lead %s: HTTP %s, trying again", lead["external_id"], answer.status_code)
        except httpx.HTTPError as error:
            log.info("lead %s: %r, trying again", lead["external_id"], error)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def generate(
    autoflows_url: str,
    token: str,
    per_minute: float = 20.0,
    *,
    limit: int | None = None,
    first: int | None = None,
    seed: int | None = None,
    stop: asyncio.Event | None = None,
) -> int:
    """Post leads at `per_minute`, irregularly as in life, until `stop` is set or `limit` is reached; returns how many were taken.

    `first` is the running number to begin with; None takes the clock's, so that a restart brings new people. A lead on its way when
    `stop` is set is given up; the ones before it were answered. Raises `PermissionError` if the token is refused.
    """
    rng = random.Random(seed)  # noqa: S311  # demo data, not secrets
    start = int(datetime.now(UTC).timestamp()) % 10_000_000 if first is None else first
    stopping = asyncio.create_task((stop or asyncio.Event()).wait())
    taken = sent = 0
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with httpx.AsyncClient(base_url=autoflows_url, headers=headers, timeout=15, trust_env=False) as http:
            while limit is None or sent < limit:
                lead = demo_lead(start + sent, rng, datetime.now(UTC))
                answer = await _unless(stopping, post_lead(http, lead))
                if answer is None:
                    break
                if answer.status_code in (401, 403):
                    raise PermissionError(f"The token may not add contacts (HTTP {answer.status_code}): give it the scope contacts:write.")
                if answer.is_success:
                    taken += 1
                else:
                    log.warning("lead %s refused: %s %s", lead["external_id"], answer.status_code, answer.text[:300])
                sent += 1
                pause = rng.expovariate(per_minute / 60)
                if await _unless(stopping, asyncio.sleep(pause, True)) is None:
                    break
    finally:
        stopping.cancel()
    return taken


async def _unless(stopping: asyncio.Task[Any], work: Any) -> Any:
    """The result of `work`, or None (and `work` is dropped) if `stopping` is done first."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
