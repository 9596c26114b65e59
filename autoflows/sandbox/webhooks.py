"""Webhooks out of the sandbox: delivered, repeated until a 2xx comes, and spoiled by the faults that are on.

How often Bolna and Meta repeat is not documented in numbers; here it is after 1, 2, 4 ... 60 real seconds, `ATTEMPTS` times.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from typing import Any

import httpx

from autoflows.sandbox.world import APP_SECRET, World

log = logging.getLogger(__name__)

ATTEMPTS = 16
LONGEST_PAUSE = 60.0
MOST_WAITING = 20_000
"""Webhooks waiting at the same time; beyond that new ones are lost, as a vendor's queue would."""


def body_of(payload: dict[str, Any]) -> bytes:
    """The payload as it stands now, as the bytes to sign and send."""
    return json.dumps(payload, separators=(",", ":")).encode()


async def deliver(world: World, url: str, raw: bytes, *, signed: bool = False) -> None:
    """Deliver one webhook with the body `raw`; returns when it is done with, one way or the other."""
    faults = world.faults
    if world.happens(faults.lost) or len(world.tasks) > MOST_WAITING:
        world.webhooks["lost"] += 1
        return
    if world.happens(faults.reordered):
        world.webhooks["held_back"] += 1
        await world.sleep(world.random.uniform(5, 60))
    copies = 2 if world.happens(faults.duplicates) else 1
    world.webhooks["duplicated"] += copies - 1
    for _ in range(copies):
        await _until_taken(world, url, raw, signed)


async def _until_taken(world: World, url: str, raw: bytes, signed: bool) -> None:
    headers = {"Content-Type": "application/json"}
    if signed:
        headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()
    for attempt in range(ATTEMPTS):
        if attempt:
            world.webhooks["repeated"] += 1
            await asyncio.sleep(min(2.0 ** (attempt - 1), LONGEST_PAUSE))
        try:
            async with world.webhook_slots:
                answer = await world.http.post(url, content=raw, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.debug("webhook to %s failed: %r", url, error)
            continue
        if answer.is_success:
            world.webhooks["delivered"] += 1
            return
    world.webhooks["given_up"] += 1
