"""What the web process answers besides pages."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.e2e.conftest import Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


async def test_answers_carry_what_browsers_need(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url, trust_env=False, follow_redirects=True) as client:
        page = await client.get("/login")
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-cache"
        assert page.headers["x-frame-options"] == "DENY"
        script = re.search(r"/assets/[\w.-]+\.js", page.text)
        assert script is not None
        assert "immutable" in (await client.get(script.group())).headers["cache-control"]
        missing = await client.get("/assets/none.js")
        assert missing.status_code == 404
        assert missing.headers["cache-control"] == "no-cache"
        assert (await client.get("/api/me")).headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/api/nothing")).headers["content-type"] == "application/problem+json"
        assert (await client.get("/nowhere")).status_code == 404


async def test_nothing_is_loaded_from_elsewhere(site: Site) -> None:
    """Pages work without the internet: no fonts, scripts or styles of other hosts."""
    async with httpx.AsyncClient(base_url=site.url, trust_env=False, follow_redirects=True) as client:
        for path in ("/login", "/dashboard", "/dashboard/leads"):
            text = (await client.get(path)).text
            assert re.findall(r"""(?:src|href)=["']?https?://[^"'\s>]+""", text) == []
