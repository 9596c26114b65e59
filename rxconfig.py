"""Reflex's configuration. What varies between machines comes from AUTOFLOWS_* variables, not from here."""

from __future__ import annotations

import os

import reflex as rx

_public_url = os.environ.get("AUTOFLOWS_PUBLIC_URL", "http://localhost:8000").rstrip("/")
_port = os.environ.get("PORT", "8000")

config = rx.Config(
    app_name="autoflows",
    # Baked into the bundle and replaced by `location.origin` after the build, so this value never reaches a browser.
    api_url="http://localhost:8000",
    deploy_url=_public_url,
    # Who may open the event socket with a cookie. The two loopback names are the same machine's own browser.
    cors_allowed_origins=tuple(dict.fromkeys((_public_url, f"http://localhost:{_port}", f"http://127.0.0.1:{_port}"))),
    telemetry_enabled=False,
    show_built_with_reflex=False,
    state_manager_mode="memory",
    plugins=[
        rx.plugins.RadixThemesPlugin(theme=rx.theme(accent_color="indigo", gray_color="slate", radius="medium", panel_background="solid"))
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
