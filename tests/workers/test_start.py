"""What a worker and the REST API load before their first work: nothing that only reports and charts need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.stack import ROOT

HEAVY = ("PIL", "fontTools", "fpdf", "uharfbuzz")


@pytest.mark.parametrize(("module", "heavy"), [("workers.__main__", (*HEAVY, "plotly", "reflex")), ("autoflows.api.app", HEAVY)])
def test_what_draws_reports_is_loaded_by_the_first_report(module: str, heavy: tuple[str, ...]) -> None:
    told = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == "[]"
