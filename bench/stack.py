"""A fresh product in a temporary home, driven as an operator would: the command line and the REST API, nothing else."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PASSWORD = "a long bench password"
READY_SECONDS = 300  # the first start builds the frontend


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stack:
    """A running product: its home, port, supervisor process and an owner's token."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def instance(self) -> dict[str, Any]:
        """What the supervisor says it runs."""
        return dict(json.loads((self.home / "run" / "instance.json").read_text()))

    def children(self) -> dict[str, int]:
        """Process ids by the names the supervisor gives them."""
        return dict(self.instance()["children"])

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One REST call with the owner's token; raises urllib.error.HTTPError on a refusal."""
        return call(self.url, self.token, method, path, body, **headers)

    def get(self, path: str) -> bytes:
        """A file by the REST API; raises urllib.error.HTTPError on a refusal."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())


def call(url: str, token: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """One REST call; the answer's JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        error.add_note(error.read().decode(errors="replace")[:2000])
        raise
    return json.loads(text) if text else None


def autoflows(home: Path, *arguments: str, seconds: float = 120, **environment: str) -> str:
    """Run one `autoflows` command on a home; its standard output. Raises on a failure, with what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "autoflows.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "AUTOFLOWS_HOME": str(home), "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"autoflows {' '.join(arguments)} failed: {done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def running(workers: int = 1, kept: Path | None = None, /, **environment: str) -> Iterator[Stack]:
    """A product in a fresh home with an owner and a token, stopped and removed at the end; a home that is `kept` stays for another time."""
    home = kept or Path(tempfile.mkdtemp(prefix="afb-", dir="/tmp"))
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    is_new = not (home / "postgres").exists()
    port = free_port()
    log = (home / "up.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "autoflows.cli", "up", "--home", str(home), "--port", str(port), "--no-demo", "--workers", str(workers)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "AUTOFLOWS_ALLOW_PRIVATE_NETWORK": "1", **environment},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    stack = Stack(home, port, process)
    try:
        _wait_ready(stack, healthy=workers > 0)
        if is_new:
            autoflows(home, "user", "create", "--email", "owner@example.com", "--password", PASSWORD, "--role", "owner")
        stack.token = autoflows(home, "token", "create", "--email", "owner@example.com", "--name", "bench", "--scope", "*").strip()
        stack.api("PATCH", "/api/settings", {"legal_hours": "off", "default_business_hours": None})
        yield stack
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        log.close()
        if kept is None:
            shutil.rmtree(home, ignore_errors=True)


def _wait_ready(stack: Stack, healthy: bool) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if stack.process.poll() is not None:
            raise RuntimeError(f"the product did not start:\n{(stack.home / 'up.log').read_text()}")
        try:
            health = call(stack.url, "", "GET", "/api/health")  # not "ok" without workers
            if stack.instance()["ready"] and (health["status"] == "ok" or not healthy):
                return
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.2)
    raise RuntimeError(f"the product was not ready in {READY_SECONDS} s:\n{(stack.home / 'up.log').read_text()}")


def connect_whatsapp(stack: Stack, provider_port: int) -> dict[str, str]:
    """A WhatsApp channel on a local provider, with a sender and a template; ids by name."""
    channel = stack.api(
        "POST",
        "/api/channels",
        {
            "provider": "whatsapp_cloud",
            "name": f"WhatsApp {provider_port}",
            "credentials": {"access_token": "t", "app_secret": "s", "verify_token": "v", "waba_id": "1"},
            "settings": {"base_url": f"http://127.0.0.1:{provider_port}"},
        },
    )
    sender = stack.api("POST", "/api/whatsapp-numbers", {"channel_id": channel["id"], "provider_number_id": "1", "display_number": "+911"})
    template = stack.api(
        "POST",
        "/api/whatsapp-templates",
        {"channel_id": channel["id"], "name": "hello", "language": "en", "body": "Hi {{1}}", "variables": ["1"]},
    )
    return {"channel": channel["id"], "sender": sender["id"], "template": template["id"]}


def whatsapp_flow(stack: Stack, ids: dict[str, str], steps: int) -> str:
    """An enabled flow for any lead with so many WhatsApp messages in a row; its id."""
    config = {"whatsapp_phone_number_id": ids["sender"], "template_id": ids["template"], "variable_mappings": {"1": "name"}}
    flow = stack.api(
        "POST",
        "/api/automation/flows",
        {
            "name": "Any lead",
            "is_enabled": True,
            "conditions": [{"condition_type": "lead_source", "condition_operator": "any"}],
            "actions": [{"action_order": n, "action_type": "whatsapp_message", "action_config": config} for n in range(1, steps + 1)],
        },
    )
    return str(flow["id"])
