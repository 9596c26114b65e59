"""A search that a sample tells very many people fit is answered on another way than one that few fit, and with the same people."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
import sqlalchemy as sa

from autoflows.domain.permissions import Role, permissions_of
from autoflows.ids import new_id
from autoflows.models import Contact, Execution, User
from autoflows.models.database import open_session
from autoflows.services import contacts, executions, person_search
from autoflows.services.access import Actor
from autoflows.services.person_search import find_people
from autoflows.services.views.executions import ExecutionFilter
from tests.services.executions_world import World

PEOPLE, RARE = 3_000, 20
FIRST, LAST = ("Asha", "Ravi", "Meera", "आशा", "Devi", "Asif"), ("Patel", "Nair", "D'Souza", "Shah", "पटेल", "Pa")


class Crowd:
    """An account with very many people of whom a few have a rare name, and another account with the same names."""

    def __init__(self) -> None:
        self.account, self.other = new_id(), new_id()
        self.rare: set[UUID] = set()

    def actor(self, role: Role = Role.OWNER) -> Actor:
        return Actor(self.account, self.account, role, permissions_of(role), "Asha", "asha@example.com", "UTC")

    async def build(self) -> None:
        chance = random.Random(7)
        async with open_session() as session:
            for account in (self.account, self.other):
                session.add(User(id=account, email=f"{account}@example.com", password_hash="x", role="owner"))
            await session.flush()
            for number in range(PEOPLE):
                is_rare = number % (PEOPLE // RARE) == 0
                name = f"{chance.choice(FIRST)} {chance.choice(LAST)}{' Quillfeather' if is_rare else ''}"
                person = Contact(
                    user_id=self.account, name=name, company="Common Traders", phone=f"+9198{number:08d}", email=f"lead{number}@example.com"
                )
                session.add(person)
                self.rare |= {person.id} if is_rare else set()
            session.add_all(Contact(user_id=self.other, name="Asha Quillfeather", phone=f"+9197{n:08d}") for n in range(50))
        async with open_session() as session:
            await session.exec(sa.text("ANALYZE contacts"))  # type: ignore[call-overload]


@pytest.fixture
async def crowd(environment: None, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """A table of some ninety pages is large here, and a thousand people are very many."""
    for name, value in {"LARGE": 10, "PAGES": 30, "ENOUGH": 12, "VERY_MANY": 1_000}.items():
        monkeypatch.setattr(person_search, name, value)
    made = Crowd()
    await made.build()
    return made


async def test_a_sample_tells_very_many_from_few_and_from_none(crowd: Crowd) -> None:
    async with open_session() as session:
        pages = (await session.exec(sa.text(f"SELECT {person_search._PAGES}"))).scalar_one()  # type: ignore[call-overload]
        assert pages > 2 * person_search.PAGES, "the table is larger than its sample"
        for _ in range(5):  # each with a sample of its own
            assert (await find_people(crowd.actor(), session, "common")).ids is None
            assert set((await find_people(crowd.actor(), session, "quillf")).ids or ()) == crowd.rare
            assert (await find_people(crowd.actor(), session, "nobody")).ids == []
        for search in ("lead7@example.com", "+919800000007"):
            assert len((await find_people(crowd.actor(), session, search)).ids or ()) == 1, "an address is never looked for among words"


async def everybody(actor: Actor, search: str) -> list[UUID]:
    """All pages of the list of contacts."""
    found: list[UUID] = []
    cursor = None
    async with open_session() as session:
        while True:
            page = await contacts.list_contacts(actor, session, search=search, limit=200, cursor=cursor)
            found += [contact.id for contact in page.data]
            cursor = page.next_cursor
            if not page.has_more:
                return found


async def test_both_ways_find_the_same_people_in_the_same_order(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(11)
    words = [*FIRST, *LAST, "Quillfeather", "Traders", "nobody"]
    searches = ["common", "quillfeather asha", "a", "0000007", "98 0000", "lead1", "50%", "'", "common quillfeather"]
    for _ in range(16):
        chosen = [*chance.sample(words, chance.randint(1, 2))]
        searches.append(" ".join([*chosen[:-1], chosen[-1][: chance.randint(1, len(chosen[-1]))]]).lower())
    for search in searches:
        for role in (Role.OWNER, Role.VIEWER):
            monkeypatch.setattr(person_search, "VERY_MANY", 10**9)
            plain = await everybody(crowd.actor(role), search)
            monkeypatch.setattr(person_search, "VERY_MANY", 0)
            monkeypatch.setattr(person_search, "ENOUGH", 0)
            assert await everybody(crowd.actor(role), search) == plain, (search, role)
    assert set(await everybody(crowd.actor(), "quillfeather")) == crowd.rare, "another account's people are nobody here"


async def test_a_list_of_executions_is_the_same_on_both_ways(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    await world.build(150)

    async def listed(search: str) -> list[UUID]:
        async with open_session() as session:
            return [
                e.id for e in (await executions.list_executions(world.actor(), session, ExecutionFilter(search=search), limit=200)).data
            ]

    def expected(word: str) -> list[UUID]:
        fits: list[Execution] = [e for e in world.rows if word in f"{world.contacts[e.contact_id].name}".lower().split()]
        return [e.id for e in sorted(fits, key=lambda e: (e.triggered_at, e.id.int), reverse=True)]

    for search in ("asha", "ravi", "patel", "आशा", "nobody"):
        plain = await listed(search)
        assert plain == expected(search)
        with monkeypatch.context() as other_way:
            for name in ("LARGE", "ENOUGH", "VERY_MANY"):
                other_way.setattr(person_search, name, 0)
            async with open_session() as session:
                assert (await find_people(world.actor(), session, search)).ids is None, "it is the other way"
            assert await listed(search) == plain, search
