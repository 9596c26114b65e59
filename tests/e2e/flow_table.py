"""The flow list as tests speak of it."""

from __future__ import annotations

from uuid import UUID

from playwright.async_api import Locator, Page

from tests.e2e.conftest import Person
from tests.e2e.flow_world import World, flow_named, make_flow, make_world

FLOWS = "/dashboard/auto-engagement"


async def make_flows(owner: Person, *names: str) -> World:
    """Enabled flows in this order."""
    world = await make_world(owner)
    for name in names:
        await make_flow(owner, name, world)
    return world


async def flow_id(owner: Person, name: str) -> UUID:
    """The id of a flow that there is."""
    flow = await flow_named(owner, name)
    assert flow is not None
    return flow.id


def names_of(page: Page) -> Locator:
    """The flows' names in the order of the page."""
    return page.get_by_role("list", name="Flows by priority").get_by_role("heading")


async def order_of(page: Page) -> list[str]:
    """The flows' names as one sees them, from top to bottom."""
    seen = [((await h.bounding_box() or {"y": 0})["y"], await h.inner_text()) for h in await names_of(page).all()]
    return [name for _, name in sorted(seen)]


def dragged(page: Page, name: str) -> Locator:
    """What a flow is dragged by."""
    return page.get_by_role("button", name=f"Drag {name}", exact=True)
