"""The web process: Reflex pages and the REST app."""

from __future__ import annotations

import reflex as rx
from fastapi import FastAPI

api = FastAPI()


@api.get("/api/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


class Counter(rx.State):
    """One event, to see that the socket works."""

    count: int = 0

    @rx.event
    def add(self) -> None:
        self.count += 1


def login() -> rx.Component:
    return rx.el.main(
        rx.heading("Sign in"), rx.button(Counter.count, on_click=Counter.add, id="add"), data_ready=Counter.is_hydrated.to_string()
    )


app = rx.App(api_transformer=api)
app.add_page(login, route="/login", title="Sign in")
