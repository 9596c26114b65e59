"""The do-not-contact list in a browser: adding, finding, removing, and the banner on the contact's page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from autoflows.domain.permissions import Role
from tests.e2e.conftest import OpenPage, Site, make_person, ready
from tests.e2e.test_roles import PHONE, make_lead

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]
TAB = "/dashboard/settings?tab=do-not-contact"


async def test_an_address_is_added_found_and_removed_and_the_contact_says_so(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    lead = await make_lead(site, owner)
    page = await open_page(owner, TAB)
    await expect(page.get_by_role("heading", name="Nobody is on the list yet")).to_be_visible()
    await page.get_by_role("button", name="Add an address").click()
    await page.get_by_label("Phone or e-mail").fill("12")
    await page.get_by_role("button", name="Add to the list").click()
    await expect(page.get_by_text("is neither a phone number")).to_be_visible()
    await page.get_by_label("Phone or e-mail").fill("098765 00150")
    await page.get_by_label("Note").fill("Asked on the phone")
    await page.get_by_role("button", name="Add to the list").click()
    table = page.get_by_role("table", name="Do not contact")
    await expect(table).to_contain_text(PHONE)
    await expect(table).to_contain_text("Asked on the phone")
    search = page.get_by_label("Search a phone number or e-mail")
    await search.fill("+91 98765-00151")
    await expect(page.get_by_role("heading", name="Nobody fits this search")).to_be_visible()
    await search.fill("+91 98765-00150")
    await expect(table).to_contain_text(PHONE)

    await page.goto(f"{site.url}/dashboard/contacts/{lead['contact_id']}")
    await ready(page)
    banner = page.get_by_role("note").filter(has_text="Suppressed: put on the do-not-contact list by hand on")
    await expect(banner).to_be_visible()
    await page.get_by_role("button", name="Let flows contact this person again").click()
    await page.get_by_role("button", name="Lift it").click()
    await expect(banner).to_have_count(0)
    await page.goto(site.url + TAB)
    await ready(page)
    await page.get_by_role("button", name="Clear the search").click()
    await expect(page.get_by_role("heading", name="Nobody is on the list yet")).to_be_visible()


async def test_a_list_is_added_its_bad_lines_named_and_a_row_removed(open_page: OpenPage) -> None:
    owner = await make_person()
    page = await open_page(owner, TAB)
    await page.get_by_role("button", name="Add a list").click()
    await page.get_by_role("textbox", name="Addresses").fill("+91 98765 00171\nnonsense\nravi@example.com")
    await page.get_by_role("button", name="Add to the list").click()
    await expect(page.get_by_text("nonsense: This address cannot be used.")).to_be_visible()
    await page.get_by_role("button", name="Close", exact=True).click()
    await expect(page.get_by_role("table", name="Do not contact").get_by_role("row")).to_have_count(3)
    viewer = await open_page(await make_person(Role.VIEWER, owner), TAB)
    await expect(viewer.get_by_role("table", name="Do not contact")).to_contain_text("r•••@example.com")
    assert "98765 00171" not in await viewer.content()
    assert "+919876500171" not in await viewer.content()
    for control in ("Add an address", "Add a list", "Remove"):
        await expect(viewer.get_by_role("button", name=control)).to_have_count(0)
    await page.get_by_role("button", name="Remove ravi@example.com").click()
    dialog = page.get_by_role("alertdialog")
    await expect(dialog).to_contain_text("only if they asked for that")
    await dialog.get_by_role("button", name="Remove from the list").click()
    await expect(page.get_by_role("table", name="Do not contact").get_by_role("row")).to_have_count(2)
