"""Rows that are wider than a phone's window: what is chosen in them, now and later, is brought into sight."""

from __future__ import annotations

import json
from typing import Any

import reflex as rx

_KEEP = """
document.querySelectorAll(ROWS).forEach((row) => {
  const show = () => {
    const chosen = row.querySelector('[aria-current="page"], [data-state="on"], [data-state="active"]')
    if (!chosen) return
    const [inner, outer] = [chosen, row].map((element) => element.getBoundingClientRect())
    row.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2
  }
  const changes = { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-current", "data-state"] }
  new MutationObserver(show).observe(row, changes)
  show()
})
"""


def keep_in_sight(*rows: str) -> Any:
    """For `on_mount`: the rows that these selectors name scroll to what is chosen in them."""
    return rx.call_script(_KEEP.replace("ROWS", json.dumps(", ".join(rows))))
