"""Settings in a browser: the kill switch, hours, the team, tokens."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PASSWORD, OpenPage, Site, make_person, ready

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


async def test_the_kill_switch_asks_first_and_shows_on_every_page(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), "/dashboard/settings")
    await page.get_by_role("button", name="Hold every contact").click()
    dialog = page.get_by_role("alertdialog")
    await dialog.get_by_role("button", name="Keep as it is").click()
    await expect(page.get_by_text("Off: flows contact leads as they are set up.")).to_be_visible()
    await page.get_by_role("button", name="Hold every contact").click()
    await dialog.get_by_role("button", name="Hold every contact").click()
    await expect(page.get_by_text("On: nothing leaves this account.")).to_be_visible()
    await page.get_by_role("link", name="Leads").first.click()
    await expect(page.get_by_text("The kill switch is on")).to_be_visible()


async def test_wrong_values_are_named_beside_their_fields_and_right_ones_stay(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), "/dashboard/settings")
    await page.get_by_role("textbox", name="Country").fill("X1")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#default_country-error")).to_be_visible()
    await page.get_by_role("textbox", name="Country").fill("ae")
    await page.get_by_label("Price of one AI call").fill("4.5")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Settings saved")).to_be_visible()
    await page.get_by_role("tab", name="Hours and holidays").click()
    await page.get_by_label("Always open").click()
    await page.get_by_label("From").fill("10:00")
    await page.get_by_label("Sun", exact=True).uncheck()
    await page.get_by_role("button", name="Save hours").click()
    await expect(page.get_by_text("Hours saved")).to_be_visible()
    await page.reload()
    await ready(page)
    await expect(page.get_by_label("From")).to_have_value("10:00")
    await expect(page.get_by_label("Sun", exact=True)).not_to_be_checked()
    await page.get_by_role("tab", name="Account").click()
    await expect(page.get_by_role("textbox", name="Country")).to_have_value("AE")
    await expect(page.get_by_label("Price of one AI call")).to_have_value("4.5")


async def test_public_holidays_are_picked_by_country_and_one_is_worked_on(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), "/dashboard/settings?tab=hours")
    await expect(page.get_by_text("No country is chosen")).to_be_visible()
    await page.get_by_role("combobox", name="Country").click()
    await page.get_by_role("option", name="India", exact=True).click()
    coming = page.get_by_role("list", name="Public holidays of the next year")
    await expect(coming).to_contain_text("Christmas")
    await expect(coming).not_to_contain_text("Maharashtra Day")
    await page.get_by_role("combobox", name="State or region").click()
    await page.get_by_role("option", name="Maharashtra").click()
    await expect(coming).to_contain_text("Maharashtra Day")
    christmas = coming.get_by_role("listitem").filter(has_text="Christmas")
    await christmas.get_by_role("switch").click()
    await expect(christmas).to_contain_text("Open")
    await page.reload()
    await ready(page)
    await expect(page.get_by_role("combobox", name="State or region")).to_have_text("Maharashtra")
    await expect(christmas.get_by_role("switch")).to_be_checked()
    await expect(page.get_by_text("The account is always open")).to_be_visible()
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_budget_and_caps_are_kept(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), "/dashboard/settings")
    await page.get_by_label("Contacts per person in 7 days").fill("4")
    await page.get_by_label("Budget per day").fill("0")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Must be greater than or equal to 1.")).to_be_visible()
    await page.get_by_label("Budget per day").fill("1250.5")
    await page.get_by_label("Price of one AI call").fill("4.5")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Settings saved")).to_be_visible()
    await page.reload()
    await ready(page)
    await expect(page.get_by_label("Contacts per person in 7 days")).to_have_value("4")
    await expect(page.get_by_label("Budget per day")).to_have_value("1250.5")
    await page.get_by_label("Budget per day").fill("")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_label("Budget per day")).to_have_value("")
    await expect(page.get_by_label("Contacts per person in 7 days")).to_have_value("4")


async def test_a_token_is_shown_once_and_works_until_revoked(open_page: OpenPage, site: Site) -> None:
    page = await open_page(await make_person(), "/dashboard/settings?tab=tokens")
    await page.get_by_role("button", name="New token").click()
    await page.get_by_label("Name", exact=True).fill("Website form")
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.get_by_text("Choose at least one.")).to_be_visible()
    await page.get_by_label("contacts:write").check()
    await page.get_by_role("button", name="Make the token").click()
    shown = page.locator(".af-code code")
    await expect(shown).to_have_text(re.compile(r"^af_\w"))
    secret = await shown.inner_text()
    async with httpx.AsyncClient(base_url=site.url, headers={"Authorization": f"Bearer {secret}"}, trust_env=False) as client:
        answer = await client.post("/api/contacts", json={"phone": "+919876500151"})
        assert answer.status_code == 202
        await page.get_by_role("button", name="I have copied it").click()
        await expect(page.get_by_role("table", name="API tokens")).to_contain_text("contacts:write")
        assert secret not in await page.content()
        await page.get_by_role("button", name="Revoke Website form").click()
        await page.get_by_role("button", name="Revoke the token").click()
        await expect(page.get_by_role("heading", name="No token yet")).to_be_visible()
        assert (await client.post("/api/contacts", json={"phone": "+919876500152"})).status_code == 401


async def test_a_new_member_can_sign_in_until_deactivated(open_page: OpenPage, site: Site) -> None:
    page = await open_page(await make_person(), "/dashboard/settings?tab=team")
    await page.get_by_role("button", name="Add a person").click()
    await page.get_by_label("E-mail").fill("colleague@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("table", name="Team")).to_contain_text("colleague@example.com")
    async with httpx.AsyncClient(base_url=site.url, headers={"X-Requested-With": "test"}, trust_env=False) as client:
        answer = await client.post("/api/login", json={"email": "colleague@example.com", "password": PASSWORD})
        assert answer.json()["user"]["role"] == "viewer"
        await page.get_by_role("button", name="Deactivate colleague@example.com").click()
        await page.get_by_role("button", name="Deactivate", exact=True).click()
        # The whole text: the dialog that asks begins with the same words.
        await expect(page.get_by_text("They are signed out everywhere", exact=True)).to_be_visible()
        assert (await client.get("/api/me")).status_code == 401


async def test_the_chosen_tab_is_in_sight_on_a_phone(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), "/dashboard/settings?tab=tokens", width=390)
    await expect(page.get_by_role("tab", name="API tokens")).to_be_in_viewport(ratio=0.95)
    await page.goto(page.url.replace("tokens", "account"))
    await ready(page)
    await expect(page.get_by_role("tab", name="Account")).to_be_in_viewport(ratio=0.95)
