"""Entering our webhook address at Bolna: it is set per agent, by `PATCH /v2/agent/{id}` (Bolna docs, agents)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from autoflows.providers.base import Connection, ProviderUnavailable
from autoflows.providers.payload import mapping, text
from autoflows.providers.webhooks import OURS
from autoflows.providers.wire import fetch


async def point_agents(connection: Connection, agents: list[dict[str, Any]], url: str, in_use: Collection[str] = ()) -> str:
    """Set `url` at each agent that has no webhook or an older one of ours; says in a sentence what was done.

    An agent that tells another system, or another channel of ours (its secret is `in_use`), is left alone and named.
    Raises `ProviderUnavailable` when Bolna refuses or does not answer.
    """
    told = kept = 0
    others: list[str] = []
    elsewhere: list[str] = []
    for agent in agents:
        agent_id, present = text(agent.get("id")), text(mapping(agent.get("agent_config")).get("webhook_url"))
        if agent_id is None:
            continue
        if present == url:
            kept += 1
        elif present and OURS not in present:
            others.append(text(agent.get("agent_name")) or agent_id)
        elif present and present.rsplit("/", 1)[-1] in in_use:
            elsewhere.append(text(agent.get("agent_name")) or agent_id)
        else:
            await _set_webhook(connection, agent_id, url)
            told += 1
    count = told + kept
    sentence = f"{count} agent{' reports its' if count == 1 else 's report their'} calls to this channel."
    if others:
        sentence += f" Not changed, since they tell another system: {_named(others)}. Enter the channel's webhook address there by hand."
    if elsewhere:
        sentence += f" Not changed, since they report to another channel here: {_named(elsewhere)}. One Bolna account needs one channel."
    return sentence


def _named(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:5]) + (" and more" if len(names) > 5 else "")


async def _set_webhook(connection: Connection, agent_id: str, url: str) -> None:
    address = f"{connection.settings.base_url}/v2/agent/{quote(agent_id, safe='')}"
    headers = {"Authorization": f"Bearer {connection.credentials.api_key}"}
    answer = await fetch(connection, "PATCH", address, headers=headers, json={"agent_config": {"webhook_url": url}})
    if answer.status_code >= 300:
        raise ProviderUnavailable(f"Bolna refused to set the webhook of an agent ({answer.status_code}).")
