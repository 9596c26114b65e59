"""The catalogues: `/api/agents`, `phone-numbers`, `whatsapp-numbers`, `whatsapp-templates`, `email-templates`. Five lists, one shape."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.api.filters import Search
from autoflows.services import catalogue
from autoflows.services.catalogue import KINDS, Kind
from autoflows.services.pages import Page
from autoflows.services.views.catalogue import ItemView

router = APIRouter()


def _routes(kind: Kind) -> APIRouter:
    """The routes of one catalogue, typed with its own bodies and views."""
    routes = APIRouter(prefix=f"/{kind.name}", tags=["Catalogues"])
    view: Any = kind.view

    async def list_items(
        actor: CurrentActor,
        session: Transaction,
        channel_id: UUID | None = None,
        active_only: bool = False,
        search: Search = "",
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[Any]:
        return await catalogue.list_items(
            actor, session, kind.name, channel_id=channel_id, active_only=active_only, search=search, limit=limit, cursor=cursor
        )

    async def create_item(actor: CurrentActor, session: Transaction, new: BaseModel) -> ItemView:
        return await catalogue.create_item(actor, session, kind.name, new)

    async def get_item(actor: CurrentActor, session: Transaction, item_id: UUID) -> ItemView:
        return await catalogue.get_item(actor, session, kind.name, item_id)

    async def update_item(actor: CurrentActor, session: Transaction, item_id: UUID, change: BaseModel) -> ItemView:
        return await catalogue.update_item(actor, session, kind.name, item_id, change)

    async def delete_item(actor: CurrentActor, session: Transaction, item_id: UUID) -> None:
        await catalogue.delete_item(actor, session, kind.name, item_id)

    create_item.__annotations__["new"] = kind.new
    update_item.__annotations__["change"] = kind.change
    one = "/{item_id}"
    article = "an" if kind.noun[0] in "aeiou" else "a"
    routes.add_api_route("", list_items, methods=["GET"], response_model=Page[view], summary=f"List {kind.noun}s")
    routes.add_api_route(
        "", create_item, methods=["POST"], status_code=201, response_model=view, summary=f"Add {article} {kind.noun} by hand"
    )
    routes.add_api_route(one, get_item, methods=["GET"], response_model=view, summary=f"Get {article} {kind.noun}")
    routes.add_api_route(one, update_item, methods=["PATCH"], response_model=view, summary=f"Change {article} {kind.noun}")
    routes.add_api_route(one, delete_item, methods=["DELETE"], status_code=204, summary=f"Remove {article} {kind.noun}")
    return routes


for _kind in KINDS.values():
    router.include_router(_routes(_kind))
