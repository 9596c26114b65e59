"""`/api/unsubscribe/{token}`: the link in an e-mail. GET asks, since mail scanners open links; POST does it (RFC 8058)."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from autoflows.api.deps import Transaction
from autoflows.domain.errors import NotFound
from autoflows.services import unsubscribe

router = APIRouter(prefix="/unsubscribe", tags=["Unsubscribe"])

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center }}
main {{ max-width: 26rem; padding: 2rem; text-align: center; overflow-wrap: anywhere }}
h1 {{ font-size: 1.25rem; margin: 0 0 .5rem }}
button {{ font: inherit; margin-top: 1rem; padding: .6rem 1.2rem; cursor: pointer }}
button {{ border: 0; border-radius: 8px; background: #3e63dd; color: #fff }}
</style></head><body><main><h1>{title}</h1><p>{text}</p>{form}</main></body></html>
"""
FORM = '<form method="post"><button type="submit">Unsubscribe</button></form>'
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}


@router.get("/{token}", summary="The page of an unsubscribe link", response_class=HTMLResponse)
async def ask(session: Transaction, token: str) -> HTMLResponse:
    """Changes nothing: it shows a button."""
    try:
        about = await unsubscribe.read_unsubscribe(session, token)
    except NotFound as error:
        return _page("This link does not work", error.detail, status=404)
    return _page("Stop these e-mails?", f"{about.account_name} will send no more e-mails to {about.address}.", FORM)


@router.post("/{token}", summary="Unsubscribe", response_class=HTMLResponse)
async def unsubscribe_now(session: Transaction, token: str) -> HTMLResponse:
    """One click, no login: the address gets no more e-mails of the account. Doing it again changes nothing."""
    try:
        about = await unsubscribe.unsubscribe(session, token)
    except NotFound as error:
        return _page("This link does not work", error.detail, status=404)
    return _page("You are unsubscribed", f"{about.account_name} will send no more e-mails to {about.address}.")


def _page(title: str, text: str, form: str = "", status: int = 200) -> HTMLResponse:
    return HTMLResponse(PAGE.format(title=escape(title), text=escape(text), form=form), status, HEADERS)
