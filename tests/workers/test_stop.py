"""A worker process ends when told to, at whatever moment of its life."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("pause", [0.0, 0.05, 1.0])
def test_a_worker_stops_on_sigterm(postgres_url: str, redis_url: str, pause: float) -> None:
    environment = {
        **os.environ,
        "AUTOFLOWS_DATABASE_URL": postgres_url,
        "AUTOFLOWS_REDIS_URL": redis_url,
        "AUTOFLOWS_SECRET_KEY": "only for tests",
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen([sys.executable, "-m", "workers"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        while "worker ready" not in (line := process.stderr.readline()):
            assert line, "the worker ended before it was ready"
        time.sleep(pause)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait(5)
        process.stderr.close()
