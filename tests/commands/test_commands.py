"""The commands as a person at a shell meets them: what they print, where, and their exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from autoflows.embedded.web import SOURCE

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("AUTOFLOWS_") and name != "PORT"}

LEAD = """
INSERT INTO lead_events (id, user_id, lead_source, entry_type, request_hash, payload, received_at, disposition, reason, trace)
SELECT uuidv7(), id, 'Website', 'api', '', '{}', '2026-03-01T10:00:00Z', 'no_match', '', '[]' FROM users
"""


class Shell:
    """Runs `autoflows` in a home of its own against the test's servers."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.env = {**CLEAN, "PYTHONPATH": str(SOURCE), "AUTOFLOWS_HOME": str(home), **settings}

    def __call__(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "autoflows.cli", *arguments]
        return subprocess.run(command, env={**self.env, **env}, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def autoflows(tmp_path: Path, postgres_url: str, redis_url: str) -> Shell:
    return Shell(tmp_path, AUTOFLOWS_DATABASE_URL=postgres_url, AUTOFLOWS_REDIS_URL=redis_url)


async def test_an_owner_a_member_and_a_token(autoflows: Shell, postgres_url: str) -> None:
    owner = autoflows("user", "create", "--email", "asha@example.com", "--role", "owner", AUTOFLOWS_PASSWORD="correct-horse-battery")
    assert (owner.returncode, owner.stdout, owner.stderr) == (0, "", "Created asha@example.com as owner.\n")
    member = autoflows(
        *("user", "create", "--email", "ravi@example.com", "--role", "viewer", "--owner", "asha@example.com"),
        *("--password", "correct-horse-battery", "--name", "Ravi"),
    )
    assert member.returncode == 0, member.stderr
    token = autoflows("token", "create", "--email", "asha@example.com", "--name", "Website", "--scope", "contacts:write")
    assert token.returncode == 0, token.stderr
    assert re.fullmatch(r"\S{20,}\n", token.stdout)
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    assert await connection.fetchval("SELECT count(*) FROM users") == 2
    assert await connection.fetchval("SELECT count(*) FROM api_tokens") == 1
    await connection.close()


def test_a_refusal_is_a_sentence_on_stderr_for_each_field(autoflows: Shell) -> None:
    done = autoflows("user", "create", "--email", "nobody", "--role", "owner", "--password", "correct-horse-battery")
    assert done.returncode == 1
    assert "email" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_token_for_nobody_prints_nothing_on_stdout(autoflows: Shell) -> None:
    done = autoflows("token", "create", "--email", "nobody@example.com", "--name", "x", "--scope", "*")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody@example.com" in done.stderr


def test_a_wrong_setting_names_its_variable(autoflows: Shell) -> None:
    done = autoflows("worker", AUTOFLOWS_DATABASE_URL="mysql://localhost/x")
    assert done.returncode == 1
    assert done.stderr.startswith("AUTOFLOWS_DATABASE_URL: must be a PostgreSQL URL")


def test_production_processes_want_their_servers_named(tmp_path: Path) -> None:
    for name in ("web", "worker"):
        done = Shell(tmp_path)(name)
        assert done.returncode == 1
        assert "Set AUTOFLOWS_DATABASE_URL and AUTOFLOWS_REDIS_URL" in done.stderr


def test_doctor_finds_everything_in_order_but_an_unmigrated_database(autoflows: Shell, postgres_url: str) -> None:
    done = autoflows("doctor")
    assert "ok     database: PostgreSQL 18" in done.stdout
    assert "ok     migrations: at the newest" in done.stdout
    assert "ok     broker: valkey" in done.stdout
    assert "ok     secret key: present" in done.stdout
    unmigrated = re.sub(r"/test_\d+\?", "/template1?", postgres_url)
    empty = autoflows("doctor", AUTOFLOWS_DATABASE_URL=unmigrated)
    assert empty.returncode == 1
    assert "FAULT  migrations: The database is at migration none" in empty.stdout
    assert "Run: autoflows migrate" in empty.stdout


def test_doctor_has_a_sentence_per_fault(autoflows: Shell) -> None:
    done = autoflows(
        "doctor",
        AUTOFLOWS_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        AUTOFLOWS_REDIS_URL="redis://127.0.0.1:1/0",
        AUTOFLOWS_SECRET_KEY="too short",
    )
    assert done.returncode == 1
    for name in ("database", "migrations", "clock", "broker", "secret key", "channels"):
        assert f"FAULT  {name}:" in done.stdout
    assert "Traceback" not in done.stderr
    assert re.search(r"^\d faults found\.$", done.stdout, re.MULTILINE)


def test_migrating_twice_changes_nothing(autoflows: Shell) -> None:
    for _ in range(2):
        done = autoflows("migrate")
        assert (done.returncode, done.stdout) == (0, "The database is at the newest migration.\n")


async def test_figures_are_made_anew_and_a_check_fails_on_a_difference(autoflows: Shell, postgres_url: str) -> None:
    none = autoflows("analytics", "rebuild", "--check")
    assert (none.returncode, none.stdout) == (0, "0 accounts, 0 logs in 0.0 s: 0 differences.\n")
    done = autoflows("user", "create", "--email", "asha@example.com", "--role", "owner", AUTOFLOWS_PASSWORD="correct-horse-battery")
    assert done.returncode == 0, done.stderr
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    await connection.execute(LEAD)
    await connection.close()
    assert autoflows("analytics", "rebuild", "--check").returncode == 0, "what is only pending is no difference"
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    await connection.execute("UPDATE rollup_sums SET total = 7 WHERE span = 'day' AND grain = 'all'")
    await connection.close()
    wrong = autoflows("analytics", "rebuild", "--check", "--account", "Asha@example.com")
    assert wrong.returncode == 1
    assert "1 figures differ" in wrong.stdout
    assert "leads ['no_match', ''] of the day 2026-03-01" in wrong.stdout
    assert autoflows("analytics", "rebuild").returncode == 0
    assert autoflows("analytics", "rebuild", "--check").returncode == 0
    nobody = autoflows("analytics", "rebuild", "--account", "nobody@example.com")
    assert (nobody.returncode, "nobody@example.com" in nobody.stderr) == (1, True)


def test_the_benchmark_leaves_the_home_of_the_account_alone(autoflows: Shell, tmp_path: Path) -> None:
    done = autoflows("bench", "--help")
    assert (done.returncode, list(tmp_path.iterdir())) == (0, []), done.stderr
    assert "--big" in done.stdout
