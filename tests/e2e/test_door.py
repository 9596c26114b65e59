"""Setting up, signing in and out."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PASSWORD, OpenPage, Site, make_person, ready

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


async def test_the_first_visit_makes_the_owner(open_page: OpenPage, new_site: Site) -> None:
    page = await open_page(None, "/", at=new_site)
    await page.wait_for_url(re.compile(r"^[^?]*/setup"))
    await ready(page)
    await page.get_by_label("Your name").fill("Asha Patel")
    await page.get_by_label("E-mail").fill("asha@example.com")
    await page.get_by_label("Password").fill("short")
    await page.get_by_role("button", name="Create the account").click()
    await expect(page.get_by_role("alert").first).to_contain_text("at least 10 characters")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create the account").click()
    await page.wait_for_url(re.compile(r"^[^?]*/dashboard"))
    await ready(page)
    await expect(page.get_by_text("Every lead is accounted for")).to_be_visible()
    await expect(page.locator("#unaccounted")).to_have_text("0")
    await expect(page.get_by_role("button", name="Account menu")).to_contain_text("Asha Patel")

    await page.goto(f"{new_site.url}/setup")
    await page.wait_for_url(re.compile(r"^[^?]*/dashboard"))  # there is an owner, and it is this browser


async def test_a_wrong_password_is_refused_and_the_right_one_leads_on(open_page: OpenPage, site: Site) -> None:
    person = await make_person()
    page = await open_page(None, "/dashboard/contacts")
    await page.wait_for_url(re.compile(r"^[^?]*/login/?\?next=/dashboard/contacts"))
    await ready(page)
    await page.get_by_label("E-mail").fill(person.email)
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("The e-mail address or the password is not right.")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(re.compile(r"^[^?]*/dashboard/contacts"))
    await ready(page)
    await expect(page.get_by_role("heading", name="No contacts yet")).to_be_visible()
    assert await page.evaluate("document.cookie") == ""  # the session is out of the reach of scripts

    await page.get_by_role("button", name="Account menu").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.wait_for_url(re.compile(r"^[^?]*/login"))
    await page.goto(f"{site.url}/dashboard")
    await page.wait_for_url(re.compile(r"^[^?]*/login/?\?next=/dashboard"))


async def test_the_next_page_is_never_another_site(open_page: OpenPage) -> None:
    person = await make_person()
    page = await open_page(None, "/login?next=//example.org/")
    await ready(page)
    await page.get_by_label("E-mail").fill(person.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(re.compile(r"^[^?]*/dashboard"))
