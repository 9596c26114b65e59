"""Reflex's configuration. What varies between machines comes from AUTOFLOWS_* variables, not from here."""

import os

import reflex as rx

_public_url = os.environ.get("AUTOFLOWS_PUBLIC_URL", "http://localhost:8000").rstrip("/")

config = rx.Config(
    app_name="autoflows",
    # Baked into the bundle and replaced by `location.origin` after the build, so this value never reaches a browser.
    api_url="http://localhost:8000",
    deploy_url=_public_url,
    cors_allowed_origins=(_public_url,),
    telemetry_enabled=False,
    show_built_with_reflex=False,
    state_manager_mode="memory",
    plugins=[
        rx.plugins.RadixThemesPlugin(theme=rx.theme(accent_color="indigo", gray_color="slate", radius="medium")),
        rx.plugins.SitemapPlugin(),
    ],
)
