"""Every page: it opens, works on a phone, says what it is to a screen reader, and moves by itself."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenPage, Site, make_person, ready, signed_in

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

PAGES = {
    "/dashboard": "Dashboard",
    "/dashboard/auto-engagement": "Automation Flows",
    "/dashboard/auto-engagement/executions": "Execution Logs",
    "/dashboard/auto-engagement/inbox": "Inbox",
    "/dashboard/auto-engagement/analytics": "Analytics",
    "/dashboard/auto-engagement/analytics/compare": "Compare",
    "/dashboard/auto-engagement/analytics/experiments": "A/B tests",
    "/dashboard/leads": "Leads",
    "/dashboard/contacts": "Contacts",
    "/dashboard/channels": "Channels",
    "/dashboard/templates": "Templates",
    "/dashboard/notifications": "Notifications",
    "/dashboard/settings": "Settings",
}
NAMELESS = """
[...document.querySelectorAll("main button, main input, main select, main textarea, main a, main [role=combobox]")]
  .filter((e) => e.offsetParent && e.type !== "hidden" && e.getAttribute("aria-hidden") !== "true")
  .filter((e) => !(e.innerText || "").trim() && !e.getAttribute("aria-label") && !(e.labels && e.labels.length) && !e.getAttribute("title"))
  .map((e) => e.outerHTML.slice(0, 160))
"""


async def test_every_page_fits_a_phone_and_names_its_controls(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    page = await open_page(owner, "/dashboard", width=390, dark=True)
    for path in PAGES:
        await page.goto(site.url + path)
        await ready(page)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, f"{path} is wider than a phone"
        assert await page.evaluate(NAMELESS) == [], f"{path} has controls without a name"


async def test_the_navigation_is_a_drawer_on_a_phone(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), "/dashboard", width=390)
    await expect(page.get_by_role("navigation", name="Main")).to_have_count(0)
    await page.get_by_role("button", name="Open navigation").click()
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Contacts").click()
    await expect(page.get_by_role("heading", level=1, name="Contacts")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_page_that_fails_says_so_and_tries_again(open_page: OpenPage, site: Site) -> None:
    page = await open_page(await make_person(), "/dashboard/contacts/00000000-0000-7000-8000-000000000000")
    await expect(page.get_by_role("alert")).to_contain_text("There is no contact with the id")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("alert")).to_contain_text("There is no contact with the id")


async def test_an_address_that_is_no_page(open_page: OpenPage) -> None:
    page = await open_page(None, "/nowhere")
    await expect(page.get_by_role("heading", name="There is no page here")).to_be_visible()
    await page.get_by_role("link", name="Go to the dashboard").click()
    await page.wait_for_url(lambda url: "/login" in url)


async def test_a_lead_appears_by_itself(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    leads = await open_page(owner, "/dashboard/leads")
    home = await open_page(owner, "/dashboard")
    async with signed_in(site, owner) as client:
        for number in range(30):
            lead = {"name": f"Lead {number}", "phone": f"+9198765{number:05d}", "lead_source": "IndiaMART"}
            assert (await client.post("/api/contacts", json=lead)).status_code == 202
    await expect(leads.get_by_role("table", name="Leads")).to_contain_text("Lead 29")
    await expect(home.locator(".af-big")).to_have_text("30")
    await leads.get_by_role("button", name="Next").click()
    await expect(leads.get_by_role("table", name="Leads")).to_contain_text("Lead 0")
    await leads.get_by_label("Search name, phone, e-mail or external id").fill("Lead 17")
    await expect(leads.get_by_role("table", name="Leads").get_by_role("row")).to_have_count(2)


async def test_add_a_lead_by_hand(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), "/dashboard/leads")
    await page.get_by_role("button", name="Add a lead").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Asha Patel")
    await dialog.get_by_role("button", name="Add the lead").click()
    await expect(dialog.get_by_role("alert").first).to_be_visible()  # neither phone nor e-mail
    await dialog.get_by_label("Phone").fill("098765 00150")
    await dialog.get_by_label("Tags").fill("pump, trade fair")
    await dialog.get_by_role("button", name="Add the lead").click()
    await expect(page.get_by_role("heading", level=1, name="Asha Patel")).to_be_visible()
    await expect(page.get_by_text("+919876500150")).to_be_visible()
    await page.get_by_role("button", name="Do not call").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Do not call").click()
    await expect(page.get_by_text("This contact is marked do-not-call")).to_be_visible()


async def test_an_email_template_and_its_preview(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    async with signed_in(site, owner) as client:
        settings = {"host": "127.0.0.1", "port": 2525, "security": "none", "from_email": "sales@example.com"}
        assert (await client.post("/api/channels", json={"provider": "smtp", "name": "Mail", "settings": settings})).status_code == 201
    page = await open_page(owner, "/dashboard/templates")
    await page.get_by_role("button", name="Add e-mail template").first.click()
    await page.get_by_label("Name", exact=True).fill("Brochure")
    await page.get_by_label("Subject").fill("Hello {{ contact.name")
    await page.get_by_label("HTML").fill("<p>Dear {{ contact.name }}</p>")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#subject-error")).to_contain_text("not valid Liquid")
    await page.get_by_label("Subject").fill("Hello {{ contact.name }}")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Preview Brochure").click()
    await expect(page.get_by_text("Hello Asha Patel")).to_be_visible()
    await expect(page.frame_locator("iframe").get_by_text("Dear Asha Patel")).to_be_visible()
