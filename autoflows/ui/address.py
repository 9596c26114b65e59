"""Writing the page's address without loading anything: what it asks for is shown already."""

from __future__ import annotations

import json
from typing import Any

import reflex as rx


def write_address(query: str, *, push: bool = True) -> Any:
    """Let the address ask for this, as a place of its own on the way back, or (without `push`) in place of the present one."""
    method = "pushState" if push else "replaceState"
    url = json.dumps(f"?{query}") if query else "location.pathname"
    return rx.call_script(f"history.{method}({{...history.state, idx: (history.state?.idx ?? 0) + {int(push)}}}, '', {url})")
