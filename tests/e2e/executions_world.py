"""What the tests of the list of executions share: where it is, its rows, and runs that change."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Page

from autoflows.engine import live
from autoflows.ids import utc_now
from autoflows.models import Execution
from autoflows.services.views.flows import FlowView
from tests.e2e.conftest import Person
from tests.e2e.flow_world import make_flow, make_world
from tests.e2e.test_executions import change

HERE = "/dashboard/auto-engagement/executions"


LIST = "reflex___state____state.autoflows___ui___states___base____base.autoflows___ui___states___executions____execution_list"


def people(count: int, word: str = "Lead", numbers: str = "+9198765") -> list[tuple[str, str]]:
    return [(f"{word} {number:03}", f"{numbers}{number:05}") for number in range(count)]


def table_of(page: Page) -> Locator:
    return page.get_by_role("table", name="Executions")


def rows_of(page: Page) -> Locator:
    return table_of(page).locator("tbody tr")


async def choose(page: Page, label: str, option: str) -> None:
    await page.get_by_role("combobox", name=label).click()
    await page.get_by_role("option", name=option).click()


async def told(*executions: Execution) -> None:
    """Announce them, as a worker does."""
    live.publish([live.LiveChange(execution.user_id, execution_id=execution.id) for execution in executions])


async def over(execution: Execution, status: str, **values: Any) -> None:
    ended: dict[str, Any] = {"due_at": None, "completed_at": utc_now(), "waiting_reason": None, "waiting_rule": None, "waiting_until": None}
    await change(execution, status=status, **ended | values)


async def with_flow(owner: Person, name: str = "First call") -> FlowView:
    return await make_flow(owner, name, await make_world(owner))
