"""What every HTTP answer carries besides its body: how long it may be kept, and what browsers must not do with it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autoflows.settings import get_settings

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
YEAR = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class PublicEdge:
    """ASGI middleware around pages and REST alike. Headers that an answer has already stay as they are.

    Behind a proxy that ends TLS the server sees plain HTTP; the scheme is then the one of AUTOFLOWS_PUBLIC_URL, so that redirects
    do not lead a browser back to HTTP.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.is_secure = get_settings().public_url.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.is_secure:
            scope = {**scope, "scheme": "https"}
        path = scope["path"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not path.startswith("/api/"):
                    # Built files carry a hash of their content in their name; pages and the rest are asked for again (by ETag).
                    kept = path.startswith("/assets/") and message["status"] == 200
                    headers.setdefault("Cache-Control", YEAR if kept else ASK_AGAIN)
            await send(message)

        await self.app(scope, receive, send_with_headers)
