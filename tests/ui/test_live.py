"""The live hub: what tabs are sent, to whom, and what is left when they are gone."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from autoflows.engine import live as news
from autoflows.ids import utc_now
from autoflows.models import Contact, Execution, Session, User
from autoflows.models.database import open_session
from autoflows.ui import live
from autoflows.ui.states.executions_rows import ExecutionRow, renewed
from autoflows.ui.states.executions_shown import CountedExecutions, ShownExecutions
from autoflows.ui.states.executions_wanted import Wanted
from bench.sockets import LIST_PAGE, Tab
from tests.e2e.conftest import Person
from tests.e2e.flow_world import make_execution, make_flow, make_world
from tests.ui.conftest import Web, cookie_of

PHONE = "+919876500001"
LIST = "execution_list"


async def run_of(owner: Person, name: str = "Asha Patel") -> Execution:
    return await make_execution(owner, await make_flow(owner, "Live", await make_world(owner)), name, PHONE)


async def run_of_another(owner: Person, like: Execution, number: int = 0) -> None:
    """Another contact's run in the same flow."""
    async with open_session() as session:
        contact = Contact(user_id=owner.account_id, name="Newcomer", phone=f"+919876510{number:03d}")
        session.add(contact)
        await session.flush()
        values = {name: getattr(like, name) for name in ("flow_id", "flow_version_id", "user_id", "due_at", "lead_at")}
        session.add(Execution(contact_id=contact.id, triggered_at=utc_now(), **values))


async def rename(execution: Execution, name: str) -> None:
    """Change the row as a worker does: commit, then tell."""
    async with open_session() as session:
        await session.exec(sa.update(Contact).where(Contact.id == execution.contact_id).values(name=name))  # type: ignore[arg-type]
    news.publish([news.LiveChange(execution.user_id, execution_id=execution.id)])


def lists(owner: Person) -> list[live.Audience]:
    """The audiences of the account's list of executions."""
    everything = live.by_topic.get(live.account_topic(owner.account_id), {}).values()
    return [audience for audience in everything if isinstance(audience.view, ShownExecutions)]


def rows(tab: Tab) -> list[dict[str, Any]]:
    return tab.var("rows", LIST) or []


def names(tab: Tab) -> list[str]:
    return [row["name"] for row in rows(tab)]


async def until(check: Callable[[], Any], seconds: float = 10.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if check():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"did not happen within {seconds} s")


async def test_a_change_reaches_all_tabs_by_one_reading(site: Web, owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = await run_of(owner)
    cookie = await cookie_of(owner)
    tabs = [await site.tab(owner, LIST_PAGE, cookie=cookie) for _ in range(10)]
    assert all(names(tab) == ["Asha Patel"] for tab in tabs)
    (audience,) = lists(owner)
    assert len(audience.tabs) == 10
    assert isinstance(audience.view, ShownExecutions)
    assert type(audience.view.wanted) is Wanted  # and no proxy that holds the state of the tab that came first
    readings = audience.version

    await rename(execution, "Ravi Kumar")

    await until(lambda: all(names(tab) == ["Ravi Kumar"] for tab in tabs))
    assert audience.version == readings + 1
    assert all(tab.var("liveness")["state"] == "on" for tab in tabs)


async def test_the_state_of_each_tab_holds_what_was_sent(site: Web, owner: Person) -> None:
    """A handler must find in the state what the page shows."""
    execution = await run_of(owner)
    tab = await site.tab(owner, LIST_PAGE)
    await rename(execution, "Ravi Kumar")
    await until(lambda: names(tab) == ["Ravi Kumar"])
    before = tab.messages
    state = next(name for name in tab.state if name.endswith(LIST))
    tab.send(f"{state}.choose", name="search", value="Nobody")
    await until(lambda: names(tab) == [])
    tab.send(f"{state}.choose", name="search", value="Ravi")
    await until(lambda: names(tab) == ["Ravi Kumar"])
    assert tab.messages > before


async def test_who_may_see_less_never_shares_with_who_may_see_more(site: Web, owner: Person, viewer: Person) -> None:
    execution = await run_of(owner)
    full, masked = await site.tab(owner, LIST_PAGE), await site.tab(viewer, LIST_PAGE)
    await rename(execution, "Ravi Kumar")
    await until(lambda: names(full) == ["Ravi Kumar"])
    await until(lambda: names(masked) == [name for name in names(masked) if name != "Asha Patel"] != [])
    await asyncio.sleep(0.3)
    assert rows(full)[0]["address"] == PHONE
    assert PHONE not in json.dumps(masked.state)
    assert len(lists(owner)) == 2


async def test_people_who_differ_in_other_rights_only_share(site: Web, owner: Person) -> None:
    from autoflows.domain.permissions import Role
    from tests.e2e.conftest import make_person

    execution, manager = await run_of(owner), await make_person(Role.MANAGER, owner)
    tabs = [await site.tab(owner, LIST_PAGE), await site.tab(manager, LIST_PAGE)]
    assert len(lists(owner)) == 1
    await rename(execution, "Ravi Kumar")
    await until(lambda: all(names(tab) == ["Ravi Kumar"] for tab in tabs))


async def test_another_account_hears_nothing(site: Web, owner: Person) -> None:
    from tests.e2e.conftest import make_person

    execution, stranger = await run_of(owner), await make_person()
    tab = await site.tab(stranger, LIST_PAGE)
    before = tab.messages
    await rename(execution, "Ravi Kumar")
    await asyncio.sleep(0.5)
    assert tab.messages == before
    assert names(tab) == []


async def test_a_narrowed_role_changes_what_the_open_tab_is_sent(site: Web, owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from autoflows.domain.permissions import Role
    from tests.e2e.conftest import make_person

    monkeypatch.setattr(live, "CHECK_SECONDS", 0.0)
    execution = await run_of(owner)
    manager = await make_person(Role.MANAGER, owner)
    tab = await site.tab(manager, LIST_PAGE)
    assert rows(tab)[0]["address"] == PHONE
    async with open_session() as session:
        await session.exec(sa.update(User).where(User.id == manager.user_id).values(role=Role.VIEWER))  # type: ignore[arg-type]
    await rename(execution, "Ravi Kumar")
    await until(lambda: rows(tab)[0]["address"] != PHONE)
    assert tab.var("liveness")["state"] == "on"


async def test_a_tab_whose_session_is_over_gets_nothing_more(site: Web, owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECK_SECONDS", 0.0)
    execution = await run_of(owner)
    tab, other = await site.tab(owner, LIST_PAGE), await site.tab(owner, LIST_PAGE)
    secret = tab.cookie.split("=", 1)[1]
    from autoflows.services.auth import digest

    async with open_session() as session:
        await session.exec(sa.delete(Session).where(Session.token_hash == digest(secret)))  # type: ignore[arg-type]
    await rename(execution, "Ravi Kumar")
    await until(lambda: names(other) == ["Ravi Kumar"])
    await until(lambda: tab.var("liveness")["state"] == "over")
    assert names(tab) == ["Asha Patel"]
    before = tab.messages
    await rename(execution, "Meera Shah")
    await until(lambda: names(other) == ["Meera Shah"])
    assert tab.messages == before
    assert tab.token not in {place[0] for place in live.tabs if place[1] == live.PAGE}


async def test_a_token_presented_by_another_connection_is_sent_nothing(site: Web, owner: Person) -> None:
    """The token of a closed tab is no key to what the tab followed."""
    execution = await run_of(owner)
    tab = await site.tab(owner, LIST_PAGE)
    tab.close()
    await tab.closed.wait()
    await asyncio.sleep(0.1)
    thief = Tab("/dashboard", "", token=tab.token)
    site.tabs.append(thief)
    await thief.open(site.port)
    await rename(execution, "Ravi Kumar")
    await asyncio.sleep(0.5)
    assert "Ravi Kumar" not in json.dumps(thief.state)
    assert "Asha Patel" not in json.dumps(thief.state)


async def test_a_tab_that_comes_back_is_sent_what_it_missed(site: Web, owner: Person) -> None:
    execution = await run_of(owner)
    tab = await site.tab(owner, LIST_PAGE)
    tab.close()
    await tab.closed.wait()
    await rename(execution, "Ravi Kumar")
    await asyncio.sleep(0.2)
    again = await site.tab(owner, LIST_PAGE, token=tab.token, cookie=tab.cookie)
    assert names(again) == ["Ravi Kumar"]
    await rename(execution, "Meera Shah")
    await until(lambda: names(again) == ["Meera Shah"])


async def test_a_busy_tab_holds_up_nobody_and_is_served_when_it_is_done(site: Web, owner: Person) -> None:
    execution = await run_of(owner)
    busy, free = await site.tab(owner, LIST_PAGE), await site.tab(owner, LIST_PAGE)
    place = next(t for p, t in live.tabs.items() if p == (busy.token, live.PAGE))
    import reflex as rx

    from autoflows.autoflows import app

    async with app.state_manager.modify_state(rx.BaseStateToken(ident=busy.token, cls=place.state)):  # as a handler does that takes long
        await rename(execution, "Ravi Kumar")
        await until(lambda: names(free) == ["Ravi Kumar"])
        assert names(busy) == ["Asha Patel"]
    await until(lambda: names(busy) == ["Ravi Kumar"])


async def test_rows_do_not_move_under_a_reader_who_has_scrolled_away(site: Web, owner: Person) -> None:
    """Such a tab renews what it shows by itself, and is among the others again when its reader comes back to the top."""
    execution = await run_of(owner)
    reader, other = await site.tab(owner, LIST_PAGE), await site.tab(owner, LIST_PAGE)
    state = next(name for name in reader.state if name.endswith(LIST))
    reader.send(f"{state}.set_at_top", is_at_top=False)
    await until(lambda: reader.var("at_top", LIST) is False)
    await run_of_another(owner, execution)
    await rename(execution, "Ravi Kumar")
    await until(lambda: len(names(other)) == 2)
    await until(lambda: names(reader) == ["Ravi Kumar"])
    await until(lambda: reader.var("newer", LIST) == "1")
    reader.send(f"{state}.set_at_top", is_at_top=True)
    await until(lambda: len(names(reader)) == 2 and reader.var("newer", LIST) == "")
    await rename(execution, "Meera Shah")
    await until(lambda: "Meera Shah" in names(reader) and "Meera Shah" in names(other))


def figures(owner: Person) -> list[live.Audience]:
    """Those of the figures beside the account's list."""
    everything = live.by_topic.get(live.account_topic(owner.account_id), {}).values()
    return [audience for audience in everything if isinstance(audience.view, CountedExecutions)]


def counted(tab: Tab, value: str = "") -> str:
    return str(next(each["count"] for each in tab.var("tabs", LIST) if each["value"] == value))


async def test_figures_are_counted_once_for_all_who_see_the_list(site: Web, owner: Person, viewer: Person) -> None:
    """Whatever tab of it they look at, and whether or not they see addresses; a search that finds addresses is another matter."""
    execution = await run_of(owner)
    paths = (LIST_PAGE, f"{LIST_PAGE}?status=completed", f"{LIST_PAGE}?sort=oldest&size=50")
    tabs = [await site.tab(person, path) for person in (owner, viewer) for path in paths]
    (audience,) = figures(owner)
    assert len(audience.tabs) == 6
    readings = audience.version
    await run_of_another(owner, execution)
    await rename(execution, "Ravi Kumar")
    await until(lambda: all(counted(tab) == "2" for tab in tabs))
    assert audience.version == readings + 1
    for person in (owner, viewer):
        await site.tab(person, f"{LIST_PAGE}?q=98765")
    assert len(figures(owner)) == 3


async def test_figures_follow_rows_that_come_quicker_than_they_are_counted(site: Web, owner: Person) -> None:
    execution = await run_of(owner)
    tab = await site.tab(owner, LIST_PAGE)
    (audience,) = figures(owner)
    readings = audience.version
    for number in range(8):
        await run_of_another(owner, execution, number)
        await rename(execution, f"Ravi {number}")
        await until(lambda number=number: f"Ravi {number}" in names(tab))  # type: ignore[misc]
    await until(lambda: counted(tab) == "9" and tab.var("fitting", LIST) == "9")
    assert audience.version < readings + 8


async def test_figures_go_on_for_a_reader_who_has_scrolled_away(site: Web, owner: Person) -> None:
    execution = await run_of(owner)
    reader = await site.tab(owner, LIST_PAGE)
    state = next(name for name in reader.state if name.endswith(LIST))
    reader.send(f"{state}.set_at_top", is_at_top=False)
    await until(lambda: reader.var("at_top", LIST) is False)
    await run_of_another(owner, execution)
    await rename(execution, "Ravi Kumar")
    await until(lambda: counted(reader) == "2")
    assert names(reader) == ["Ravi Kumar"]


async def test_a_page_that_sees_to_itself_moves_too(site: Web, owner: Person) -> None:
    execution = await run_of(owner)
    tab = await site.tab(owner, f"{LIST_PAGE}/{execution.id}")
    await rename(execution, "Ravi Kumar")
    await until(lambda: tab.var("head", "execution_page")["name"] == "Ravi Kumar")
    assert tab.var("liveness")["state"] == "on"


async def test_a_page_that_does_not_move_says_nothing(site: Web, owner: Person) -> None:
    tab = await site.tab(owner, "/dashboard/settings")
    assert (tab.var("liveness") or {"state": ""})["state"] == ""


async def test_a_hundred_tabs_leave_nothing_behind(site: Web, owner: Person) -> None:
    execution = await run_of(owner)
    cookie = await cookie_of(owner)
    tabs = [await site.tab(owner, LIST_PAGE, cookie=cookie) for _ in range(100)]
    assert len(live.tabs) >= 200  # each has a bell, too
    await rename(execution, "Ravi Kumar")
    await until(lambda: all(names(tab) == ["Ravi Kumar"] for tab in tabs), 15)
    for tab in tabs:
        tab.close()
    await until(lambda: not live.tabs and not live.audiences and not live.by_topic, 10)
    for _ in range(3):
        news.publish([news.LiveChange(owner.account_id, execution_id=UUID(int=n)) for n in range(50)])
    await until(lambda: len(live.heard) > 50)
    gc.collect()
    assert not [o for o in gc.get_objects() if isinstance(o, (live.Tab, live.Audience))]


async def test_news_forget_themselves(site: Web, owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARD_SECONDS", 0.2)
    news.publish([news.LiveChange(owner.account_id, execution_id=UUID(int=1))])
    await until(lambda: live.account_topic(owner.account_id) in live.heard)
    await until(lambda: not live.heard, 4)


async def test_news_between_reading_and_subscribing_are_not_lost(site: Web, owner: Person) -> None:
    """A page that sees to itself reads first and subscribes then: what is heard in between is looked at once more."""
    execution = await run_of(owner)
    news.publish([news.LiveChange(owner.account_id, execution_id=execution.id)])
    await until(lambda: live.execution_topic(execution.id) in live.heard)
    tab = await site.tab(owner, f"{LIST_PAGE}/{execution.id}")
    async with open_session() as session:  # committed, and its news came while the page was reading
        await session.exec(sa.update(Contact).where(Contact.id == execution.contact_id).values(name="Ravi Kumar"))  # type: ignore[arg-type]
    await until(lambda: tab.var("head", "execution_page")["name"] == "Ravi Kumar")


def test_rows_that_moved_are_lit_up_for_a_while_and_not_all_at_once() -> None:
    def row(number: int, state: str = "running") -> ExecutionRow:
        plain = {"id": str(number), "state": state, "flow_version": 1, "is_test_run": False, "revision": 0, "moved_at": 0}
        return ExecutionRow.model_validate(dict.fromkeys(ExecutionRow.model_fields, "") | plain)

    first = renewed(None, [row(1), row(2)], 100)
    assert [r.revision for r in first] == [0, 0]
    second = renewed(first, [row(3), row(1, "completed"), row(2)], 101)
    assert [r.revision for r in second] == [1, 1, 0]
    assert [r.revision for r in renewed(second, [row(3), row(1, "completed"), row(2)], 103)] == [1, 1, 0]
    assert [r.revision for r in renewed(second, [row(3), row(1, "completed"), row(2)], 110)] == [0, 0, 0]
    assert [r.revision for r in renewed(second, [row(n) for n in range(10, 30)], 102)] == [0] * 20


async def test_shared_values_cannot_be_changed_in_place() -> None:
    import pickle

    from pydantic import BaseModel

    from autoflows.ui.shared_values import SharedList, shareable
    from autoflows.ui.states.executions_rows import Tab as Choice

    rows = shareable([Choice(value="", label="All", count="1")])
    with pytest.raises(TypeError, match="other tabs"):
        rows.append(1)
    with pytest.raises(TypeError, match="other tabs"):
        rows[0] = 1
    with pytest.raises(TypeError, match="other tabs"):
        rows += [1]
    assert isinstance(pickle.loads(pickle.dumps(rows)), SharedList)
    assert [*rows, 1][-1] == 1

    class Loose(BaseModel):
        x: int = 0

    for wrong in ([Loose()], {"a": 1}, {1}):
        with pytest.raises(TypeError):
            shareable(wrong)
