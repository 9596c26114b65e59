"""The nightly check of enabled flows: what broke under one that nobody touched is told to its team, and resolved once it is mended.

The engine knows no services, and the check is one; so it runs here, beside the engine's own watch, and writes the same notices. A pace in
the database lets one worker do it, once after each midnight (UTC); what is open already is looked at again at every turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from autoflows.domain.errors import Unavailable
from autoflows.domain.notices import Notice, NoticeKind, say
from autoflows.domain.problems import errors_of
from autoflows.engine import live
from autoflows.engine.live import LiveChange
from autoflows.engine.notices import raise_notice, resolve
from autoflows.engine.pool import LOST, Connection, transact
from autoflows.services.flow_check import check_live_flows

log = logging.getLogger(__name__)

TURN_SECONDS = 600.0
PACE = UUID(int=3)
# Taken for an hour, so that another worker does it if this one dies over it; and then until the next midnight.
TAKE = """
INSERT INTO paces AS p (key, next_at) VALUES ($1, clock_timestamp() + interval '1 hour')
ON CONFLICT (key) DO UPDATE SET next_at = excluded.next_at WHERE p.next_at <= clock_timestamp() RETURNING true
"""
DONE = "UPDATE paces SET next_at = date_trunc('day', clock_timestamp(), 'UTC') + interval '1 day' WHERE key = $1"
OPEN = "SELECT user_id, subject, title, detail FROM notifications WHERE kind = $1 AND resolved_at IS NULL"

Fault = tuple[UUID, str]
"""Account and flow."""


async def check_flows_for_ever() -> None:
    """Take turns for ever, whatever the database does."""
    while True:
        try:
            await check_flows()
        except (Unavailable, SQLAlchemyError, *LOST) as error:
            log.warning("flows were not checked, the database does not answer: %s", error)
        except Exception:
            log.exception("checking flows failed; it is tried again")
        await asyncio.sleep(TURN_SECONDS)


async def check_flows() -> list[LiveChange]:
    """Check all enabled flows if that is due, else the accounts with an open notice. Gives what was published. Raises Unavailable."""
    is_due = bool(await transact(_take))
    known = await transact(_open)
    accounts = None if is_due else {account_id for account_id, _ in known}
    seen: dict[Fault, Notice] = {}
    for account in await check_live_flows(accounts) if accounts is None or accounts else []:
        for one in account.problems:
            if errors := errors_of(one.problems):
                notice = say(
                    NoticeKind.FLOW_PROBLEMS,
                    str(one.flow_id),
                    number=len(errors),
                    name=account.names[one.flow_id],
                    reason=errors[0].message,
                )
                seen[account.account_id, str(one.flow_id)] = notice
    changes = await transact(partial(_tell, known, seen, is_due))
    live.publish(changes)
    return changes


async def _take(connection: Connection) -> bool:
    return bool(await connection.fetchval(TAKE, PACE))


async def _open(connection: Connection) -> dict[Fault, tuple[str, str]]:
    rows = await connection.fetch(OPEN, NoticeKind.FLOW_PROBLEMS.value)
    return {(row["user_id"], row["subject"]): (row["title"], row["detail"]) for row in rows}


async def _tell(
    known: Mapping[Fault, tuple[str, str]], seen: Mapping[Fault, Notice], is_due: bool, connection: Connection
) -> list[LiveChange]:
    """Raise what is new or has other words, resolve what is gone. A fault that stands as it was is no news."""
    changes: list[LiveChange] = []
    for (account_id, flow_id), notice in seen.items():
        if known.get((account_id, flow_id)) != (notice.title, notice.detail):
            changes += await raise_notice(connection, account_id, *notice)
    for account_id, flow_id in known.keys() - seen.keys():
        changes += await resolve(connection, account_id, NoticeKind.FLOW_PROBLEMS, flow_id)
    if is_due:
        await connection.execute(DONE, PACE)
    return changes
