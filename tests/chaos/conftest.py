"""One product and one provider for all kinds of violence; each kind has its own persons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.battlefield import Battlefield, fighting
from tests.chaos.report import Report, write


@pytest.fixture(scope="module")
def battlefield() -> Iterator[Battlefield]:
    with fighting() as field:
        yield field


@pytest.fixture(scope="package")
def idle() -> Iterator[Battlefield]:
    """A product without workers: the tests bring their own."""
    with fighting(workers=0) as field:
        yield field


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    """Collects a line per kind; written where `AUTOFLOWS_CHAOS_REPORT` says, if it says so."""
    lines = Report()
    yield lines
    write(lines)
