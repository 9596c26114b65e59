"""The people and the application of the API's tests, for services."""

from __future__ import annotations

from tests.api.conftest import app, environment, owner, people

__all__ = ["app", "environment", "owner", "people"]
