"""`/api/webhooks/{provider}/{secret}`: what providers tell us. The secret in the path, and the provider's own signature, are the key."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from autoflows.api.deps import client_address
from autoflows.services import webhooks

router = APIRouter(prefix="/webhooks", tags=["Webhooks"])


@router.get("/{provider}/{secret}", summary="A provider verifies the address", response_class=PlainTextResponse)
async def handshake(provider: str, secret: str, request: Request) -> PlainTextResponse:
    """Answers the provider's challenge."""
    return PlainTextResponse(await webhooks.handshake(provider, secret, dict(request.query_params)))


@router.post("/{provider}/{secret}", summary="A provider tells what happened")
async def receive(provider: str, secret: str, request: Request) -> JSONResponse:
    """200 once it is recorded; anything else asks the provider to send it again."""
    raw = await request.body()
    new = await webhooks.receive(provider, secret, dict(request.headers), raw, client_address(request))
    return JSONResponse({"received": True, "new": new})
