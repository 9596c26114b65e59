"""Fixtures of all tests. The servers are in `servers.py`."""

from __future__ import annotations

pytest_plugins = ["tests.servers"]
