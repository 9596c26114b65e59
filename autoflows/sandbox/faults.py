"""What goes wrong on request: each rate is the probability, 0 to 1, that it happens to one request or webhook."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send


class Faults(BaseModel):
    """Set by `POST /control/faults`; all are off at the start."""

    model_config = ConfigDict(extra="forbid")

    duplicates: float = Field(0, ge=0, le=1, description="a webhook is delivered twice")
    lost: float = Field(0, ge=0, le=1, description="a webhook is never delivered")
    reordered: float = Field(0, ge=0, le=1, description="a webhook is held back, so that later ones overtake it")
    webhook_before_answer: float = Field(0, ge=0, le=1, description="the first webhook arrives before the request is answered")
    hang: float = Field(0, ge=0, le=1, description="acts, then does not answer for hang_seconds")
    hang_seconds: float = Field(120, gt=0, le=3600)
    reset: float = Field(0, ge=0, le=1, description="acts, then cuts the connection instead of answering")
    error_500_after_acting: float = Field(0, ge=0, le=1, description="acts, then answers 500 with a web server's error page")
    error_500: float = Field(0, ge=0, le=1, description="answers 500 with the vendor's error body without acting")
    rate_limited: float = Field(0, ge=0, le=1, description="answers 429 without acting")


class CutConnection:
    """An ASGI response that promises more than it sends and breaks off: the client sees the connection die."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4096")]})
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        raise ConnectionResetError("cut on request")
