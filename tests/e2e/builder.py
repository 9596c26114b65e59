"""The flow builder as tests speak of it: its cards, its panel, and how the draft stands."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect
from sqlmodel import select

from autoflows.models import FlowDraft
from autoflows.models.database import open_session
from autoflows.services.views.flows import FlowView

FLOWS = "/dashboard/auto-engagement"


async def choose(page: Page, control: str, option: str) -> None:
    """Choose in a select by its accessible name."""
    await page.get_by_role("combobox", name=control, exact=True).click()
    await page.get_by_role("option", name=option).first.click()


async def select_card(page: Page, card: str) -> None:
    """Click a card, and wait until the panel shows it."""
    await page.get_by_role("button", name=card).click()
    await expect(panel_title(page)).to_have_text(card)


def panel_title(page: Page) -> Locator:
    """What the panel is about."""
    return page.locator("#inspector h2")


def steps(page: Page) -> Locator:
    """The list of steps."""
    return page.get_by_role("list", name="Steps")


def cards(page: Page) -> Locator:
    """The titles of the steps, in the order one sees them."""
    return steps(page).locator("strong")


def handle(page: Page, step: str) -> Locator:
    """What a step is dragged by, such as of "2, Wait"."""
    return page.get_by_role("button", name=f"Reorder step {step}", exact=True)


def saved(page: Page) -> Locator:
    """Where the header says how the draft stands."""
    return page.locator("#save-state")


async def expect_saved(page: Page) -> None:
    """Wait until what was edited is saved as a draft."""
    await expect(saved(page)).to_contain_text("not live")


async def draft_of(flow: FlowView) -> FlowDraft:
    """The flow's draft as it is stored."""
    async with open_session() as session:
        return (await session.exec(select(FlowDraft).where(FlowDraft.flow_id == flow.id))).one()
