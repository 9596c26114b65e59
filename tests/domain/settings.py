"""How hard hypothesis tries: enough to find a mistake in review, short enough to run on every change."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
